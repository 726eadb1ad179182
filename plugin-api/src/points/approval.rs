//! `vectis.approval`: who must agree before a cart becomes an order.
//!
//! The plugin plans the steps and judges each decider. One plugin answers per channel.
//!
//! # What an approval strategy promises
//!
//! - A cart is planned, whatever is in it; an error is for a cart that could never be approved.
//! - The steps come in the order in which they are decided, the same every time.
//! - No two steps of a plan are alike: who approves one has not approved the other.
//! - A plan can be carried out by others than who submitted: each step's approvers can reach its quorum.
//! - Nobody decides about the own order: who submitted a cart is objected to.
//! - Nobody approves a step twice: who has approved it is objected to.
//!
//! A host asks only about approvers of the step, so a strategy that objects to one of them for a reason of its own must leave
//! enough others. It takes up to 20 steps with up to 1,000 approvers each, names of up to 200 bytes, and the first 1,000 bytes
//! of an objection.
//!
//! # A complete strategy
//!
//! ```
//! use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::{Error, Host, testing};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     /// Carts above this total need a manager, in minor units.
//!     above_minor: i64,
//! }
//!
//! struct Managers(Config);
//!
//! impl Approval for Managers {
//!     type Config = Config;
//!
//!     fn new(config: Config, _host: Host) -> Result<Self, Error> {
//!         Ok(Self(config))
//!     }
//!
//!     fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
//!         let is_large = facts.grand_total_minor > self.0.above_minor;
//!         let step = || ApprovalStep::new("large order", 1, [Approver::Role("manager".to_owned())]);
//!         Ok(is_large.then(step).into_iter().collect())
//!     }
//!
//!     fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
//!         let is_own = facts.decided_by == facts.submitted_by;
//!         let has_approved = facts.approved_by.contains(&facts.decided_by);
//!         Ok((is_own || has_approved).then(|| "Somebody else has to decide.".to_owned()))
//!     }
//! }
//!
//! let approval = testing::approval::<Managers>(r#"{ "above_minor": 500000 }"#)?;
//! let large = testing::approval_facts(|facts| facts.grand_total_minor = 500_001);
//! assert_eq!(approval.plan(&large)?[0].quorum, 1);
//! # Ok::<(), Error>(())
//! ```

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::abi::id::Id;
use crate::error::Error;
use crate::host::Host;

/// Plans approvals.
///
/// One instance serves many requests at once and answers from the facts and its configuration alone.
pub trait Approval: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the strategy for one channel; runs at start, after a change of the configuration, and after a panic.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// The steps this cart needs, one after another; none means it may be placed at once.
    ///
    /// # Errors
    /// The cart cannot be submitted.
    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error>;

    /// `None` when the decider may decide about the step, otherwise a sentence for that person why not. The host has already
    /// checked that the decider is one of the step's approvers.
    ///
    /// # Errors
    /// Nothing is decided.
    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error>;
}

/// What a strategy may know of a submitted cart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovalFacts<'a> {
    /// The company that buys.
    pub account_id: Id,
    /// Its site.
    pub location_id: Id,
    /// Who submits.
    pub employee_id: Id,
    /// Name of that employee's role.
    pub employee_role: &'a str,
    /// The currency of the amounts: ISO 4217, `EUR`.
    pub currency: &'a str,
    /// Digits after the point of the currency: 2 for EUR.
    pub exponent: u32,
    /// Everything to pay, in minor units.
    pub grand_total_minor: i64,
    /// The employee's own order limit in minor units, if one is set.
    pub order_limit_minor: Option<i64>,
    /// Number of lines.
    pub line_count: u32,
    /// Slugs of all categories in the cart, sorted, each once.
    pub categories: Vec<&'a str>,
}

/// Who may decide a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approver {
    /// This employee.
    Employee(Id),
    /// Any employee of the account with this role.
    Role(String),
    /// Any employee of the account with the permission `approvals.decide`.
    AnyApprover,
}

/// One step of an approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovalStep {
    /// For people: `over 5,000 EUR`.
    pub name: String,
    /// How many approvals it takes, at least 1.
    pub quorum: u32,
    /// Who may give them, at least one.
    pub approvers: Vec<Approver>,
}

impl ApprovalStep {
    /// A step.
    pub fn new(name: impl Into<String>, quorum: u32, approvers: impl IntoIterator<Item = Approver>) -> Self {
        Self { name: name.into(), quorum, approvers: approvers.into_iter().collect() }
    }
}

/// What a strategy may know when somebody decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecisionFacts<'a> {
    /// Who submitted the cart.
    pub submitted_by: Id,
    /// Who wants to decide.
    pub decided_by: Id,
    /// Name of that employee's role.
    pub decider_role: &'a str,
    /// Who has approved this step before.
    pub approved_by: &'a [Id],
    /// The step.
    pub step: ApprovalStep,
    /// The currency of the amount: ISO 4217, `EUR`.
    pub currency: &'a str,
    /// Digits after the point of the currency: 2 for EUR.
    pub exponent: u32,
    /// Everything to pay, in minor units.
    pub grand_total_minor: i64,
}
