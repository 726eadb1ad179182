//! `vectis.tax`: the taxes on each line.
//!
//! All tax plugins of a channel answer, one stage after another. Amounts are minor units of the currency (`minor`), rates
//! parts per million (`ppm`), quantities thousandths (`milli`); there are no floats. [`crate::units::share`] rounds as the
//! rest of Vectis does: per line, half away from zero.
//!
//! # What a tax strategy promises
//!
//! - A strategy answers for the places, categories and currencies it knows; for the others it may answer with an error.
//! - The order of the lines means nothing.
//! - A line that an exemption covers has no tax.
//! - A return gives back what the sale took: the negative amount has the negative tax.
//! - A kind whose rate is not 0 takes that rate, of the line's amount with or without the tax of earlier stages, rounded half
//!   away from zero.
//! - A rate is 0 to 10,000,000 parts per million, which is 1000 %.
//! - A line has each kind of tax at most once.
//! - The stage is the same in every instance of a configuration.
//!
//! Where prices include tax, the kinds with a rate take, together, amount × sum ÷ (1 + sum) of their rates, each its part of
//! it; the tax of earlier stages is then inside the amount, and a strategy that is not taken on it subtracts it first. A tax per
//! piece, and any other that is no plain rate of the amount, states the rate 0. A host takes taxes of more than ten times a
//! line's amount for a mistake and refuses them; likewise more than 1,000 kinds, or 50 taxes per line.
//!
//! # A complete strategy
//!
//! ```
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::tax::{STAGE_VAT, Tax, TaxCtx, TaxLine, TaxOut};
//! use vectis_plugin_api::units::{PPM, share};
//! use vectis_plugin_api::{Error, Host, testing};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     /// The rate in parts per million: 20 % is 200000.
//!     rate_ppm: i64,
//! }
//!
//! struct OneRate(Config);
//!
//! impl Tax for OneRate {
//!     type Config = Config;
//!
//!     fn new(config: Config, _host: Host) -> Result<Self, Error> {
//!         if !(0..=PPM).contains(&config.rate_ppm) {
//!             return Err(Error::config("/rate_ppm", "must be 0 to 1000000"));
//!         }
//!         Ok(Self(config))
//!     }
//!
//!     fn stage(&self) -> u32 {
//!         STAGE_VAT
//!     }
//!
//!     fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error> {
//!         let rate = self.0.rate_ppm;
//!         let kind = out.kind("VAT", ctx.country(), rate);
//!         let whole = if ctx.prices_include_tax() { PPM + rate } else { PPM };
//!         for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_exempt()) {
//!             let amount = share(line.amount_minor, rate, whole);
//!             out.add(index, kind, amount.ok_or_else(|| Error::input("a line's amount is too large"))?);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let tax = testing::tax::<OneRate>(r#"{ "rate_ppm": 200000 }"#)?;
//! let cart = testing::TaxCart::new("GBP", 2, "GB").line(TaxLine::new("standard", 1_999, 1_000));
//! assert_eq!(tax.tax(&cart)?[0].amount_minor, 400);
//! # Ok::<(), Error>(())
//! ```

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::abi::id::Id;
#[doc(inline)]
pub use crate::abi::tax::TaxLine;
use crate::abi::tax::{TaxAmount, TaxAnswer, TaxCall, TaxKind};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;

/// Stage of sales taxes.
pub const STAGE_SALES: u32 = 100;
/// Stage of excise duties.
pub const STAGE_EXCISE: u32 = 200;
/// Stage of value added taxes, which are taken on sales taxes and duties too.
pub const STAGE_VAT: u32 = 300;

