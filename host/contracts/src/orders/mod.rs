//! Orders: placing (with or without approval), moving through the states a plugin owns, editing, returning, crediting.

mod views;

use async_trait::async_trait;
use rust_decimal::Decimal;
use vectis_kernel::ids::{
    AccountId, ApprovalRequestId, CartId, ChannelId, CreditNoteId, OrderId, OrderLineId, ReturnId,
};
use vectis_kernel::{Ctx, Currency, Failure, Money, Page, PageRequest, Quantity};

use crate::approvals::{ApprovalRequest, ApprovalStatus, Verdict};
use crate::just_written::JustWritten;
use crate::points::{OrderState, OrderTransition};

pub use views::{
    ChargeKind, CreditNote, CreditNoteLine, Order, OrderBuyerIds, OrderCharge, OrderHistoryEntry, OrderLine,
    OrderLineTax, OrderReturn, OrderTotals, ReturnLine,
};

/// A charge to add.
#[derive(Clone, Debug)]
pub struct AddCharge {
    /// What for.
    pub kind: ChargeKind,
    /// 1 to 200 characters.
    pub label: String,
    /// In the order's currency; negative only for discount and manual.
    pub amount: Money,
    /// Taxed like a line of this category; untaxed when `None`.
    pub tax_category: Option<String>,
}

/// A cart to submit or place.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The cart.
    pub cart_id: CartId,
    /// Its version, as the buyer last saw it.
    pub cart_version: i64,
    /// The total the buyer last saw; refused when it differs. `None` relies on the price check per line.
    pub expected_total: Option<Money>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Submitted {
    /// The cart.
    pub cart_id: CartId,
    /// The order, when it was placed.
    pub order_id: Option<OrderId>,
    /// The approval it waits for, when it was not.
    pub approval_request_id: Option<ApprovalRequestId>,
    /// The order itself.
    #[serde(skip)]
    pub order: JustWritten<Order>,
    /// The request itself.
    #[serde(skip)]
    pub approval_request: JustWritten<ApprovalRequest>,
}

/// A decision on an approval request.
#[derive(Clone, Debug)]
pub struct DecideApproval {
    /// The request.
    pub request_id: ApprovalRequestId,
    /// Its version as the decider last saw it; `None` takes it as it is.
    pub version: Option<i64>,
    /// Yes or no.
    pub verdict: Verdict,
    /// At most 2,000 characters; required to reject.
    pub note: String,
}

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Decided {
    /// The request.
    pub request_id: ApprovalRequestId,
    /// Whether it is `pending`, `approved`, `rejected`.
    #[serde(with = "approval_status")]
    pub status: ApprovalStatus,
    /// The order, when the last approval placed it.
    pub order_id: Option<OrderId>,
    /// Whether it was approved but could not be placed (stock or prices moved): the cart is blocked.
    pub is_blocked: bool,
    /// The order itself.
    #[serde(skip)]
    pub order: JustWritten<Order>,
    /// The request itself.
    #[serde(skip)]
    pub approval_request: JustWritten<ApprovalRequest>,
}

/// A change of one line by staff.
#[derive(Clone, Debug)]
pub struct EditLine {
    /// The line.
    pub line_id: OrderLineId,
    /// New quantity, 0 removes the line; `None` leaves it. May not rise above what stock allows.
    pub quantity: Option<Quantity>,
    /// New unit price; `None` leaves it. Needs `orders.price_override`.
    pub unit_price: Option<Decimal>,
}

/// Goods to take back.
#[derive(Clone, Debug)]
pub struct CreateReturn {
    /// The order.
    pub order_id: OrderId,
    /// What, and how much of it.
    pub lines: Vec<(OrderLineId, Quantity)>,
    /// 1 to 500 characters.
    pub reason: String,
    /// An outside document's number; at most 100 characters.
    pub reference: String,
    /// Whether the goods go back on the shelf.
    pub restock: Restock,
}

/// What happens to goods given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restock {
    /// Back on hand in the channel's first warehouse.
    OnHand,
    /// Written off.
    WriteOff,
}

/// A credit note without an order.
#[derive(Clone, Debug)]
pub struct IssueCreditNote {
    /// The channel.
    pub channel_id: ChannelId,
    /// Whose; `None` for walk-ins.
    pub account_id: Option<AccountId>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// 1 to 500 characters.
    pub reason: String,
    /// An outside document's number; at most 100 characters.
    pub reference: String,
    /// 1 to 10,000 lines. The amount of a line with a quantity is `unit_price × quantity`.
    pub lines: Vec<IssueCreditNoteLine>,
    /// Whether goods named by SKU go back on the shelf.
    pub restock: Restock,
}

/// A line of a credit note to issue.
#[derive(Clone, Debug)]
pub struct IssueCreditNoteLine {
    /// 1 to 200 characters.
    pub label: String,
    /// Goods, by SKU.
    pub sku: Option<String>,
    /// How much; 1 for plain amounts.
    pub quantity: Quantity,
    /// Positive gives money back, negative claims it.
    pub unit_price: Decimal,
}

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this account (buyers always see their own account's).
    pub account_id: Option<AccountId>,
    /// With exactly this purchase-order number.
    pub po_number: Option<String>,
    /// Of this channel.
    pub channel_id: Option<ChannelId>,
}

