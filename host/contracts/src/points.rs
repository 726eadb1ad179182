//! The extension points as the modules see them: domain words in, domain words out. Plugins answer behind these traits;
//! the plugin runtime converts, contains and checks every answer before it gets here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use vectis_kernel::ids::{AccountId, ChannelId, EmployeeId, LocationId, PriceListId, VariantId};
use vectis_kernel::{Ctx, Currency, Money, Quantity, UnitPrice};

use crate::price_candidates::PriceCandidates;

/// Why an extension point gave no answer. Never a guessed price, tax or state instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// No loaded plugin offers the point for the channel.
    #[error(
        "no plugin answers {point} in channel {channel}; drop one into the plugins folder or activate one for the channel"
    )]
    Missing {
        /// `vectis.pricing`
        point: &'static str,
        /// Slug or id of the channel.
        channel: String,
    },
    /// Several plugins offer the point and none is activated for the channel.
    #[error("{point} in channel {channel} is offered by {}; activate one of them", candidates.join(", "))]
    Ambiguous {
        /// `vectis.pricing`
        point: &'static str,
        /// Slug or id of the channel.
        channel: String,
        /// `plugin/entry-point` names.
        candidates: Vec<String>,
    },
    /// The plugin answered with an error, panicked or ran out of time.
    #[error("{plugin} failed at {point}: {message}")]
    Failed {
        /// `vectis.pricing`
        point: &'static str,
        /// `plugin/entry-point`.
        plugin: String,
        /// The plugin's words.
        message: String,
        /// Whether trying again may help.
        retryable: bool,
    },
    /// The plugin's answer broke a rule of the point (length, currency, sign, range); it was thrown away.
    #[error("{plugin} gave an invalid answer at {point}: {what}")]
    InvalidAnswer {
        /// `vectis.pricing`
        point: &'static str,
        /// `plugin/entry-point`.
        plugin: String,
        /// Which rule.
        what: String,
    },
}

/// Which plugin answers which point in which channel. One request sees one plugin set from start to end (it is kept in
/// the context).
pub trait Strategies: Send + Sync {
    /// The one that prices.
    fn pricing(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Arc<dyn PricingPoint>, PointError>;
    /// All that tax, by stage, then by priority. Never empty.
    fn tax(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Vec<Arc<dyn TaxPoint>>, PointError>;
    /// The one that owns the order states.
    fn order_process(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
    ) -> Result<Arc<dyn OrderProcessPoint>, PointError>;
    /// The one that plans approvals.
    fn approval(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Arc<dyn ApprovalPoint>, PointError>;
}

// ---------------------------------------------------------------------------------------------------- pricing

/// How specific a price is. Which level wins is the plugin's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PriceLevel {
    /// Hand-set on a variant.
    Managed,
    /// A list of the buyer's location.
    Location,
    /// A list of the buyer's account.
    Account,
    /// A list of one of the account's groups.
    Group,
    /// A list of the channel.
    Default,
}

/// One price that could apply: a tier of a list entry, or a managed price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceCandidate {
    /// How specific.
    pub level: PriceLevel,
    /// Its list; `None` for managed prices.
    pub price_list_id: Option<PriceListId>,
    /// The list's priority, higher first.
    pub priority: i32,
    /// From this quantity on.
    pub min_quantity: Quantity,
    /// Price of one unit.
    pub unit_price: UnitPrice,
    /// Whether it was converted from another currency by the exchange rate in force.
    pub converted: bool,
    /// In force from, unbounded when `None`.
    pub valid_from: Option<DateTime<Utc>>,
    /// In force until (exclusive), unbounded when `None`.
    pub valid_to: Option<DateTime<Utc>>,
}

/// One line to price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricingLine {
    /// What is bought.
    pub variant_id: VariantId,
    /// Its code.
    pub sku: String,
    /// How much, in the variant's unit (packages already multiplied out).
    pub quantity: Quantity,
    /// Its candidates: a range into [`PricingQuestion::candidates`].
    pub candidates: std::ops::Range<usize>,
}

