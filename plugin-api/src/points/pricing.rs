//! `vectis.pricing`: what one unit of each line costs.
//!
//! The host gathers every price that could apply, the *candidates*, and the plugin decides. One plugin answers per channel.
//! Prices are millionths of the currency's major unit (`micros`), quantities thousandths (`milli`); there are no floats.
//!
//! # What a pricing strategy promises
//!
//! - A line that has no price is `NO_PRICE`, never an error: an error is for a plugin that cannot work.
//! - The order of the lines, and of a line's candidates, means nothing.
//! - A price comes from a candidate that applies to the line, or from what the configuration says about the SKU or variant; a
//!   line with neither has no price.
//! - A candidate applies from its minimum on and from `valid_from_ms` on, both inclusive, and no longer at `valid_to_ms`.
//! - A price never comes from a candidate that is not in force, nor from one whose minimum is above the quantity of all lines
//!   together.
//!
//! A strategy that adds quantities together, as rebates on the whole cart do, uses checked arithmetic: the largest quantity a
//! line may have is `i64::MAX`, and a cart may have two of them. What does not fit is an error.
//!
//! A complete strategy stands on the [first page](crate#a-plugin-in-thirty-lines).

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::abi::id::Id;
use crate::abi::pricing::PricingCall;
#[doc(inline)]
pub use crate::abi::pricing::{Candidate, Line, PriceLevel, Priced};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;

/// Prices lines.
///
/// One instance serves many requests at once. It must answer from the question and its configuration alone: the same
/// question gets the same answer, at any time and on any machine.
pub trait Pricing: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the strategy for one channel; runs at start, after a change of the configuration, and after a panic.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong; the plugin is then refused with that sentence.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// Answers every line of a batch, 1 to 10,000 of them.
    ///
    /// `out` is as long as `lines` and holds [`Priced::none`] everywhere: leave it for lines that have no price. A price is
    /// not negative. The candidates of a line come in no particular order, and those not in force at [`Ctx::now_ms`] or
    /// above the line's quantity may be among them.
    ///
    /// # Errors
    /// The operation that asked fails as a whole. Use `NO_PRICE` for a line, an error for a plugin that cannot work.
    fn price(&self, ctx: &Ctx<'_>, lines: &[Line<'_>], out: &mut [Priced]) -> Result<(), Error>;
}

/// What holds for all lines of a question.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    call: &'a PricingCall<'a>,
    deadline: Deadline,
}

impl<'a> Ctx<'a> {
    pub(crate) fn new(call: &'a PricingCall<'a>, deadline: Deadline) -> Self {
        Self { call, deadline }
    }

    /// The currency of all candidates and answers: ISO 4217, `EUR`.
    pub fn currency(&self) -> &'a str {
        self.call.currency.as_str()
    }

    /// Where it is bought.
    pub fn channel_id(&self) -> Id {
        self.call.channel_id
    }

    /// The company that buys, if one does.
    pub fn account_id(&self) -> Option<Id> {
        self.call.account_id.known()
    }

    /// The company's site that buys, if one does.
    pub fn location_id(&self) -> Option<Id> {
        self.call.location_id.known()
    }

    /// The instant the prices are asked for, milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.call.now_ms
    }

    /// Every price that could apply to the line.
    ///
    /// # Panics
    /// When the line is not one of this question.
    #[inline]
    pub fn candidates(&self, line: &Line<'_>) -> &'a [Candidate] {
        let first = line.first_candidate as usize;
        &self.call.candidates.as_slice()[first..first + line.candidate_count as usize]
    }

    /// Fails once the time budget of the call is used up; see [`Deadline::check`].
    ///
    /// # Errors
    /// [`crate::ErrorCode::DEADLINE`], to be passed on with `?`.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }
}