vectis_kernel::refusal_codes! {
    /// Why a cart was not submitted or placed. Lines are named as `lines.<index>` by position in the cart.
    PlaceCode {
        /// The caller may not do this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such cart, or not the caller's.
        CartNotFound = "CART_NOT_FOUND": NotFound,
        /// The cart is not open any more.
        CartNotOpen = "CART_NOT_OPEN": Conflict,
        /// The cart has no lines.
        CartEmpty = "CART_EMPTY": Invalid,
        /// The cart has changed since.
        StaleVersion = "STALE_VERSION": Conflict,
        /// The channel is not active, or not for this kind of buyer.
        ChannelUnavailable = "CHANNEL_UNAVAILABLE": Refused,
        /// Only active accounts may order.
        AccountNotActive = "ACCOUNT_NOT_ACTIVE": Refused,
        /// A variant cannot be bought any more.
        UnknownVariant = "UNKNOWN_VARIANT": Refused,
        /// A quantity rule is broken (step, minimum, maximum, precision).
        QuantityRule = "QUANTITY_RULE": Refused,
        /// More than a customer may buy in 30 days.
        CustomerCap = "CUSTOMER_CAP": Refused,
        /// A line has no price in force.
        NoPrice = "NO_PRICE": Refused,
        /// Prices have changed since they were shown; accept them first.
        PriceChanged = "PRICE_CHANGED": Conflict,
        /// The total is not what the caller expects.
        TotalChanged = "TOTAL_CHANGED": Conflict,
        /// Not enough stock.
        InsufficientStock = "INSUFFICIENT_STOCK": Refused,
        /// Not enough credit.
        InsufficientCredit = "INSUFFICIENT_CREDIT": Refused,
        /// The order needs an approval; submit the cart.
        ApprovalRequired = "APPROVAL_REQUIRED": Refused,
        /// The order process does not take it; the message is its reason.
        ProcessRefused = "PROCESS_REFUSED": Refused,
        /// A strategy is missing, failed or gave an invalid answer; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// A total is out of range.
        OutOfRange = "OUT_OF_RANGE": Invalid,
    }
    /// Why a decision on an approval was refused.
    DecideCode {
        /// The caller may not decide this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// The strategy says the caller may not; the message is its reason. Nobody approves the own order.
        NotAnApprover = "NOT_AN_APPROVER": Forbidden,
        /// No such request, or not of the caller's account.
        RequestNotFound = "REQUEST_NOT_FOUND": NotFound,
        /// It was decided or canceled already.
        NotPending = "NOT_PENDING": Conflict,
        /// The caller has decided this step already.
        AlreadyDecided = "ALREADY_DECIDED": Conflict,
        /// The request has moved on since.
        StaleVersion = "STALE_VERSION": Conflict,
        /// The cart is not what was submitted for approval any more.
        CartChanged = "CART_CHANGED": Conflict,
        /// A strategy is missing or failed; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
    /// Why a change of a placed order was refused.
    OrderCode {
        /// The caller may not do this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such order, or not the caller's.
        OrderNotFound = "ORDER_NOT_FOUND": NotFound,
        /// No such line in the order.
        UnknownLine = "UNKNOWN_LINE": NotFound,
        /// The order has changed since.
        StaleVersion = "STALE_VERSION": Conflict,
        /// The process knows no such transition from the present state.
        NoSuchTransition = "NO_SUCH_TRANSITION": Conflict,
        /// The process does not allow it; the message is its reason.
        ProcessRefused = "PROCESS_REFUSED": Refused,
        /// Orders in this state cannot be edited.
        NotEditable = "NOT_EDITABLE": Conflict,
        /// Zero, negative, too large, or more decimal places than allowed.
        InvalidQuantity = "INVALID_QUANTITY": Invalid,
        /// More than was bought and not yet returned.
        AboveReturnable = "ABOVE_RETURNABLE": Conflict,
        /// Not enough stock.
        InsufficientStock = "INSUFFICIENT_STOCK": Refused,
        /// Not enough credit.
        InsufficientCredit = "INSUFFICIENT_CREDIT": Refused,
        /// No such SKU.
        UnknownVariant = "UNKNOWN_VARIANT": NotFound,
        /// No such account.
        AccountNotFound = "ACCOUNT_NOT_FOUND": NotFound,
        /// No such channel.
        ChannelNotFound = "CHANNEL_NOT_FOUND": NotFound,
        /// A strategy is missing, failed or gave an invalid answer; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// Currencies differ, or an amount is out of range.
        InvalidAmount = "INVALID_AMOUNT": Invalid,
        /// More than 10,000 in one call.
        TooMany = "TOO_MANY": Invalid,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
}

/// Orders.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Submits a cart: placed at once when the approval strategy asks for nothing, otherwise a request is opened, the
    /// cart is frozen and its stock held for a while. Needs `orders.place`; guests and customers where the channel
    /// allows; staff with `orders.place_for` in the name of the cart's owner.
    async fn cart_submit(&self, ctx: &Ctx, place: PlaceOrder) -> Result<Submitted, Failure<PlaceCode>>;
    /// Places a cart now, or refuses: `APPROVAL_REQUIRED` where an approval is needed and was not given for exactly this
    /// cart. Places a blocked cart again once stock or prices are back.
    async fn order_place(&self, ctx: &Ctx, place: PlaceOrder) -> Result<Submitted, Failure<PlaceCode>>;
    /// Takes a submitted cart back to open and cancels its request. The submitter, or `account.manage`.
    async fn cart_withdraw(&self, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<DecideCode>>;
    /// Approves or rejects. The approval that completes the last step places the order in the same transaction; a
    /// rejection reopens the cart.
    async fn approval_decide(
        &self,
        ctx: &Ctx,
        decide: DecideApproval,
    ) -> Result<Decided, Failure<DecideCode>>;

    /// By id; missing and foreign ones are left out.
    async fn get_many(&self, ctx: &Ctx, ids: &[OrderId]) -> Result<Vec<Order>, Failure<OrderCode>>;
    /// By number; `None` for missing and foreign ones.
    async fn find_by_number(&self, ctx: &Ctx, number: &str) -> Result<Option<Order>, Failure<OrderCode>>;
    /// Newest first: staff all, employees their own or with `orders.read_all` the account's, customers their own.
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &OrderFilter,
        page: PageRequest,
    ) -> Result<Page<Order>, Failure<OrderCode>>;
    /// Lines of orders the caller was given, by order and position. Two statements.
    async fn lines(&self, ctx: &Ctx, order_ids: &[OrderId]) -> Result<Vec<OrderLine>, Failure<OrderCode>>;
    /// Charges of orders the caller was given.
    async fn charges(&self, ctx: &Ctx, order_ids: &[OrderId])
    -> Result<Vec<OrderCharge>, Failure<OrderCode>>;
    /// History of orders the caller was given, oldest first.
    async fn history(
        &self,
        ctx: &Ctx,
        order_ids: &[OrderId],
    ) -> Result<Vec<OrderHistoryEntry>, Failure<OrderCode>>;
    /// Returns against orders the caller was given.
    async fn returns(&self, ctx: &Ctx, order_ids: &[OrderId])
    -> Result<Vec<OrderReturn>, Failure<OrderCode>>;
    /// Credit notes, newest first: staff all, employees with `orders.read_all` the account's.
    async fn credit_notes(
        &self,
        ctx: &Ctx,
        account_id: Option<AccountId>,
        page: PageRequest,
    ) -> Result<Page<CreditNote>, Failure<OrderCode>>;
    /// Credit notes by id; missing and foreign ones are left out.
    async fn credit_notes_by_id(
        &self,
        ctx: &Ctx,
        ids: &[CreditNoteId],
    ) -> Result<Vec<CreditNote>, Failure<OrderCode>>;
    /// The states and transitions of a channel's process.
    async fn process(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
    ) -> Result<(Vec<OrderState>, Vec<OrderTransition>), Failure<OrderCode>>;

    /// Moves an order along a transition of its process, by the transition's name. Staff with `orders.write`; buyers
    /// where the process lets them.
    async fn order_transition(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        version: Option<i64>,
        transition: &str,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>>;
    /// Changes quantities and prices of lines, with a reason. Re-taxes, moves stock and credit along.
    async fn order_lines_edit(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        version: i64,
        changes: Vec<EditLine>,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>>;
    /// Adds charges. Staff with `orders.write`.
    async fn order_charges_add(
        &self,
        ctx: &Ctx,
        order_id: OrderId,
        charges: Vec<AddCharge>,
        reason: &str,
    ) -> Result<(), Failure<OrderCode>>;
    /// Takes goods back and credits them. Staff with `orders.write`.
    async fn return_create(&self, ctx: &Ctx, create: CreateReturn) -> Result<ReturnId, Failure<OrderCode>>;
    /// Issues a credit note without an order. Staff with `orders.write`.
    async fn credit_note_issue(
        &self,
        ctx: &Ctx,
        issue: IssueCreditNote,
    ) -> Result<CreditNoteId, Failure<OrderCode>>;
}

mod approval_status {
    //! Stored answers of idempotent decisions.
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::approvals::ApprovalStatus;

    pub(super) fn serialize<S: Serializer>(
        status: &ApprovalStatus,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match status {
            ApprovalStatus::Pending => "pending",
            ApprovalStatus::Approved => "approved",
            ApprovalStatus::Rejected => "rejected",
            ApprovalStatus::Canceled => "canceled",
            ApprovalStatus::Expired => "expired",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ApprovalStatus, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "pending" => Ok(ApprovalStatus::Pending),
            "approved" => Ok(ApprovalStatus::Approved),
            "rejected" => Ok(ApprovalStatus::Rejected),
            "canceled" => Ok(ApprovalStatus::Canceled),
            "expired" => Ok(ApprovalStatus::Expired),
            other => Err(serde::de::Error::custom(format!("unknown approval status {other:?}"))),
        }
    }
}
