//! Orders: types and queries.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::orders::{self as contract, OrderFilter};
use vectis_kernel::ids::{AccountId, ChannelId, OrderChargeId, OrderId, OrderLineId, VariantId};
use vectis_kernel::permission::{buyer, staff};

use crate::accounts::{Account, Employee, PostalAddress};
use crate::approvals::ApprovalRequest;
use crate::caller::ContextExt;
use crate::carts::TaxLine;
use crate::catalog::ProductVariant;
use crate::channels::Channel;
use crate::error::answer;
use crate::id::GlobalId;
use crate::loaders::{self, AllOf};
use crate::order_process::OrderProcess;
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::returns::{CreditNote, OrderReturn};
use crate::scalars::{CurrencyCode, Money, Quantity, UnitPrice};

pub(crate) const POLICY: &[TypePolicy] = &[
    (
        "Query",
        &[
            (Access::Public, "order"),
            (Access::SignedIn, "orderByNumber orders orderProcess"),
            (Access::BuyerOrStaff(&buyer::ORDERS_READ_ALL, &staff::ORDERS_READ), "creditNotes"),
        ],
    ),
    (
        "Order",
        &[
            (
                Access::Owner,
                "id number state version channel account employee approvalRequest currencyCode poNumber note \
                 paymentTerms shippingAddress billingAddress pricesIncludeTax lineCount lines charges linesNetTotal \
                 chargesNetTotal taxTotal grandTotal paidTotal creditedTotal history returns placedAt",
            ),
            (Access::Staff(&staff::ORDERS_READ), "process cartId"),
        ],
    ),
    (
        "OrderLine",
        &[(
            Access::Owner,
            "id position variant sku name quantity packageSlug unitPrice listUnitPrice priceOverrideReason netTotal \
             taxTotal grandTotal taxes returnedQuantity",
        )],
    ),
    ("OrderCharge", &[(Access::Owner, "id kind label netTotal taxTotal")]),
    ("OrderHistoryEntry", &[(Access::Owner, "at kind fromState toState note"), (Access::AnyStaff, "actor")]),
];

/// Why a change of an order was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::OrderCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum OrderErrorCode {
    Forbidden,
    OrderNotFound,
    UnknownLine,
    StaleVersion,
    NoSuchTransition,
    ProcessRefused,
    NotEditable,
    InvalidQuantity,
    AboveReturnable,
    InsufficientStock,
    InsufficientCredit,
    UnknownVariant,
    AccountNotFound,
    ChannelNotFound,
    StrategyFailed,
    InvalidAmount,
    TooMany,
    InvalidInput,
}

/// Why a cart was not submitted or placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::PlaceCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum PlaceErrorCode {
    Forbidden,
    CartNotFound,
    CartNotOpen,
    CartEmpty,
    StaleVersion,
    ChannelUnavailable,
    AccountNotActive,
    UnknownVariant,
    QuantityRule,
    CustomerCap,
    NoPrice,
    PriceChanged,
    TotalChanged,
    InsufficientStock,
    InsufficientCredit,
    ApprovalRequired,
    ProcessRefused,
    StrategyFailed,
    OutOfRange,
}

/// What a charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::ChargeKind")]
pub enum OrderChargeKind {
    /// Postage, carriage.
    Shipping,
    /// Handling, packaging.
    Handling,
    /// A discount; its amount is negative.
    Discount,
    /// Bank, marketplace and other fees.
    Fee,
    /// A manual amount of either sign.
    Manual,
}

/// A placed order.
pub struct Order(pub(crate) Arc<contract::Order>);

