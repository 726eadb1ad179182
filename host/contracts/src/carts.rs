//! Carts: editable intentions, of guests, retail customers and employees; up to 10,000 lines.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{
    AccountId, AddressId, ApprovalRequestId, CartId, CartLineId, ChannelId, EmployeeId, LocationId, LoginId,
    OrderId, VariantId,
};
use vectis_kernel::{Ctx, Currency, Failure, Quantity, UnitPrice};

use crate::Tx;
use crate::accounts::PostalAddress;
use crate::just_written::JustWritten;

/// Most lines of a cart or order.
pub const MAX_LINES: usize = 10_000;

/// Whose cart it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOwner {
    /// Whoever holds the guest token with this hash.
    Guest(String),
    /// A retail customer.
    Customer(LoginId),
    /// An employee of an account.
    Employee {
        /// The account.
        account_id: AccountId,
        /// The site.
        location_id: LocationId,
        /// The person.
        employee_id: EmployeeId,
    },
}

/// How far a cart has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CartStatus {
    /// May be edited.
    Open,
    /// Waits for approval; frozen.
    Submitted,
    /// Approved, but could not be placed (stock or prices moved); may be placed again or reopened.
    Blocked,
    /// Became an order.
    Placed,
}

/// A cart with its lines, unpriced.
#[derive(Clone, Debug)]
pub struct Cart {
    /// Its id.
    pub id: CartId,
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// Whose it is.
    pub owner: CartOwner,
    /// Currency of all prices.
    pub currency: Currency,
    /// How far it has come.
    pub status: CartStatus,
    /// Changes with each write; what was approved is this version.
    pub version: i64,
    /// The buyer's purchase-order number, at most 100 characters.
    pub po_number: String,
    /// The buyer's note, at most 2,000 characters.
    pub note: String,
    /// Where goods go.
    pub shipping_address: Option<PostalAddress>,
    /// Where the invoice goes; the shipping address when absent.
    pub billing_address: Option<PostalAddress>,
    /// The approval it waits for or had.
    pub approval_request_id: Option<ApprovalRequestId>,
    /// The order it became.
    pub order_id: Option<OrderId>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last write.
    pub updated_at: DateTime<Utc>,
    /// By position.
    pub lines: Vec<CartLine>,
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// Its id.
    pub id: CartLineId,
    /// Place in the cart, rising.
    pub position: i32,
    /// What.
    pub variant_id: VariantId,
    /// How much, in the variant's unit (package already multiplied out).
    pub quantity: Quantity,
    /// The package it was chosen in.
    pub package: Option<PackageChoice>,
    /// The unit price the buyer was last shown and accepted.
    pub shown_unit_price: UnitPrice,
    /// A price set by staff for this line.
    pub price_override: Option<PriceOverride>,
}

/// A package, as it was when chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackageChoice {
    /// `case-of-24`.
    pub slug: String,
    /// Units it held.
    pub multiplier: Quantity,
}

/// A price set by staff, with the reason. It holds for the quantity it was set for: a buyer who changes the quantity of
/// the line loses it, and what a buyer adds never joins the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceOverride {
    /// The price.
    pub unit_price: UnitPrice,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// Who set it; `None` when the system did.
    pub by: Option<LoginId>,
}

/// A variant named by id or by SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariantRef {
    /// By id.
    Id(VariantId),
    /// By SKU.
    Sku(String),
}

/// A line to add.
#[derive(Clone, Debug)]
pub struct AddLine {
    /// What.
    pub variant: VariantRef,
    /// How much: of packages when one is named, of the variant's unit otherwise.
    pub quantity: Quantity,
    /// Slug of a package of the variant.
    pub package: Option<String>,
}

/// What to do with a line whose variant and package the cart has already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDuplicate {
    /// Add to the quantity of the line there.
    #[default]
    Merge,
    /// Make a line of its own.
    Separate,
}

/// Which cart is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartTarget {
    /// This cart; the caller's open cart in the channel (made when missing) when `None`.
    pub cart_id: Option<CartId>,
    /// Refuse unless the cart is at this version. `None` takes it as it is.
    pub version: Option<i64>,
}

/// Details of a cart; `None` leaves a field.
#[derive(Clone, Debug, Default)]
pub struct CartDetails {
    /// The buyer's purchase-order number.
    pub po_number: Option<String>,
    /// The buyer's note.
    pub note: Option<String>,
    /// Where goods go.
    pub shipping_address: Option<AddressChoice>,
    /// Where the invoice goes.
    pub billing_address: Option<AddressChoice>,
}

/// An address, known or new.
#[derive(Clone, Debug)]
pub enum AddressChoice {
    /// One of the account's.
    Known(AddressId),
    /// As written.
    Written(PostalAddress),
}

/// What a command left behind.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CartChange {
    /// The cart.
    pub cart_id: CartId,
    /// Its version now.
    pub version: i64,
    /// Lines added or touched, in the order of the input.
    pub line_ids: Vec<CartLineId>,
    /// The cart with its lines.
    #[serde(skip)]
    pub cart: JustWritten<Cart>,
}

