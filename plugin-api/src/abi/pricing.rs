//! Pricing on the wire.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use abi_stable::StableAbi;
use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RSlice, RSliceMut, RStr};

use crate::abi::contain::Guarded;
use crate::abi::error::WireError;
use crate::abi::id::Id;
use crate::abi::module::read_config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;
use crate::points::pricing::{Ctx, Pricing};

/// How specific a price is. Which level wins is the plugin's decision.
#[repr(transparent)]
#[derive(StableAbi, Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PriceLevel(pub u32);

impl PriceLevel {
    /// Hand-set on a variant.
    pub const MANAGED: Self = Self(1);
    /// From a list of the buyer's location.
    pub const LOCATION: Self = Self(2);
    /// From a list of the buyer's account.
    pub const ACCOUNT: Self = Self(3);
    /// From a list of one of the account's groups.
    pub const GROUP: Self = Self(4);
    /// From a list of the channel.
    pub const DEFAULT: Self = Self(5);
}

/// One price that could apply to a line: a tier of a list entry, or a managed price. All candidates are in the currency of
/// the question.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// How specific.
    pub level: PriceLevel,
    /// The list's priority; higher goes first.
    pub priority: i32,
    /// Its list; [`Id::NIL`] for managed prices.
    pub price_list_id: Id,
    /// From this quantity on, in thousandths.
    pub min_quantity_milli: i64,
    /// Price of one unit in millionths of the currency's major unit: 0.0125 EUR is 12,500.
    pub unit_price_micros: i64,
    /// In force from this instant, milliseconds since 1970; `i64::MIN` when unbounded.
    pub valid_from_ms: i64,
    /// In force until this instant, exclusive; `i64::MAX` when unbounded.
    pub valid_to_ms: i64,
    flags: u32,
    reserved: u32,
}

impl Candidate {
    const CONVERTED: u32 = 1;

    /// A price from the first unit on, of no list, valid for ever.
    #[inline]
    pub fn new(level: PriceLevel, unit_price_micros: i64) -> Self {
        Self {
            level,
            priority: 0,
            price_list_id: Id::NIL,
            min_quantity_milli: 0,
            unit_price_micros,
            valid_from_ms: i64::MIN,
            valid_to_ms: i64::MAX,
            flags: 0,
            reserved: 0,
        }
    }

    /// The same, of this list.
    #[inline]
    #[must_use]
    pub fn of_list(mut self, price_list_id: Id, priority: i32) -> Self {
        self.price_list_id = price_list_id;
        self.priority = priority;
        self
    }

    /// The same, from this quantity on.
    #[inline]
    #[must_use]
    pub fn from_quantity(mut self, min_quantity_milli: i64) -> Self {
        self.min_quantity_milli = min_quantity_milli;
        self
    }

    /// The same, in force from `from_ms` until before `to_ms`.
    #[inline]
    #[must_use]
    pub fn valid(mut self, from_ms: i64, to_ms: i64) -> Self {
        self.valid_from_ms = from_ms;
        self.valid_to_ms = to_ms;
        self
    }

    /// The same, marked as converted from another currency.
    #[inline]
    #[must_use]
    pub fn converted(mut self) -> Self {
        self.flags |= Self::CONVERTED;
        self
    }

    /// Whether the host converted it from another currency by the exchange rate in force.
    #[inline]
    pub fn is_converted(&self) -> bool {
        self.flags & Self::CONVERTED != 0
    }

    /// Whether it is in force at the instant.
    #[inline]
    pub fn is_valid_at(&self, now_ms: i64) -> bool {
        self.valid_from_ms <= now_ms && now_ms < self.valid_to_ms
    }
}

/// One line to price.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What is bought.
    pub variant_id: Id,
    /// How much, in thousandths of the variant's unit; packages are multiplied out. Above zero.
    pub quantity_milli: i64,
    /// Where its candidates start in the question's.
    pub first_candidate: u32,
    /// How many there are.
    pub candidate_count: u32,
    sku: RStr<'a>,
    ext: RStr<'a>,
    flags: u64,
}

impl<'a> Line<'a> {
    /// A line without candidates.
    #[inline]
    pub fn new(variant_id: Id, sku: &'a str, quantity_milli: i64) -> Self {
        Self {
            variant_id,
            quantity_milli,
            first_candidate: 0,
            candidate_count: 0,
            sku: sku.into(),
            ext: RStr::empty(),
            flags: 0,
        }
    }

    /// The same with the candidates `first .. first + count` of the question.
    #[inline]
    #[must_use]
    pub fn with_candidates(mut self, first: u32, count: u32) -> Self {
        self.first_candidate = first;
        self.candidate_count = count;
        self
    }

    /// The merchant's code of the variant.
    #[inline]
    pub fn sku(&self) -> &'a str {
        self.sku.as_str()
    }
}

/// The price of a line.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Price of one unit in millionths of the currency's major unit, not negative.
    pub unit_price_micros: i64,
    /// Which of the line's own candidates it came from, counted from 0; [`Self::NO_CANDIDATE`] when from none.
    pub candidate: u32,
    /// [`Self::PRICED`] or [`Self::NO_PRICE`].
    pub status: u32,
}

