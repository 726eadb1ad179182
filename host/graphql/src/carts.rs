//! Carts: query, types, mutations.

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::carts as contract;
use vectis_contracts::channels::Channel;
use vectis_contracts::priced_cart::{BuyerFacts, PricedCart, PricedLine};
use vectis_contracts::shopper::find_owner;
use vectis_kernel::ids::{CartId, CartLineId};

use crate::accounts::PostalAddress;
use crate::approvals::ApprovalRequest;
use crate::caller::ContextExt;
use crate::catalog::ProductVariant;
use crate::error::{answer, bad_input};
use crate::id::GlobalId;
use crate::loaders;
use crate::orders::Order;
use crate::policy::{Access, TypePolicy};
use crate::scalars::{CurrencyCode, Decimal, Money, Quantity, UnitPrice};

pub(crate) const POLICY: &[TypePolicy] = &[
    (
        "Cart",
        &[(
            Access::Owner,
            "id status version currencyCode poNumber note shippingAddress billingAddress lineCount totalQuantity \
             lines netTotal taxTotal grandTotal taxes hasPriceChanges approvalRequest order createdAt updatedAt",
        )],
    ),
    (
        "CartLine",
        &[(
            Access::Owner,
            "id position variant sku quantity packageSlug packageQuantity unitPrice listUnitPrice shownUnitPrice \
             isPriceChanged priceOverrideReason netTotal taxTotal grandTotal taxes",
        )],
    ),
    ("TaxLine", &[(Access::Owner, "name jurisdiction ratePercent amount")]),
];

/// How far a cart has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::CartStatus")]
pub enum CartStatus {
    /// May be edited.
    Open,
    /// Waits for approval; frozen.
    Submitted,
    /// Approved, but stock or prices moved before it could be placed.
    Blocked,
    /// Became an order.
    Placed,
}

/// What to do with a line whose variant and package the cart has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::OnDuplicate")]
pub enum OnDuplicate {
    /// Add to the quantity of the line there.
    Merge,
    /// Make a line of its own.
    Separate,
}

/// Why a cart command was refused. Bulk commands name every bad line at once; nothing is written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::CartCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum CartErrorCode {
    Forbidden,
    CartNotFound,
    ChannelUnavailable,
    AccountNotActive,
    CartNotOpen,
    StaleVersion,
    UnknownVariant,
    UnknownPackage,
    UnknownLine,
    InvalidQuantity,
    NotAMultiple,
    BelowMinimum,
    AboveMaximum,
    TooManyLines,
    NoPrice,
    StrategyFailed,
    UnknownCurrency,
    AddressNotFound,
    InvalidInput,
}

/// A cart, priced and taxed when asked for.
pub struct Cart(pub(crate) contract::Cart, tokio::sync::OnceCell<Arc<PricedCart>>);

impl Cart {
    pub(crate) fn new(cart: contract::Cart) -> Self {
        Self(cart, tokio::sync::OnceCell::new())
    }

    /// Prices the cart, once per request, whatever is asked of it.
    pub(crate) async fn priced(&self, ctx: &Context<'_>) -> async_graphql::Result<&Arc<PricedCart>> {
        self.1.get_or_try_init(|| price(ctx, &self.0)).await
    }
}

async fn price(ctx: &Context<'_>, cart: &contract::Cart) -> async_graphql::Result<Arc<PricedCart>> {
    let (channel, buyer) = surroundings(ctx, cart).await?;
    let (services, caller) = (ctx.services(), ctx.caller());
    let priced = services.cart_pricer.price(&caller.ctx, cart.clone(), &channel, &buyer).await;
    Ok(Arc::new(answer(ctx, priced)?))
}