/// A batch to price.
#[derive(Clone, Debug)]
pub struct PricingQuestion {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// By whom, when a company buys.
    pub account_id: Option<AccountId>,
    /// At which site.
    pub location_id: Option<LocationId>,
    /// The currency every answer must be in.
    pub currency: Currency,
    /// The instant the prices are asked for.
    pub at: DateTime<Utc>,
    /// The lines.
    pub lines: Vec<PricingLine>,
    /// All candidates, line after line.
    pub candidates: PriceCandidates,
}

/// The price of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedAnswer {
    /// Price of one unit, not negative.
    pub unit_price: UnitPrice,
    /// Index of the candidate it came from, if it came from one.
    pub candidate: Option<usize>,
}

/// Prices lines.
pub trait PricingPoint: Send + Sync {
    /// `plugin/entry-point@version`.
    fn name(&self) -> &str;
    /// One answer per line, `None` where the line has no price.
    fn price(&self, question: &PricingQuestion) -> Result<Vec<Option<PricedAnswer>>, PointError>;
}

// -------------------------------------------------------------------------------------------------------- tax

/// Where goods go to or come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jurisdiction {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// State or province, as in the address; may be empty.
    pub region: String,
    /// City; may be empty.
    pub city: String,
    /// Postal code; may be empty.
    pub postal_code: String,
}

/// One line to tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxingLine {
    /// Discounted line amount: net when prices exclude tax, gross when they include it.
    pub amount: Money,
    /// How much is bought (excise counts pieces).
    pub quantity: Quantity,
    /// Tax category of the product, e.g. `standard`, `books`.
    pub category: String,
    /// Whether an exemption covers the line.
    pub is_exempt: bool,
}

/// A batch to tax.
#[derive(Clone, Debug)]
pub struct TaxingQuestion {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// The currency every answer is in.
    pub currency: Currency,
    /// Whether line amounts include tax.
    pub prices_include_tax: bool,
    /// Where the goods go.
    pub destination: Jurisdiction,
    /// The instant the tax is asked for.
    pub at: DateTime<Utc>,
    /// The lines.
    pub lines: Vec<TaxingLine>,
    /// Tax found by earlier stages, one sum per line.
    pub taxed_before: Vec<Money>,
}

/// One kind of tax an answer uses: `VAT 20 %`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxKind {
    /// For people: `VAT`.
    pub name: String,
    /// Which authority: `GB`, `US-CA`.
    pub jurisdiction: String,
    /// Rate in parts per million: 20 % is 200,000. 0 for per-unit taxes.
    pub rate_ppm: i64,
}

/// The tax of one kind on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxAmount {
    /// Index of the line.
    pub line: usize,
    /// Index into [`TaxAnswer::kinds`].
    pub kind: usize,
    /// How much; has the sign of the line's amount or is zero.
    pub amount: Money,
}

/// Taxes on a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxAnswer {
    /// The kinds used.
    pub kinds: Vec<TaxKind>,
    /// The amounts; a line may have none or several.
    pub amounts: Vec<TaxAmount>,
}

/// Taxes lines.
pub trait TaxPoint: Send + Sync {
    /// `plugin/entry-point@version`.
    fn name(&self) -> &str;
    /// 100 sales, 200 excise, 300 VAT; lower runs first.
    fn stage(&self) -> u32;
    /// The taxes of this strategy on the lines.
    fn tax(&self, question: &TaxingQuestion) -> Result<TaxAnswer, PointError>;
}

// ---------------------------------------------------------------------------------------------- order process

/// A state an order may be in. States are data: the engine knows none by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// `AwaitingPayment`; stored on the order.
    pub key: String,
    /// For people.
    pub name: String,
    /// Whether lines may still be edited by staff.
    pub is_editable: bool,
    /// Whether nothing leads out of it.
    pub is_final: bool,
    /// Whether orders in it count as canceled or refunded in revenue figures.
    pub is_canceled: bool,
}

/// A way from one state to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderTransition {
    /// The verb: `fulfill`, `cancel`.
    pub name: String,
    /// From this state.
    pub from: String,
    /// To this state.
    pub to: String,
    /// Whether a buyer with the right to order may take it (cancel before fulfillment); otherwise staff only.
    pub buyer_may: bool,
}

/// What the process may know of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// Present state; empty before placement.
    pub state: String,
    /// Everything to pay.
    pub grand_total: Money,
    /// Paid so far.
    pub paid: Money,
    /// `Net30`; empty when the order is paid at once.
    pub payment_terms: String,
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

