//! What buyers (and staff for them) ask of and do with carts.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use vectis_contracts::carts::{
    self as contract, AddLine, AddressChoice, CartChange, CartDetails, CartTarget, VariantRef,
};
use vectis_kernel::Failure;
use vectis_kernel::ids::{AddressId, CartId, CartLineId, EmployeeId, VariantId};
use vectis_kernel::permission::staff;

use crate::accounts::PostalAddressInput;
use crate::caller::ContextExt;
use crate::carts::{Cart, CartErrorCode, OnDuplicate};
use crate::error::{UserError, answer, bad_input, outcome};
use crate::id::GlobalId;
use crate::paths::{pointed, renamed};
use crate::policy::{Access, TypePolicy};
use crate::scalars::{CurrencyCode, Decimal, Quantity};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Shopper, "myCart"), (Access::Public, "cart")]),
    (
        "Mutation",
        &[
            (
                Access::Shopper,
                "cartCreate cartLinesAdd cartLinesReplace cartLinesUpdate cartLinesRemove cartDetailsSet \
                 cartPricesAccept",
            ),
            (Access::SignedIn, "cartMergeGuest"),
            (Access::Staff(&staff::ORDERS_PRICE_OVERRIDE), "cartPricesOverride"),
        ],
    ),
];

/// Queries about carts.
#[derive(Default)]
pub struct CartQuery;