/// Where a cart is, and who buys.
pub(crate) async fn surroundings(
    ctx: &Context<'_>,
    cart: &contract::Cart,
) -> async_graphql::Result<(Arc<Channel>, BuyerFacts)> {
    let (services, caller) = (ctx.services(), ctx.caller());
    let channel = match &caller.channel {
        Some(channel) if channel.id == cart.channel_id => channel.clone(),
        _ => loaders::of(ctx)
            .load_one(cart.channel_id)
            .await?
            .ok_or_else(|| bad_input("the cart's channel is gone"))?,
    };
    let membership = match (&cart.owner, &caller.membership) {
        (contract::CartOwner::Employee { employee_id, .. }, Some(mine))
            if mine.employee.id == *employee_id =>
        {
            Some(BuyerFacts::from(&**mine))
        }
        (owner, _) => answer(ctx, find_owner(&caller.ctx, &*services.accounts, owner).await)?
            .as_ref()
            .map(BuyerFacts::from),
    };
    Ok((channel, membership.unwrap_or_default()))
}

/// An editable intention to buy.
#[Object]
impl Cart {
    /// Its id.
    async fn id(&self) -> GlobalId<CartId> {
        GlobalId(self.0.id)
    }
    /// How far it has come.
    async fn status(&self) -> CartStatus {
        self.0.status.into()
    }
    /// Changes with each write; send it back to be sure nobody wrote in between.
    async fn version(&self) -> i64 {
        self.0.version
    }
    /// Currency of all its prices.
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
    /// Where goods go; the location's default address when absent.
    async fn shipping_address(&self) -> Option<PostalAddress> {
        self.0.shipping_address.clone().map(PostalAddress)
    }
    /// Where the invoice goes; the shipping address when absent.
    async fn billing_address(&self) -> Option<PostalAddress> {
        self.0.billing_address.clone().map(PostalAddress)
    }
    /// Number of lines.
    async fn line_count(&self) -> usize {
        self.0.lines.len()
    }
    /// Sum of all quantities.
    async fn total_quantity(&self) -> Quantity {
        let sum = self.0.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.quantity.milli()));
        Quantity(vectis_kernel::Quantity::from_milli(sum))
    }
    /// Its lines by position, at most 10,000, priced and taxed now.
    async fn lines(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<CartLine>> {
        let priced = self.priced(ctx).await?;
        Ok((0..priced.lines.len()).map(|index| CartLine { cart: priced.clone(), index }).collect())
    }
    /// Sum of the lines without tax.
    async fn net_total(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        Ok(self.priced(ctx).await?.net.into())
    }
    /// Sum of all taxes.
    async fn tax_total(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        Ok(self.priced(ctx).await?.tax.into())
    }
    /// Everything to pay.
    async fn grand_total(&self, ctx: &Context<'_>) -> async_graphql::Result<Money> {
        Ok(self.priced(ctx).await?.gross.into())
    }
    /// Taxes of the whole cart by kind.
    async fn taxes(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TaxLine>> {
        let priced = self.priced(ctx).await?;
        let mut sums = vec![vectis_kernel::Money::zero(priced.cart.currency); priced.tax_kinds.len()];
        for (kind, amount) in priced.lines.iter().flat_map(|line| &line.taxed.parts) {
            sums[*kind] = sums[*kind].plus(*amount).map_err(|error| bad_input(error.to_string()))?;
        }
        Ok(priced.tax_kinds.iter().zip(sums).map(|(kind, sum)| TaxLine::new(kind, sum)).collect())
    }
    /// Whether any price differs from what was last shown; `cartPricesAccept` accepts them all.
    async fn has_price_changes(&self, ctx: &Context<'_>) -> async_graphql::Result<bool> {
        Ok(self.priced(ctx).await?.lines.iter().any(|line| line.is_price_changed))
    }
    /// The approval it waits for or had.
    async fn approval_request(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<ApprovalRequest>> {
        let Some(id) = self.0.approval_request_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(ApprovalRequest))
    }
    /// The order it became.
    async fn order(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Order>> {
        let Some(id) = self.0.order_id else { return Ok(None) };
        Ok(loaders::of(ctx).load_one(id).await?.map(Order))
    }
    /// Since when.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Last write.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A line of a cart.
pub struct CartLine {
    cart: Arc<PricedCart>,
    index: usize,
}

impl CartLine {
    fn raw(&self) -> &contract::CartLine {
        &self.cart.cart.lines[self.index]
    }

    fn priced(&self) -> &PricedLine {
        &self.cart.lines[self.index]
    }
}

/// One variant in a cart, with today's price and taxes.
#[Object]
impl CartLine {
    /// Its id.
    async fn id(&self) -> GlobalId<CartLineId> {
        GlobalId(self.raw().id)
    }
    /// Place in the cart, rising.
    async fn position(&self) -> i32 {
        self.raw().position
    }
    /// What is bought; null when it is gone from the catalogue.
    async fn variant(&self) -> Option<ProductVariant> {
        self.priced().variant.clone().map(ProductVariant)
    }
    /// Code of the variant; empty when it is gone.
    async fn sku(&self) -> &str {
        self.priced().variant.as_ref().map_or("", |variant| &variant.sku)
    }
    /// How much, in the variant's unit, packages multiplied out.
    async fn quantity(&self) -> Quantity {
        Quantity(self.raw().quantity)
    }
    /// Package it was chosen in.
    async fn package_slug(&self) -> Option<&str> {
        self.raw().package.as_ref().map(|package| package.slug.as_str())
    }
    /// How many packages.
    async fn package_quantity(&self) -> Option<Quantity> {
        let line = self.raw();
        let package = line.package.as_ref()?;
        let count = line.quantity.to_decimal() / package.multiplier.to_decimal();
        vectis_kernel::Quantity::from_decimal(count).map(Quantity)
    }
    /// What is charged per unit now.
    async fn unit_price(&self) -> UnitPrice {
        self.priced().unit_price.into()
    }
    /// The strategy's price; null when it has none (expired, not in this currency).
    async fn list_unit_price(&self) -> Option<UnitPrice> {
        self.priced().quoted.map(|quote| quote.unit_price.into())
    }
    /// The price last shown and accepted.
    async fn shown_unit_price(&self) -> UnitPrice {
        self.raw().shown_unit_price.into()
    }
    /// Whether the price differs from what was last shown.
    async fn is_price_changed(&self) -> bool {
        self.priced().is_price_changed
    }
    /// Why staff set another price.
    async fn price_override_reason(&self) -> Option<&str> {
        self.raw().price_override.as_ref().map(|set| set.reason.as_str())
    }
    /// Without tax.
    async fn net_total(&self) -> Money {
        self.priced().taxed.net.into()
    }
    /// Its taxes.
    async fn tax_total(&self) -> Money {
        self.priced().taxed.tax.into()
    }
    /// With tax.
    async fn grand_total(&self) -> Money {
        self.priced().taxed.gross.into()
    }
    /// Taxes by kind.
    async fn taxes(&self) -> Vec<TaxLine> {
        let kinds = &self.cart.tax_kinds;
        self.priced().taxed.parts.iter().map(|(kind, amount)| TaxLine::new(&kinds[*kind], *amount)).collect()
    }
}

/// A tax of one kind.
#[derive(Clone, Debug, SimpleObject)]
pub struct TaxLine {
    /// For people: `VAT`.
    pub name: String,
    /// Which authority: `GB`.
    pub jurisdiction: String,
    /// Rate in percent: `"20"`; `"0"` for taxes per unit.
    pub rate_percent: Decimal,
    /// How much.
    pub amount: Money,
}

impl TaxLine {
    fn new(kind: &vectis_contracts::points::TaxKind, amount: vectis_kernel::Money) -> Self {
        Self::of(&kind.name, &kind.jurisdiction, kind.rate_ppm, amount)
    }

    pub(crate) fn of(name: &str, jurisdiction: &str, rate_ppm: i64, amount: vectis_kernel::Money) -> Self {
        Self {
            name: name.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            rate_percent: Decimal(rust_decimal::Decimal::new(rate_ppm, 4).normalize()),
            amount: amount.into(),
        }
    }
}