/// What the engine can do when a process asks for it. A process that names anything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderEffect {
    /// Take the order's stock out of the reservation, firmly (`reserve_stock`).
    ReserveStock,
    /// Give the order's stock back (`release_stock`).
    ReleaseStock,
    /// Ship: take allocated stock off hand (`ship_stock`).
    ShipStock,
    /// Set the order's total aside from the account's credit (`hold_credit`).
    HoldCredit,
    /// Give held credit back (`release_credit`).
    ReleaseCredit,
    /// Book the whole total as paid (`capture_payment`).
    CapturePayment,
    /// Book what was paid as given back (`refund_payment`).
    RefundPayment,
}

impl OrderEffect {
    /// All, with the names plugins use.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("reserve_stock", Self::ReserveStock),
        ("release_stock", Self::ReleaseStock),
        ("ship_stock", Self::ShipStock),
        ("hold_credit", Self::HoldCredit),
        ("release_credit", Self::ReleaseCredit),
        ("capture_payment", Self::CapturePayment),
        ("refund_payment", Self::RefundPayment),
    ];
}

/// The process's answer to "may this order go there".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStep {
    /// It may; do these things in the same transaction.
    Go {
        /// The state to go to.
        state: String,
        /// What to do, in order.
        effects: Vec<OrderEffect>,
    },
    /// It may not.
    Refuse {
        /// A sentence for a person.
        reason: String,
    },
}

/// Owns states and transitions of orders.
pub trait OrderProcessPoint: Send + Sync {
    /// `plugin/entry-point@version`.
    fn name(&self) -> &str;
    /// All states, in the order people expect them.
    fn states(&self) -> &[OrderState];
    /// All transitions.
    fn transitions(&self) -> &[OrderTransition];
    /// Where a new order starts.
    fn place(&self, facts: &OrderFacts) -> Result<OrderStep, PointError>;
    /// Whether an order may take a transition now. `to` is always one of [`Self::transitions`] from `facts.state`.
    fn step(&self, facts: &OrderFacts, to: &str) -> Result<OrderStep, PointError>;
}

// --------------------------------------------------------------------------------------------------- approval

/// What an approval strategy may know of a submitted cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalFacts {
    /// The buying company.
    pub account_id: AccountId,
    /// The buyer's site.
    pub location_id: LocationId,
    /// Who submits.
    pub employee_id: EmployeeId,
    /// Name of that employee's role.
    pub employee_role: String,
    /// Everything to pay.
    pub grand_total: Money,
    /// Number of lines.
    pub line_count: u32,
    /// Slugs of all categories in the cart, sorted, each once.
    pub categories: Vec<String>,
    /// The employee's own order limit, if set.
    pub order_limit: Option<Money>,
}

/// Who may decide a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approver {
    /// This employee.
    Employee(EmployeeId),
    /// Any employee of the account with this role.
    Role(String),
    /// Any employee of the account with the permission `approvals.decide`.
    AnyApprover,
}

/// One step of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalStep {
    /// For people: `over 5,000 EUR`.
    pub name: String,
    /// How many approvals it takes, at least 1.
    pub quorum: u32,
    /// Who may give them.
    pub approvers: Vec<Approver>,
}

/// What a strategy may know when somebody decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionFacts {
    /// Who submitted.
    pub submitted_by: EmployeeId,
    /// Who decides.
    pub decided_by: EmployeeId,
    /// Name of the decider's role.
    pub decider_role: String,
    /// Who has approved this step before.
    pub approved_by: Vec<EmployeeId>,
    /// The step.
    pub step: ApprovalStep,
    /// Everything to pay.
    pub grand_total: Money,
}

/// Plans approvals.
pub trait ApprovalPoint: Send + Sync {
    /// `plugin/entry-point@version`.
    fn name(&self) -> &str;
    /// The steps this cart needs, one after another; none means it may be placed at once.
    fn plan(&self, facts: &ApprovalFacts) -> Result<Vec<ApprovalStep>, PointError>;
    /// `Ok(None)` when the decider may decide, otherwise the reason why not.
    fn may_decide(&self, facts: &DecisionFacts) -> Result<Option<String>, PointError>;
}