/// Taxes lines.
///
/// One instance serves many requests at once and answers from the question and its configuration alone.
pub trait Tax: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the strategy for one channel; runs at start, after a change of the configuration, and after a panic.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// When this tax is taken: lower runs first. Constant during the life of the instance.
    fn stage(&self) -> u32;

    /// Adds the taxes on a batch of 1 to 10,000 lines to `out`; a line may get none or several.
    ///
    /// An amount has the sign of its line's amount or is zero. When prices include tax, the amount is the part of the line
    /// that is tax, and a line's taxes are never more than the line.
    ///
    /// # Errors
    /// The operation that asked fails as a whole: an unknown tax is an error, not a zero.
    fn tax(&self, ctx: &TaxCtx<'_>, lines: &[TaxLine<'_>], out: &mut TaxOut) -> Result<(), Error>;
}

/// What holds for all lines of a question.
#[derive(Clone, Copy, Debug)]
pub struct TaxCtx<'a> {
    call: &'a TaxCall<'a>,
    deadline: Deadline,
}

impl<'a> TaxCtx<'a> {
    pub(crate) fn new(call: &'a TaxCall<'a>, deadline: Deadline) -> Self {
        Self { call, deadline }
    }

    /// The currency of all amounts: ISO 4217, `EUR`.
    pub fn currency(&self) -> &'a str {
        self.call.currency.as_str()
    }

    /// Digits after the point of the currency: 2 for EUR, 0 for JPY.
    pub fn exponent(&self) -> u32 {
        self.call.exponent
    }

    /// Whether the amounts of the lines include tax.
    pub fn prices_include_tax(&self) -> bool {
        self.call.prices_include_tax
    }

    /// Where it is bought.
    pub fn channel_id(&self) -> Id {
        self.call.channel_id
    }

    /// The country the goods go to: ISO 3166-1 alpha-2, upper case. Empty when not known yet.
    pub fn country(&self) -> &'a str {
        self.call.country.as_str()
    }

    /// State or province as in the address; may be empty.
    pub fn region(&self) -> &'a str {
        self.call.region.as_str()
    }

    /// City as in the address; may be empty.
    pub fn city(&self) -> &'a str {
        self.call.city.as_str()
    }

    /// Postal code as in the address; may be empty.
    pub fn postal_code(&self) -> &'a str {
        self.call.postal_code.as_str()
    }

    /// The instant the tax is asked for, milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.call.now_ms
    }

    /// Fails once the time budget of the call is used up; see [`Deadline::check`].
    ///
    /// # Errors
    /// [`crate::ErrorCode::DEADLINE`], to be passed on with `?`.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }
}

/// One kind of tax of an answer; made by [`TaxOut::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(u32);

/// Where the taxes go.
#[derive(Debug)]
pub struct TaxOut {
    kinds: Vec<TaxKind>,
    amounts: Vec<TaxAmount>,
}

impl TaxOut {
    pub(crate) fn for_lines(count: usize) -> Self {
        Self { kinds: Vec::new(), amounts: Vec::with_capacity(count) }
    }

    pub(crate) fn into_answer(self) -> TaxAnswer {
        TaxAnswer { kinds: self.kinds.into(), amounts: self.amounts.into() }
    }

    /// A kind of tax: its name for people (`VAT`), the authority (`GB`, `US-CA`), its rate in parts per million (20 % is
    /// 200,000; 0 for taxes per piece). Asking for the same kind again gives the same kind; ask once per batch, not per line.
    pub fn kind(&mut self, name: &str, jurisdiction: &str, rate_ppm: i64) -> Kind {
        let known = self.kinds.iter().position(|kind| {
            kind.rate_ppm == rate_ppm && kind.name == name && kind.jurisdiction == jurisdiction
        });
        let index = known.unwrap_or_else(|| {
            self.kinds.push(TaxKind::new(name, jurisdiction, rate_ppm));
            self.kinds.len() - 1
        });
        Kind(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Adds the tax of one kind on the line at index `line`.
    pub fn add(&mut self, line: usize, kind: Kind, amount_minor: i64) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        self.amounts.push(TaxAmount { line, kind: kind.0, amount_minor });
    }
}
