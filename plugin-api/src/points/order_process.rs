//! `vectis.order_process`: which states an order goes through.
//!
//! States are data. The plugin names them, says which transitions lead from one to another, decides about each step and
//! names the *effects* the host carries out in the same transaction. One plugin answers per channel.
//!
//! # What an order process promises
//!
//! - Nothing leads out of a final state, and something leads out of every other.
//! - Every state is an end of a transition, unless orders are placed in it.
//! - From one state, each name leads to one state.
//! - States and transitions are the same, in the same order, in every instance of a configuration.
//! - An order or a step the process does not want is `Step::Refuse`, never an error.
//! - A step that is allowed leads to the state that was asked for.
//! - The effects of a step do not undo each other: it does not reserve and release stock, nor hold and release credit.
//! - Stock that has been shipped is not released: goods come back by a return.
//!
//! A host takes up to 200 states and 2,000 transitions, names of up to 200 bytes, and the first 1,000 bytes of a reason.
//!
//! # A complete process
//!
//! ```
//! use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::{Error, Host, testing};
//!
//! /// Nothing to set.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {}
//!
//! struct PaidFirst;
//!
//! impl OrderProcess for PaidFirst {
//!     type Config = Config;
//!
//!     fn new(_config: Config, _host: Host) -> Result<Self, Error> {
//!         Ok(Self)
//!     }
//!
//!     fn states(&self) -> Vec<State> {
//!         vec![
//!             State::new("Open", "Open").editable(),
//!             State::new("Done", "Done").last(),
//!             State::new("Canceled", "Canceled").last().canceled(),
//!         ]
//!     }
//!
//!     fn transitions(&self) -> Vec<Transition> {
//!         vec![
//!             Transition::new("complete", "Open", "Done"),
//!             Transition::new("cancel", "Open", "Canceled").for_buyers(),
//!         ]
//!     }
//!
//!     fn place(&self, _facts: &OrderFacts<'_>) -> Result<Step, Error> {
//!         Ok(Step::go("Open", [Effect::RESERVE_STOCK]))
//!     }
//!
//!     fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
//!         let is_paid = facts.paid_minor >= facts.grand_total_minor;
//!         Ok(match to {
//!             "Done" if is_paid => Step::go("Done", [Effect::SHIP_STOCK]),
//!             "Done" => Step::refuse("The order is not paid yet."),
//!             _ if facts.has_shipments => Step::refuse("Goods have been shipped already."),
//!             _ => Step::go("Canceled", [Effect::RELEASE_STOCK]),
//!         })
//!     }
//! }
//!
//! let process = testing::order_process::<PaidFirst>("{}")?;
//! let unpaid = testing::order_facts(|facts| facts.state = "Open");
//! assert_eq!(process.step(&unpaid, "Done")?, Step::refuse("The order is not paid yet."));
//! # Ok::<(), Error>(())
//! ```

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::host::Host;

/// Owns the states and transitions of orders.
///
/// One instance serves many requests at once and answers from the facts and its configuration alone.
pub trait OrderProcess: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the strategy for one channel; runs at start, after a change of the configuration, and after a panic.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// All states, in the order people expect them; at least one, keys unique. Asked once.
    fn states(&self) -> Vec<State>;

    /// All transitions between them. Asked once.
    fn transitions(&self) -> Vec<Transition>;

    /// In which state a new order starts, and what that brings about. The state of the facts is empty.
    ///
    /// # Errors
    /// Nothing is placed. An order the process does not want is [`Step::Refuse`], not an error.
    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error>;

    /// Whether an order may go to the state `to` now. The host asks only for transitions that [`Self::transitions`] names.
    ///
    /// # Errors
    /// Nothing changes. A step the process forbids is [`Step::Refuse`], not an error.
    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error>;
}

/// A state an order may be in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// `AwaitingPayment`: stored on orders, so it never changes once in use.
    pub key: String,
    /// For people.
    pub name: String,
    /// Whether staff may still edit lines.
    pub is_editable: bool,
    /// Whether nothing leads out of it.
    pub is_final: bool,
    /// Whether orders in it count as canceled or refunded in revenue figures.
    pub is_canceled: bool,
}