vectis_kernel::refusal_codes! {
    /// Why a cart command was refused. Bulk commands name every bad line at once, as `lines.<index>.<field>`; nothing is
    /// written then.
    CartCode {
        /// The caller may not do this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such cart, or not the caller's.
        CartNotFound = "CART_NOT_FOUND": NotFound,
        /// No channel was named, or it is not active, or not for this kind of buyer.
        ChannelUnavailable = "CHANNEL_UNAVAILABLE": Invalid,
        /// Only active accounts may order.
        AccountNotActive = "ACCOUNT_NOT_ACTIVE": Refused,
        /// The cart is not open any more.
        CartNotOpen = "CART_NOT_OPEN": Conflict,
        /// Somebody else wrote in between.
        StaleVersion = "STALE_VERSION": Conflict,
        /// No such SKU or variant, or it cannot be bought here.
        UnknownVariant = "UNKNOWN_VARIANT": NotFound,
        /// The variant has no such package.
        UnknownPackage = "UNKNOWN_PACKAGE": NotFound,
        /// No such line in the cart.
        UnknownLine = "UNKNOWN_LINE": NotFound,
        /// Zero, negative, too large, or more decimal places than the variant allows.
        InvalidQuantity = "INVALID_QUANTITY": Invalid,
        /// Not a multiple of the variant's step.
        NotAMultiple = "NOT_A_MULTIPLE": Invalid,
        /// Less than the variant's minimum, counted over the cart.
        BelowMinimum = "BELOW_MINIMUM": Invalid,
        /// More than the variant's maximum, counted over the cart.
        AboveMaximum = "ABOVE_MAXIMUM": Invalid,
        /// More than 10,000 lines, in the call or in the cart.
        TooManyLines = "TOO_MANY_LINES": Invalid,
        /// The strategy gives this line no price (none in force in this currency).
        NoPrice = "NO_PRICE": Refused,
        /// The pricing or tax strategy is missing or failed; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// The channel does not sell in this currency.
        UnknownCurrency = "UNKNOWN_CURRENCY": Invalid,
        /// No such address, or not the account's.
        AddressNotFound = "ADDRESS_NOT_FOUND": NotFound,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
}

/// Carts.
#[async_trait]
pub trait Carts: Send + Sync {
    /// A cart the caller may see: the own, with `orders.read_all` or `approvals.decide` the account's, with
    /// `orders.read` any. `None` otherwise.
    async fn find(&self, ctx: &Ctx, id: CartId) -> Result<Option<Cart>, Failure<CartCode>>;
    /// The caller's open cart in the context's channel.
    async fn find_mine(&self, ctx: &Ctx) -> Result<Option<Cart>, Failure<CartCode>>;
    /// Makes an empty cart, besides any the caller has; staff with `orders.place_for` make it for an employee.
    async fn cart_create(
        &self,
        ctx: &Ctx,
        currency: Option<Currency>,
        for_employee: Option<EmployeeId>,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Adds lines, in a constant number of statements.
    async fn lines_add(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        lines: Vec<AddLine>,
        on_duplicate: OnDuplicate,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Replaces all lines by these.
    async fn lines_replace(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        lines: Vec<AddLine>,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Sets quantities (of packages where the line has one) of lines.
    async fn lines_update(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        quantities: Vec<(CartLineId, Quantity)>,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Removes lines; all of them when the list is `None`.
    async fn lines_remove(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        line_ids: Option<Vec<CartLineId>>,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Sets purchase-order number, note, addresses.
    async fn details_set(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        details: CartDetails,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// Accepts the present prices: what is shown now becomes what was shown.
    async fn prices_accept(&self, ctx: &Ctx, target: CartTarget) -> Result<CartChange, Failure<CartCode>>;
    /// Sets or takes away staff prices of lines. Needs `orders.price_override`; works on open carts.
    async fn prices_override(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        overrides: Vec<OverridePrice>,
    ) -> Result<CartChange, Failure<CartCode>>;
    /// At sign-in: moves the lines of the guest's open cart (by the hash of the guest token) into the caller's open
    /// cart, merging equal variants and packages; lines the caller may not buy are left out and counted. Fine without
    /// a guest cart.
    async fn merge_guest(&self, ctx: &Ctx, guest: &str) -> Result<Option<CartChange>, Failure<CartCode>>;

    /// For the orders' use cases: any cart, whoever asks.
    async fn load(&self, id: CartId) -> Result<Option<Cart>, Failure<CartCode>>;
    /// Open or blocked → submitted, if still at `version`; the version stays what was approved.
    async fn submit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        cart: &Cart,
        request_id: ApprovalRequestId,
    ) -> Result<(), Failure<CartCode>>;
    /// Open, submitted or blocked → placed, if still in the given status and version.
    async fn mark_placed(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        cart: &Cart,
        order_id: OrderId,
    ) -> Result<(), Failure<CartCode>>;
    /// Submitted → blocked: approved, but not placeable now.
    async fn mark_blocked(&self, tx: &mut Tx, ctx: &Ctx, cart: &Cart) -> Result<(), Failure<CartCode>>;
    /// Submitted or blocked → open (rejected, or withdrawn by the buyer); its version rises.
    async fn reopen(&self, tx: &mut Tx, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<CartCode>>;
}

/// A staff price for a line.
#[derive(Clone, Debug)]
pub struct OverridePrice {
    /// The line.
    pub line_id: CartLineId,
    /// The price, in the cart's currency, not negative; `None` takes the override away.
    pub unit_price: Option<rust_decimal::Decimal>,
    /// Why; 1 to 500 characters.
    pub reason: String,
}
