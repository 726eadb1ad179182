//! Tax on the wire.

#![expect(
    unsafe_code,
    unused_qualifications,
    non_local_definitions,
    reason = "what #[sabi_trait] and derive(StableAbi) generate"
)]

use abi_stable::StableAbi;
use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RSlice, RStr, RString, RVec};

use crate::abi::contain::Guarded;
use crate::abi::error::WireError;
use crate::abi::id::Id;
use crate::abi::module::read_config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;
use crate::points::tax::{Tax, TaxCtx, TaxOut};

/// One line to tax.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct TaxLine<'a> {
    /// The discounted amount of the line in minor units: net when prices exclude tax, gross when they include it. Negative
    /// on returns.
    pub amount_minor: i64,
    /// How much is bought, in thousandths of the variant's unit.
    pub quantity_milli: i64,
    /// The tax that strategies of earlier stages found on the line.
    pub taxed_before_minor: i64,
    category: RStr<'a>,
    ext: RStr<'a>,
    flags: u64,
}

impl<'a> TaxLine<'a> {
    const EXEMPT: u64 = 1;

    /// A line that no exemption covers and no earlier stage has taxed.
    #[inline]
    pub fn new(category: &'a str, amount_minor: i64, quantity_milli: i64) -> Self {
        Self {
            amount_minor,
            quantity_milli,
            taxed_before_minor: 0,
            category: category.into(),
            ext: RStr::empty(),
            flags: 0,
        }
    }

    /// The same, covered by an exemption or not.
    #[inline]
    #[must_use]
    pub fn exempt(mut self, is_exempt: bool) -> Self {
        self.flags = if is_exempt { self.flags | Self::EXEMPT } else { self.flags & !Self::EXEMPT };
        self
    }

    /// The same, with the tax of earlier stages.
    #[inline]
    #[must_use]
    pub fn taxed_before(mut self, minor: i64) -> Self {
        self.taxed_before_minor = minor;
        self
    }

    /// The product's tax category: `standard`, `books`.
    #[inline]
    pub fn category(&self) -> &'a str {
        self.category.as_str()
    }

    /// Whether an exemption of the buyer covers the line.
    #[inline]
    pub fn is_exempt(&self) -> bool {
        self.flags & Self::EXEMPT != 0
    }
}

/// One kind of tax of an answer, `VAT 20 %`.
#[repr(C)]
#[derive(StableAbi, Clone, Debug, PartialEq, Eq)]
pub struct TaxKind {
    pub name: RString,
    pub jurisdiction: RString,
    /// Parts per million; 0 for per-unit taxes.
    pub rate_ppm: i64,
    /// A JSON object or empty.
    pub ext: RString,
}

impl TaxKind {
    pub fn new(name: &str, jurisdiction: &str, rate_ppm: i64) -> Self {
        Self { name: name.into(), jurisdiction: jurisdiction.into(), rate_ppm, ext: RString::new() }
    }
}

/// The tax of one kind on one line.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxAmount {
    /// Index of the line.
    pub line: u32,
    /// Index into the answer's kinds.
    pub kind: u32,
    pub amount_minor: i64,
}

/// The taxes on a batch.
#[repr(C)]
#[derive(StableAbi, Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxAnswer {
    pub kinds: RVec<TaxKind>,
    pub amounts: RVec<TaxAmount>,
}

/// What holds for all lines of a question.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct TaxCall<'a> {
    /// ISO 4217.
    pub currency: RStr<'a>,
    pub channel_id: Id,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: RStr<'a>,
    pub region: RStr<'a>,
    pub city: RStr<'a>,
    pub postal_code: RStr<'a>,
    /// The instant the tax is asked for.
    pub now_ms: i64,
    /// How long the call may take; 0 for as long as it likes.
    pub budget_ns: u64,
    /// A JSON object or empty.
    pub ext: RStr<'a>,
    /// Digits after the point of the currency: 2 for EUR.
    pub exponent: u32,
    pub prices_include_tax: bool,
}

#[sabi_trait]
pub trait TaxWire: Send + Sync {
    fn stage(&self) -> RResult<u32, WireError>;
    #[sabi(last_prefix_field)]
    fn tax<'a>(&self, call: &TaxCall<'a>, lines: RSlice<'a, TaxLine<'a>>) -> RResult<TaxAnswer, WireError>;
}

pub type TaxObj = TaxWire_TO<'static, RBox<()>>;

impl<T: Tax> TaxWire for Guarded<T> {
    fn stage(&self) -> RResult<u32, WireError> {
        self.call(|strategy| Ok(strategy.stage()))
    }

    fn tax<'a>(&self, call: &TaxCall<'a>, lines: RSlice<'a, TaxLine<'a>>) -> RResult<TaxAnswer, WireError> {
        self.call(|strategy| {
            let ctx = TaxCtx::new(call, Deadline::after(call.budget_ns));
            let mut out = TaxOut::for_lines(lines.len());
            strategy.tax(&ctx, lines.as_slice(), &mut out)?;
            Ok(out.into_answer())
        })
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: Tax>(config_json: &str, host: Host) -> Result<TaxObj, Error> {
    let strategy = T::new(read_config(config_json)?, host)?;
    Ok(TaxWire_TO::from_value(Guarded::new(strategy), TD_Opaque))
}

/// Asks a plugin for its stage.
pub fn stage(plugin: &TaxObj) -> Result<u32, Error> {
    Ok(plugin.stage().into_result()?)
}

/// Asks a plugin for the taxes on a batch.
pub fn tax(plugin: &TaxObj, call: &TaxCall<'_>, lines: &[TaxLine<'_>]) -> Result<TaxAnswer, Error> {
    Ok(plugin.tax(call, lines.into()).into_result()?)
}