impl State {
    /// A state in which lines are fixed, out of which something leads, and which counts as revenue.
    pub fn new(key: impl Into<String>, name: impl Into<String>) -> Self {
        Self { key: key.into(), name: name.into(), is_editable: false, is_final: false, is_canceled: false }
    }

    /// The same; staff may still edit lines.
    #[must_use]
    pub fn editable(mut self) -> Self {
        self.is_editable = true;
        self
    }

    /// The same; nothing leads out of it.
    #[must_use]
    pub fn last(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// The same; its orders are no revenue.
    #[must_use]
    pub fn canceled(mut self) -> Self {
        self.is_canceled = true;
        self
    }
}

/// A way from one state to another.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The verb: `fulfill`, `cancel`.
    pub name: String,
    /// Key of the state it leaves.
    pub from: String,
    /// Key of the state it leads to.
    pub to: String,
    /// Whether a buyer with the right to order may take it; otherwise staff only.
    pub buyer_may: bool,
}

impl Transition {
    /// A transition for staff only.
    pub fn new(name: impl Into<String>, from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { name: name.into(), from: from.into(), to: to.into(), buyer_may: false }
    }

    /// The same, open to buyers too.
    #[must_use]
    pub fn for_buyers(mut self) -> Self {
        self.buyer_may = true;
        self
    }
}

/// What a process may know of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderFacts<'a> {
    /// Key of the present state; empty before placement.
    pub state: &'a str,
    /// The currency of the amounts: ISO 4217, `EUR`.
    pub currency: &'a str,
    /// Digits after the point of the currency: 2 for EUR.
    pub exponent: u32,
    /// Everything to pay, in minor units.
    pub grand_total_minor: i64,
    /// Paid so far, in minor units.
    pub paid_minor: i64,
    /// `Net30`; empty when the order is paid at once.
    pub payment_terms: &'a str,
    /// Number of lines.
    pub line_count: u32,
    /// Whether a company bought.
    pub is_company: bool,
    /// Whether an approval stood behind the placement.
    pub was_approved: bool,
    /// Whether any stock of the order has been shipped.
    pub has_shipments: bool,
    /// Whether everything has been shipped.
    pub is_fully_shipped: bool,
}

/// Something the host does when a process asks for it. A step that names an effect the host does not know fails.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effect(pub Cow<'static, str>);

impl Effect {
    /// Take the order's stock out of its reservation, firmly.
    pub const RESERVE_STOCK: Self = Self(Cow::Borrowed("reserve_stock"));
    /// Give the order's stock back.
    pub const RELEASE_STOCK: Self = Self(Cow::Borrowed("release_stock"));
    /// Ship: take allocated stock off hand.
    pub const SHIP_STOCK: Self = Self(Cow::Borrowed("ship_stock"));
    /// Set the order's total aside from the account's credit.
    pub const HOLD_CREDIT: Self = Self(Cow::Borrowed("hold_credit"));
    /// Give held credit back.
    pub const RELEASE_CREDIT: Self = Self(Cow::Borrowed("release_credit"));
    /// Book the whole total as paid.
    pub const CAPTURE_PAYMENT: Self = Self(Cow::Borrowed("capture_payment"));
    /// Book what was paid as given back.
    pub const REFUND_PAYMENT: Self = Self(Cow::Borrowed("refund_payment"));

    /// Its name, `reserve_stock`.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// The answer to "may this order go there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It may.
    Go {
        /// Key of the state to go to.
        state: String,
        /// What the host does, in this order, in the transaction of the step.
        effects: Vec<Effect>,
    },
    /// It may not.
    Refuse {
        /// A sentence for the person who asked.
        reason: String,
    },
}

impl Step {
    /// Go to the state with these effects.
    pub fn go(state: impl Into<String>, effects: impl IntoIterator<Item = Effect>) -> Self {
        Self::Go { state: state.into(), effects: effects.into_iter().collect() }
    }

    /// Stay, for this reason.
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse { reason: reason.into() }
    }
}