#[Object]
impl CartQuery {
    /// The caller's open cart in the channel; null when there is none yet.
    async fn my_cart(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Cart>> {
        let found = ctx.services().carts.find_mine(&ctx.caller().ctx).await;
        Ok(answer(ctx, found)?.map(Cart::new))
    }

    /// A cart the caller may see: the own, as an approver the account's, as staff any. Null otherwise.
    async fn cart(&self, ctx: &Context<'_>, id: GlobalId<CartId>) -> async_graphql::Result<Option<Cart>> {
        let found = ctx.services().carts.find(&ctx.caller().ctx, id.0).await;
        Ok(answer(ctx, found)?.map(Cart::new))
    }
}

/// What a cart command left behind.
#[derive(SimpleObject)]
pub struct CartPayload {
    /// The cart as it is now; null when the command was refused.
    pub cart: Option<Cart>,
    /// Ids of the lines added or touched, in the order of the input.
    pub line_ids: Vec<GlobalId<CartLineId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<CartErrorCode>>,
}

async fn payload(
    ctx: &Context<'_>,
    result: Result<Option<CartChange>, Failure<contract::CartCode>>,
) -> async_graphql::Result<CartPayload> {
    let (change, user_errors) = outcome(ctx, result)?;
    let Some(change) = change.flatten() else {
        return Ok(CartPayload { cart: None, line_ids: Vec::new(), user_errors });
    };
    // The cart is read back only for an answer given before, and when the client asks for it.
    let cart = match change.cart.0 {
        Some(written) => Some(Cart::new(Arc::unwrap_or_clone(written))),
        None if ctx.look_ahead().field("cart").exists() => {
            let found = ctx.services().carts.find(&ctx.caller().ctx, change.cart_id).await;
            answer(ctx, found)?.map(Cart::new)
        }
        None => None,
    };
    let line_ids = change.line_ids.into_iter().map(GlobalId).collect();
    Ok(CartPayload { cart, line_ids, user_errors })
}

/// A line to add. Exactly one of `sku` and `variantId`.
#[derive(InputObject)]
pub struct CartLineInput {
    /// Code of the variant.
    pub sku: Option<String>,
    /// Id of the variant.
    pub variant_id: Option<GlobalId<VariantId>>,
    /// How many: of packages when one is named, in the variant's unit otherwise.
    pub quantity: Quantity,
    /// Slug of one of the variant's packages.
    pub package: Option<String>,
}

fn add_lines(lines: Vec<CartLineInput>) -> async_graphql::Result<Vec<AddLine>> {
    let line = |(index, line): (usize, CartLineInput)| {
        let variant = match (line.sku, line.variant_id) {
            (Some(sku), None) => VariantRef::Sku(sku),
            (None, Some(id)) => VariantRef::Id(id.0),
            _ => return Err(bad_input(format!("lines.{index} needs exactly one of sku and variantId"))),
        };
        Ok(AddLine { variant, quantity: line.quantity.0, package: line.package })
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// A cart to make.
#[derive(InputObject)]
pub struct CartCreateInput {
    /// One of the channel's currencies; its base currency when left out.
    pub currency_code: Option<CurrencyCode>,
    /// Staff only: the employee in whose name.
    pub employee_id: Option<GlobalId<EmployeeId>>,
}

/// Lines to add, at most 10,000.
#[derive(InputObject)]
pub struct CartLinesAddInput {
    /// The cart; the caller's open cart when left out (made when there is none).
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The lines.
    pub lines: Vec<CartLineInput>,
    /// What to do with lines the cart has already.
    #[graphql(default_with = "OnDuplicate::Merge")]
    pub on_duplicate: OnDuplicate,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// All lines of the cart, at most 10,000.
#[derive(InputObject)]
pub struct CartLinesReplaceInput {
    /// The cart; the caller's open cart when left out.
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The lines.
    pub lines: Vec<CartLineInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// A new quantity of a line.
#[derive(InputObject)]
pub struct CartLineQuantityInput {
    /// The line.
    pub id: GlobalId<CartLineId>,
    /// Of packages where the line has one, in the variant's unit otherwise.
    pub quantity: Quantity,
}

/// New quantities, at most 10,000.
#[derive(InputObject)]
pub struct CartLinesUpdateInput {
    /// The cart; the caller's open cart when left out.
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The lines.
    pub lines: Vec<CartLineQuantityInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// Lines to remove, at most 10,000.
#[derive(InputObject)]
pub struct CartLinesRemoveInput {
    /// The cart; the caller's open cart when left out.
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The lines; all of them when left out.
    pub line_ids: Option<Vec<GlobalId<CartLineId>>>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// An address. Exactly one of the two.
#[derive(InputObject)]
pub struct AddressChoiceInput {
    /// One of the account's.
    pub address_id: Option<GlobalId<AddressId>>,
    /// As written.
    pub address: Option<PostalAddressInput>,
}

impl AddressChoiceInput {
    fn choice(self) -> async_graphql::Result<AddressChoice> {
        match (self.address_id, self.address) {
            (Some(id), None) => Ok(AddressChoice::Known(id.0)),
            (None, Some(address)) => Ok(AddressChoice::Written(address.into())),
            _ => Err(bad_input("an address needs exactly one of addressId and address")),
        }
    }
}

/// Details to set; what is left out stays.
#[derive(InputObject)]
pub struct CartDetailsSetInput {
    /// The cart; the caller's open cart when left out.
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The buyer's purchase-order number, at most 100 characters.
    pub po_number: Option<String>,
    /// The buyer's note, at most 2,000 characters.
    pub note: Option<String>,
    /// Where goods go.
    pub shipping_address: Option<AddressChoiceInput>,
    /// Where the invoice goes.
    pub billing_address: Option<AddressChoiceInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// Which cart.
#[derive(InputObject)]
pub struct CartPricesAcceptInput {
    /// The cart; the caller's open cart when left out.
    pub cart_id: Option<GlobalId<CartId>>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
}

/// A staff price of a line.
#[derive(InputObject)]
pub struct CartPriceOverrideInput {
    /// The line.
    pub line_id: GlobalId<CartLineId>,
    /// The price of one unit in the cart's currency; null takes the override away.
    pub unit_price: Option<Decimal>,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

/// Staff prices, at most 10,000.
#[derive(InputObject)]
pub struct CartPricesOverrideInput {
    /// The cart.
    pub cart_id: GlobalId<CartId>,
    /// Refuse unless the cart is at this version.
    pub version: Option<i64>,
    /// The lines.
    pub lines: Vec<CartPriceOverrideInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// The guest token of the cart to take over.
#[derive(InputObject)]
pub struct CartMergeGuestInput {
    /// The token sent as `X-Guest-Token` before signing in.
    pub guest_token: String,
}

fn target(cart_id: Option<GlobalId<CartId>>, version: Option<i64>) -> CartTarget {
    CartTarget { cart_id: cart_id.map(|id| id.0), version }
}

/// Commands on carts.
#[derive(Default)]
pub struct CartMutation;

#[Object]
impl CartMutation {
    /// Makes an empty cart beside any the caller has.
    async fn cart_create(
        &self,
        ctx: &Context<'_>,
        input: CartCreateInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(None)?;
        let currency = input.currency_code.map(|code| code.0).or(ctx.caller().currency);
        let done =
            ctx.services().carts.cart_create(&command, currency, input.employee_id.map(|id| id.0)).await;
        let done = renamed(done, &[("currency", "currencyCode"), ("for_employee", "employeeId")]);
        payload(ctx, done.map(Some)).await
    }

    /// Adds up to 10,000 lines. All bad lines are named at once; then nothing is written.
    async fn cart_lines_add(
        &self,
        ctx: &Context<'_>,
        input: CartLinesAddInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let lines = add_lines(input.lines)?;
        let target = target(input.cart_id, input.version);
        let done = ctx.services().carts.lines_add(&command, target, lines, input.on_duplicate.into()).await;
        payload(ctx, done.map(Some)).await
    }

    /// Replaces all lines.
    async fn cart_lines_replace(
        &self,
        ctx: &Context<'_>,
        input: CartLinesReplaceInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let lines = add_lines(input.lines)?;
        let done =
            ctx.services().carts.lines_replace(&command, target(input.cart_id, input.version), lines).await;
        payload(ctx, done.map(Some)).await
    }

    /// Sets quantities of lines.
    async fn cart_lines_update(
        &self,
        ctx: &Context<'_>,
        input: CartLinesUpdateInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let quantities = input.lines.into_iter().map(|line| (line.id.0, line.quantity.0)).collect();
        let done = ctx
            .services()
            .carts
            .lines_update(&command, target(input.cart_id, input.version), quantities)
            .await;
        let done = renamed(done, &[("line_id", "id")]);
        payload(ctx, done.map(Some)).await
    }

    /// Removes lines, or all of them.
    async fn cart_lines_remove(
        &self,
        ctx: &Context<'_>,
        input: CartLinesRemoveInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let ids = input.line_ids.map(|ids| ids.into_iter().map(|id| id.0).collect());
        let done =
            ctx.services().carts.lines_remove(&command, target(input.cart_id, input.version), ids).await;
        // The input has plain ids where the contract speaks of lines.
        let done = pointed(done, |_, mut path| {
            if path.first().is_some_and(|first| first == "lines") {
                path.truncate(2);
                path[0] = "lineIds".to_owned();
            }
            path
        });
        payload(ctx, done.map(Some)).await
    }

    /// Sets purchase-order number, note and addresses.
    async fn cart_details_set(
        &self,
        ctx: &Context<'_>,
        input: CartDetailsSetInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let details = CartDetails {
            po_number: input.po_number,
            note: input.note,
            shipping_address: input.shipping_address.map(AddressChoiceInput::choice).transpose()?,
            billing_address: input.billing_address.map(AddressChoiceInput::choice).transpose()?,
        };
        let done =
            ctx.services().carts.details_set(&command, target(input.cart_id, input.version), details).await;
        payload(ctx, done.map(Some)).await
    }

    /// Accepts the prices as they are now.
    async fn cart_prices_accept(
        &self,
        ctx: &Context<'_>,
        input: CartPricesAcceptInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(None)?;
        let done = ctx.services().carts.prices_accept(&command, target(input.cart_id, input.version)).await;
        payload(ctx, done.map(Some)).await
    }

    /// Sets or takes away staff prices of lines of an open cart, with a reason each.
    async fn cart_prices_override(
        &self,
        ctx: &Context<'_>,
        input: CartPricesOverrideInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let overrides = input
            .lines
            .into_iter()
            .map(|line| contract::OverridePrice {
                line_id: line.line_id.0,
                unit_price: line.unit_price.map(|price| price.0),
                reason: line.reason,
            })
            .collect();
        let target = target(Some(input.cart_id), input.version);
        let done = ctx.services().carts.prices_override(&command, target, overrides).await;
        payload(ctx, done.map(Some)).await
    }

    /// After signing in: moves the lines of the guest's cart into the caller's.
    async fn cart_merge_guest(
        &self,
        ctx: &Context<'_>,
        input: CartMergeGuestInput,
    ) -> async_graphql::Result<CartPayload> {
        let command = ctx.command(None)?;
        let guest =
            crate::caller::guest_hash(&input.guest_token).ok_or_else(|| bad_input("not a guest token"))?;
        let done = ctx.services().carts.merge_guest(&command, &guest).await;
        payload(ctx, done).await
    }
}
