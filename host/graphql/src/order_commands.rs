//! Placing orders, and what staff do with placed ones.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use vectis_contracts::orders::{
    self as contract, AddCharge, CreateReturn, EditLine, IssueCreditNote, PlaceOrder,
};
use vectis_kernel::ids::{AccountId, CartId, ChannelId, OrderId, OrderLineId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Failure, Money as KernelMoney};

use crate::approvals::ApprovalRequest;
use crate::caller::ContextExt;
use crate::carts::Cart;
use crate::error::{UserError, answer, bad_input, outcome};
use crate::id::GlobalId;
use crate::loaders::{self, just_written};
use crate::orders::{Order, OrderChargeKind, OrderErrorCode, PlaceErrorCode};
use crate::paths::{by_code, renamed};
use crate::policy::{Access, TypePolicy};
use crate::returns::CreditNote;
use crate::scalars::{CurrencyCode, Decimal, MoneyInput, Quantity};

pub(crate) const POLICY: &[TypePolicy] = &[(
    "Mutation",
    &[
        (Access::Shopper, "cartSubmit orderPlace"),
        (Access::SignedIn, "orderTransition"),
        (
            Access::Staff(&staff::ORDERS_WRITE),
            "orderLinesEdit orderChargesAdd orderReturnCreate creditNoteIssue",
        ),
    ],
)];

/// A cart to submit or place.
#[derive(InputObject)]
pub struct OrderPlaceInput {
    /// The cart.
    pub cart_id: GlobalId<CartId>,
    /// Its version as last seen; refused when it has changed since.
    pub cart_version: i64,
    /// The total as last seen; refused when it differs.
    pub expected_total: Option<MoneyInput>,
    /// Same key, same answer, one order; 7 days.
    pub idempotency_key: String,
}

/// What became of a submitted cart.
#[derive(SimpleObject)]
pub struct CartSubmitPayload {
    /// The cart.
    pub cart: Option<Cart>,
    /// The order, when nothing stood against placing it at once.
    pub order: Option<Order>,
    /// The approval it waits for otherwise.
    pub approval_request: Option<ApprovalRequest>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PlaceErrorCode>>,
}

/// What became of a cart to be placed.
#[derive(SimpleObject)]
pub struct OrderPlacePayload {
    /// The order.
    pub order: Option<Order>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PlaceErrorCode>>,
}

/// What a change left behind.
#[derive(SimpleObject)]
pub struct OrderPayload {
    /// The order as it is now; null when the change was refused.
    pub order: Option<Order>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<OrderErrorCode>>,
}