impl Priced {
    /// The line has no price and cannot be bought.
    pub const NO_PRICE: u32 = 0;
    /// The line has a price.
    pub const PRICED: u32 = 1;
    /// The price came from no candidate.
    pub const NO_CANDIDATE: u32 = u32::MAX;

    /// The answer "no price", which every line has until the plugin says otherwise.
    pub const fn none() -> Self {
        Self { unit_price_micros: 0, candidate: Self::NO_CANDIDATE, status: Self::NO_PRICE }
    }

    /// A price that came from no candidate.
    #[inline]
    pub const fn at(unit_price_micros: i64) -> Self {
        Self { unit_price_micros, candidate: Self::NO_CANDIDATE, status: Self::PRICED }
    }

    /// The same, derived from the line's candidate at `index`.
    #[inline]
    #[must_use]
    pub fn from_candidate(mut self, index: usize) -> Self {
        self.candidate = u32::try_from(index).unwrap_or(Self::NO_CANDIDATE);
        self
    }

    /// Whether the line has a price.
    #[inline]
    pub fn has_price(&self) -> bool {
        self.status == Self::PRICED
    }
}

impl Default for Priced {
    fn default() -> Self {
        Self::none()
    }
}

/// What holds for all lines of a question.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct PricingCall<'a> {
    /// ISO 4217.
    pub currency: RStr<'a>,
    pub channel_id: Id,
    /// Nil when no company buys.
    pub account_id: Id,
    /// Nil when no company buys.
    pub location_id: Id,
    /// The instant the prices are asked for.
    pub now_ms: i64,
    /// How long the call may take; 0 for as long as it likes.
    pub budget_ns: u64,
    /// All candidates, line after line.
    pub candidates: RSlice<'a, Candidate>,
    /// A JSON object or empty.
    pub ext: RStr<'a>,
    pub flags: u64,
}

impl<'a> PricingCall<'a> {
    /// A question of nobody in particular at the start of 1970.
    #[inline]
    pub fn new(currency: &'a str, channel_id: Id, candidates: &'a [Candidate]) -> Self {
        Self {
            currency: currency.into(),
            channel_id,
            account_id: Id::NIL,
            location_id: Id::NIL,
            now_ms: 0,
            budget_ns: 0,
            candidates: candidates.into(),
            ext: RStr::empty(),
            flags: 0,
        }
    }
}

#[sabi_trait]
pub trait PricingWire: Send + Sync {
    /// `out` has the length of `lines` and holds [`Priced::none`] everywhere.
    #[sabi(last_prefix_field)]
    fn price<'a>(
        &self,
        call: &PricingCall<'a>,
        lines: RSlice<'a, Line<'a>>,
        out: RSliceMut<'a, Priced>,
    ) -> RResult<(), WireError>;
}

pub type PricingObj = PricingWire_TO<'static, RBox<()>>;

impl<T: Pricing> PricingWire for Guarded<T> {
    fn price<'a>(
        &self,
        call: &PricingCall<'a>,
        lines: RSlice<'a, Line<'a>>,
        mut out: RSliceMut<'a, Priced>,
    ) -> RResult<(), WireError> {
        self.call(|strategy| {
            let ctx = Ctx::new(call, Deadline::after(call.budget_ns));
            strategy.price(&ctx, lines.as_slice(), out.as_mut_slice())
        })
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: Pricing>(config_json: &str, host: Host) -> Result<PricingObj, Error> {
    let strategy = T::new(read_config(config_json)?, host)?;
    Ok(PricingWire_TO::from_value(Guarded::new(strategy), TD_Opaque))
}

/// Records of eight words as the candidates they are in memory: what a host keeps in this form it need not convert.
pub fn candidates_of(records: &[[u64; 8]]) -> &[Candidate] {
    const { assert!(size_of::<Candidate>() == size_of::<[u64; 8]>()) };
    const { assert!(align_of::<Candidate>() == align_of::<[u64; 8]>()) };
    // SAFETY: size and alignment are the same, as just asserted; all fields are integers, for which any bytes are a value.
    unsafe { std::slice::from_raw_parts(records.as_ptr().cast(), records.len()) }
}

/// Asks a strategy of the same program, without vtable and guard: what benchmarks measure the border against.
pub fn price_statically<T: Pricing>(
    strategy: &T,
    call: &PricingCall<'_>,
    lines: &[Line<'_>],
) -> Result<Vec<Priced>, Error> {
    let mut out = vec![Priced::none(); lines.len()];
    strategy.price(&Ctx::new(call, Deadline::after(call.budget_ns)), lines, &mut out)?;
    Ok(out)
}

/// Asks a plugin; one answer per line.
pub fn price(plugin: &PricingObj, call: &PricingCall<'_>, lines: &[Line<'_>]) -> Result<Vec<Priced>, Error> {
    let mut out = vec![Priced::none(); lines.len()];
    plugin.price(call, lines.into(), RSliceMut::from_mut_slice(&mut out)).into_result()?;
    Ok(out)
}