/// A placed order: a frozen commitment with a number.
#[Object]
impl Order {
    /// Its id.
    async fn id(&self) -> GlobalId<OrderId> {
        GlobalId(self.0.id)
    }
    /// For people: `SO-100042`.
    async fn number(&self) -> &str {
        &self.0.number
    }
    /// Key of its state. Which states there are is the order process's decision: `orderProcess`.
    async fn state(&self) -> &str {
        &self.0.state
    }
    /// Changes with each write.
    async fn version(&self) -> i64 {
        self.0.version
    }
    /// The plugin that owns its states, at placement.
    async fn process(&self) -> &str {
        &self.0.process
    }
    /// The cart it came from.
    async fn cart_id(&self) -> GlobalId<vectis_kernel::ids::CartId> {
        GlobalId(self.0.cart_id)
    }
    /// Where it was bought.
    async fn channel(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Channel>> {
        Ok(loaders::of(ctx).load_one::<ChannelId>(self.0.channel_id).await?.map(Channel))
    }
    /// The buying company; null for retail.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let Some(id) = self.0.buyer_ids().account_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(Account))
    }
    /// Who bought; null for retail.
    async fn employee(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Employee>> {
        let Some(id) = self.0.buyer_ids().employee_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(Employee))
    }
    /// The approval behind it.
    async fn approval_request(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<ApprovalRequest>> {
        let Some(id) = self.0.approval_request_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(ApprovalRequest))
    }
    /// Currency of all amounts.
    async fn currency_code(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency)
    }
    /// The buyer's purchase-order number.
    async fn po_number(&self) -> &str {
        &self.0.po_number
    }
    /// The buyer's note.
    async fn note(&self) -> &str {
        &self.0.note
    }
    /// `Net30`; empty when paid at once.
    async fn payment_terms(&self) -> &str {
        &self.0.payment_terms
    }
    /// Where goods go.
    async fn shipping_address(&self) -> Option<PostalAddress> {
        self.0.shipping_address.clone().map(PostalAddress)
    }
    /// Where the invoice goes.
    async fn billing_address(&self) -> Option<PostalAddress> {
        self.0.billing_address.clone().map(PostalAddress)
    }
    /// Whether unit prices include tax.
    async fn prices_include_tax(&self) -> bool {
        self.0.prices_include_tax
    }
    /// Number of lines.
    async fn line_count(&self) -> i32 {
        self.0.line_count
    }
    /// Its lines by position, at most 10,000.
    async fn lines(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<OrderLine>> {
        let lines = loaders::of(ctx).load_one(AllOf::<_, contract::OrderLine>::new(self.0.id)).await?;
        Ok(lines.unwrap_or_default().into_iter().map(OrderLine).collect())
    }
    /// Amounts that are not goods: postage, fees, discounts.
    async fn charges(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<OrderCharge>> {
        let charges = loaders::of(ctx).load_one(AllOf::<_, contract::OrderCharge>::new(self.0.id)).await?;
        Ok(charges.unwrap_or_default().iter().map(|charge| OrderCharge::from(&**charge)).collect())
    }
    /// Sum of the lines without tax.
    async fn lines_net_total(&self) -> Money {
        self.0.totals.lines_net.into()
    }
    /// Sum of the charges without tax.
    async fn charges_net_total(&self) -> Money {
        self.0.totals.charges_net.into()
    }
    /// All tax.
    async fn tax_total(&self) -> Money {
        self.0.totals.tax_total.into()
    }
    /// Everything to pay.
    async fn grand_total(&self) -> Money {
        self.0.totals.grand_total.into()
    }
    /// Paid so far.
    async fn paid_total(&self) -> Money {
        self.0.totals.paid.into()
    }
    /// Credited by returns so far, with tax.
    async fn credited_total(&self) -> Money {
        self.0.totals.credited.into()
    }
    /// What happened to it, oldest first.
    async fn history(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<OrderHistoryEntry>> {
        let entries =
            loaders::of(ctx).load_one(AllOf::<_, contract::OrderHistoryEntry>::new(self.0.id)).await?;
        Ok(entries.unwrap_or_default().iter().map(|entry| OrderHistoryEntry::from(&**entry)).collect())
    }
    /// Goods given back, oldest first.
    async fn returns(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<OrderReturn>> {
        let returns = loaders::of(ctx).load_one(AllOf::<_, contract::OrderReturn>::new(self.0.id)).await?;
        Ok(returns.unwrap_or_default().into_iter().map(OrderReturn).collect())
    }
    /// When it was placed.
    async fn placed_at(&self) -> DateTime<Utc> {
        self.0.placed_at
    }
}

/// A line of an order.
pub struct OrderLine(Arc<contract::OrderLine>);

/// One variant in an order, as it was when placed (staff edits stand in the history).
#[Object]
impl OrderLine {
    /// Its id.
    async fn id(&self) -> GlobalId<OrderLineId> {
        GlobalId(self.0.id)
    }
    /// Place in the order.
    async fn position(&self) -> i32 {
        self.0.position
    }
    /// The variant as it is today; null when it is gone.
    async fn variant(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<ProductVariant>> {
        Ok(loaders::of(ctx).load_one::<VariantId>(self.0.variant_id).await?.map(ProductVariant))
    }
    /// SKU then.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Name then.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// How much, in the variant's unit.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// In which package.
    async fn package_slug(&self) -> Option<&str> {
        self.0.package.as_ref().map(|package| package.slug.as_str())
    }
    /// Price of one unit.
    async fn unit_price(&self) -> UnitPrice {
        self.0.unit_price.into()
    }
    /// The strategy's price, where staff set another.
    async fn list_unit_price(&self) -> Option<UnitPrice> {
        self.0.list_unit_price.map(Into::into)
    }
    /// Why staff set another price.
    async fn price_override_reason(&self) -> Option<&str> {
        self.0.price_override.as_ref().map(|set| set.reason.as_str())
    }
    /// Without tax.
    async fn net_total(&self) -> Money {
        self.0.net.into()
    }
    /// Its taxes.
    async fn tax_total(&self) -> Money {
        self.0.tax.into()
    }
    /// With tax.
    async fn grand_total(&self) -> Money {
        self.0.gross.into()
    }
    /// Taxes by kind.
    async fn taxes(&self) -> Vec<TaxLine> {
        self.0
            .taxes
            .iter()
            .map(|tax| TaxLine::of(&tax.name, &tax.jurisdiction, tax.rate_ppm, tax.amount))
            .collect()
    }
    /// Returned so far.
    async fn returned_quantity(&self) -> Quantity {
        Quantity(self.0.returned)
    }
}

/// An amount on an order that is not goods.
#[derive(SimpleObject)]
pub struct OrderCharge {
    /// Its id.
    pub id: GlobalId<OrderChargeId>,
    /// What for.
    pub kind: OrderChargeKind,
    /// For people.
    pub label: String,
    /// Without tax.
    pub net_total: Money,
    /// Its tax.
    pub tax_total: Money,
}

impl From<&contract::OrderCharge> for OrderCharge {
    fn from(charge: &contract::OrderCharge) -> Self {
        Self {
            id: GlobalId(charge.id),
            kind: charge.kind.into(),
            label: charge.label.clone(),
            net_total: charge.net.into(),
            tax_total: charge.tax.into(),
        }
    }
}

/// Something that happened to an order.
#[derive(SimpleObject)]
pub struct OrderHistoryEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// `placed`, `transition`, `edited`, `charged`, `returned`, `credited`.
    pub kind: String,
    /// State before; empty at placement.
    pub from_state: String,
    /// State after.
    pub to_state: String,
    /// Reason or summary.
    pub note: String,
}

impl From<&contract::OrderHistoryEntry> for OrderHistoryEntry {
    fn from(entry: &contract::OrderHistoryEntry) -> Self {
        Self {
            at: entry.at,
            actor: entry.actor.clone(),
            kind: entry.kind.clone(),
            from_state: entry.from_state.clone(),
            to_state: entry.to_state.clone(),
            note: entry.note.clone(),
        }
    }
}

/// Queries about orders.
#[derive(Default)]
pub struct OrderQuery;

#[Object]
impl OrderQuery {
    /// An order the caller may see; null otherwise.
    async fn order(&self, ctx: &Context<'_>, id: GlobalId<OrderId>) -> async_graphql::Result<Option<Order>> {
        Ok(loaders::of(ctx).load_one(id.0).await?.map(Order))
    }

    /// An order the caller may see, by its number; null otherwise.
    async fn order_by_number(
        &self,
        ctx: &Context<'_>,
        number: String,
    ) -> async_graphql::Result<Option<Order>> {
        let found = ctx.services().orders.find_by_number(&ctx.caller().ctx, &number).await;
        Ok(answer(ctx, found)?.map(|order| Order(Arc::new(order))))
    }

    /// Orders, newest first: staff all, employees their own or (with `orders.read_all`) the account's.
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        state: Option<String>,
        account_id: Option<GlobalId<AccountId>>,
        channel_id: Option<GlobalId<ChannelId>>,
        po_number: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Order>> {
        let page = page_request(first, after)?;
        let filter = OrderFilter {
            state,
            account_id: account_id.map(|id| id.0),
            channel_id: channel_id.map(|id| id.0),
            po_number,
        };
        let found = ctx.services().orders.list(&ctx.caller().ctx, &filter, page).await;
        Ok(connection(page, answer(ctx, found)?, |order| order.id.0, |order| Order(Arc::new(order))))
    }

    /// Credit notes, newest first: staff all, employees the account's.
    async fn credit_notes(
        &self,
        ctx: &Context<'_>,
        account_id: Option<GlobalId<AccountId>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, CreditNote>> {
        let page = page_request(first, after)?;
        let found =
            ctx.services().orders.credit_notes(&ctx.caller().ctx, account_id.map(|id| id.0), page).await;
        Ok(connection(page, answer(ctx, found)?, |note| note.id.0, |note| CreditNote(Arc::new(note))))
    }

    /// States and transitions of a channel's orders.
    async fn order_process(
        &self,
        ctx: &Context<'_>,
        channel_id: GlobalId<ChannelId>,
    ) -> async_graphql::Result<OrderProcess> {
        let process = ctx.services().orders.process(&ctx.caller().ctx, channel_id.0).await;
        Ok(answer(ctx, process)?.into())
    }
}