/// A step along the order's process.
#[derive(InputObject)]
pub struct OrderTransitionInput {
    /// The order.
    pub id: GlobalId<OrderId>,
    /// Refuse unless the order is at this version.
    pub version: Option<i64>,
    /// Name of the transition: `fulfill`, `cancel`.
    pub transition: String,
    /// Why, at most 500 characters; stands in the history.
    #[graphql(default)]
    pub reason: String,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// A change of a line.
#[derive(InputObject)]
pub struct OrderLineEditInput {
    /// The line.
    pub id: GlobalId<OrderLineId>,
    /// New quantity; `0` removes the line.
    pub quantity: Option<Quantity>,
    /// New price of one unit; needs `orders.price_override`.
    pub unit_price: Option<Decimal>,
}

/// Changes of lines, at most 10,000.
#[derive(InputObject)]
pub struct OrderLinesEditInput {
    /// The order.
    pub id: GlobalId<OrderId>,
    /// The order's version as last seen.
    pub version: i64,
    /// The lines.
    pub lines: Vec<OrderLineEditInput>,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// A charge to add.
#[derive(InputObject)]
pub struct OrderChargeInput {
    /// What for.
    pub kind: OrderChargeKind,
    /// 1 to 200 characters.
    pub label: String,
    /// In the order's currency; negative only for discounts and manual amounts.
    pub amount: MoneyInput,
    /// Taxed like a line of this category; untaxed when left out.
    pub tax_category: Option<String>,
}

/// Charges to add, at most 10,000.
#[derive(InputObject)]
pub struct OrderChargesAddInput {
    /// The order.
    pub id: GlobalId<OrderId>,
    /// The charges.
    pub charges: Vec<OrderChargeInput>,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// What happens to goods given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::Restock")]
pub enum Restock {
    /// Back on the shelf.
    OnHand,
    /// Written off.
    WriteOff,
}

/// Goods of a line to take back.
#[derive(InputObject)]
pub struct OrderReturnLineInput {
    /// The line.
    pub order_line_id: GlobalId<OrderLineId>,
    /// How much, in the variant's unit.
    pub quantity: Quantity,
}

/// Goods to take back, at most 10,000 lines.
#[derive(InputObject)]
pub struct OrderReturnCreateInput {
    /// The order.
    pub order_id: GlobalId<OrderId>,
    /// What, and how much.
    pub lines: Vec<OrderReturnLineInput>,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// An outside document's number.
    #[graphql(default)]
    pub reference: String,
    /// What happens to the goods.
    pub restock: Restock,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// What a return left behind.
#[derive(SimpleObject)]
pub struct OrderReturnCreatePayload {
    /// The order as it is now, with its returns.
    pub order: Option<Order>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<OrderErrorCode>>,
}

/// A line of a credit note.
#[derive(InputObject)]
pub struct CreditNoteLineInput {
    /// 1 to 200 characters.
    pub label: String,
    /// Goods, by SKU.
    pub sku: Option<String>,
    /// How much; 1 for plain amounts.
    pub quantity: Quantity,
    /// Per unit. Positive gives money back, negative claims it.
    pub unit_price: Decimal,
}

/// A credit note without an order.
#[derive(InputObject)]
pub struct CreditNoteIssueInput {
    /// The channel.
    pub channel_id: GlobalId<ChannelId>,
    /// Whose; null for walk-ins.
    pub account_id: Option<GlobalId<AccountId>>,
    /// Currency of all amounts.
    pub currency_code: CurrencyCode,
    /// Why; 1 to 500 characters.
    pub reason: String,
    /// An outside document's number.
    #[graphql(default)]
    pub reference: String,
    /// 1 to 10,000 lines.
    pub lines: Vec<CreditNoteLineInput>,
    /// What happens to goods named by SKU.
    pub restock: Restock,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// What became of a credit note.
#[derive(SimpleObject)]
pub struct CreditNoteIssuePayload {
    /// The credit note.
    pub credit_note: Option<CreditNote>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<OrderErrorCode>>,
}

fn place_order(input: &OrderPlaceInput) -> async_graphql::Result<PlaceOrder> {
    let expected_total = input.expected_total.map(|total| total.money().map_err(bad_input)).transpose()?;
    Ok(PlaceOrder { cart_id: input.cart_id.0, cart_version: input.cart_version, expected_total })
}

/// The field of an `OrderPlaceInput` that a refusal about the whole means.
fn place_field(code: contract::PlaceCode) -> Option<&'static str> {
    use contract::PlaceCode;
    match code {
        PlaceCode::CartNotFound | PlaceCode::CartNotOpen | PlaceCode::CartEmpty => Some("cartId"),
        PlaceCode::StaleVersion => Some("cartVersion"),
        PlaceCode::TotalChanged => Some("expectedTotal"),
        _ => None,
    }
}

/// The same for commands on an order; `id` is what the input calls the order.
fn order_field(id: &'static str) -> impl Fn(contract::OrderCode) -> Option<&'static str> {
    move |code| match code {
        contract::OrderCode::OrderNotFound => Some(id),
        contract::OrderCode::StaleVersion => Some("version"),
        _ => None,
    }
}

async fn load_order(ctx: &Context<'_>, id: Option<OrderId>) -> async_graphql::Result<Option<Order>> {
    match id {
        Some(id) => Ok(loaders::of(ctx).load_one(id).await?.map(Order)),
        None => Ok(None),
    }
}

/// The order behind a command that says nothing but that it was done.
async fn changed(
    ctx: &Context<'_>,
    id: OrderId,
    result: Result<(), Failure<contract::OrderCode>>,
) -> async_graphql::Result<OrderPayload> {
    let (done, user_errors) = outcome(ctx, by_code(result, order_field("id")))?;
    let order = load_order(ctx, done.map(|()| id)).await?;
    Ok(OrderPayload { order, user_errors })
}

/// Commands on orders.
#[derive(Default)]
pub struct OrderMutation;

#[Object]
impl OrderMutation {
    /// Submits a cart: placed at once, or, when the approval strategy asks for approvals, frozen until they are given.
    async fn cart_submit(
        &self,
        ctx: &Context<'_>,
        input: OrderPlaceInput,
    ) -> async_graphql::Result<CartSubmitPayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let done = ctx.services().orders.cart_submit(&command, place_order(&input)?).await;
        let (submitted, user_errors) = outcome(ctx, by_code(done, place_field))?;
        let Some(submitted) = submitted else {
            return Ok(CartSubmitPayload { cart: None, order: None, approval_request: None, user_errors });
        };
        let cart = if ctx.look_ahead().field("cart").exists() {
            answer(ctx, ctx.services().carts.find(&command, submitted.cart_id).await)?.map(Cart::new)
        } else {
            None
        };
        let approval_request =
            just_written(ctx, submitted.approval_request, submitted.approval_request_id).await?;
        let order = just_written(ctx, submitted.order, submitted.order_id).await?;
        let (order, approval_request) = (order.map(Order), approval_request.map(ApprovalRequest));
        Ok(CartSubmitPayload { cart, order, approval_request, user_errors })
    }

    /// Places a cart now, or refuses.
    async fn order_place(
        &self,
        ctx: &Context<'_>,
        input: OrderPlaceInput,
    ) -> async_graphql::Result<OrderPlacePayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let done = ctx.services().orders.order_place(&command, place_order(&input)?).await;
        let (placed, user_errors) = outcome(ctx, by_code(done, place_field))?;
        let order = match placed {
            Some(placed) => just_written(ctx, placed.order, placed.order_id).await?.map(Order),
            None => None,
        };
        Ok(OrderPlacePayload { order, user_errors })
    }

    /// Moves an order along a transition of its process.
    async fn order_transition(
        &self,
        ctx: &Context<'_>,
        input: OrderTransitionInput,
    ) -> async_graphql::Result<OrderPayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let orders = &ctx.services().orders;
        let done = orders
            .order_transition(&command, input.id.0, input.version, &input.transition, &input.reason)
            .await;
        changed(ctx, input.id.0, done).await
    }

    /// Changes quantities and prices of lines of an order that is still editable.
    async fn order_lines_edit(
        &self,
        ctx: &Context<'_>,
        input: OrderLinesEditInput,
    ) -> async_graphql::Result<OrderPayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let changes = input
            .lines
            .into_iter()
            .map(|line| EditLine {
                line_id: line.id.0,
                quantity: line.quantity.map(|quantity| quantity.0),
                unit_price: line.unit_price.map(|price| price.0),
            })
            .collect();
        let orders = &ctx.services().orders;
        let done = orders.order_lines_edit(&command, input.id.0, input.version, changes, &input.reason).await;
        changed(ctx, input.id.0, renamed(done, &[("lineId", "id")])).await
    }

    /// Adds amounts that are not goods: postage, fees, discounts.
    async fn order_charges_add(
        &self,
        ctx: &Context<'_>,
        input: OrderChargesAddInput,
    ) -> async_graphql::Result<OrderPayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let charges = input
            .charges
            .into_iter()
            .map(|charge| {
                let amount: KernelMoney = charge.amount.money().map_err(bad_input)?;
                Ok(AddCharge {
                    kind: charge.kind.into(),
                    label: charge.label,
                    amount,
                    tax_category: charge.tax_category,
                })
            })
            .collect::<async_graphql::Result<Vec<_>>>()?;
        let done =
            ctx.services().orders.order_charges_add(&command, input.id.0, charges, &input.reason).await;
        changed(ctx, input.id.0, done).await
    }

    /// Takes goods back and credits them in proportion to what was charged.
    async fn order_return_create(
        &self,
        ctx: &Context<'_>,
        input: OrderReturnCreateInput,
    ) -> async_graphql::Result<OrderReturnCreatePayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let create = CreateReturn {
            order_id: input.order_id.0,
            lines: input.lines.into_iter().map(|line| (line.order_line_id.0, line.quantity.0)).collect(),
            reason: input.reason,
            reference: input.reference,
            restock: input.restock.into(),
        };
        let done = ctx.services().orders.return_create(&command, create).await;
        let done = by_code(renamed(done, &[("lineId", "orderLineId")]), order_field("orderId"));
        let (done, user_errors) = outcome(ctx, done)?;
        let order = load_order(ctx, done.map(|_| input.order_id.0)).await?;
        Ok(OrderReturnCreatePayload { order, user_errors })
    }

    /// Issues a credit note without an order behind it.
    async fn credit_note_issue(
        &self,
        ctx: &Context<'_>,
        input: CreditNoteIssueInput,
    ) -> async_graphql::Result<CreditNoteIssuePayload> {
        let command = ctx.command(Some(&input.idempotency_key))?;
        let issue = IssueCreditNote {
            channel_id: input.channel_id.0,
            account_id: input.account_id.map(|id| id.0),
            currency: input.currency_code.0,
            reason: input.reason,
            reference: input.reference,
            lines: input
                .lines
                .into_iter()
                .map(|line| contract::IssueCreditNoteLine {
                    label: line.label,
                    sku: line.sku,
                    quantity: line.quantity.0,
                    unit_price: line.unit_price.0,
                })
                .collect(),
            restock: input.restock.into(),
        };
        let done = ctx.services().orders.credit_note_issue(&command, issue).await;
        let (issued, user_errors) = outcome(ctx, renamed(done, &[("currency", "currencyCode")]))?;
        let credit_note = match issued {
            Some(id) => {
                let notes = ctx.services().orders.credit_notes_by_id(&command, &[id]).await;
                answer(ctx, notes)?.pop().map(|note| CreditNote(Arc::new(note)))
            }
            None => None,
        };
        Ok(CreditNoteIssuePayload { credit_note, user_errors })
    }
}
