//! The steps of a cart's life, in the transaction of the orders' use cases. Their audit records are the orders'.

use vectis_contracts::Tx;
use vectis_contracts::carts::{Cart, CartCode, CartStatus};
use vectis_db::outbox;
use vectis_kernel::ids::{ApprovalRequestId, CartId, OrderId};
use vectis_kernel::{Ctx, Failure};

use crate::store::{self, Step};
use crate::{events, owner};

/// Open or blocked → submitted.
pub(crate) async fn submit(
    tx: &mut Tx,
    ctx: &Ctx,
    cart: &Cart,
    request_id: ApprovalRequestId,
) -> Result<(), Failure<CartCode>> {
    let from = [CartStatus::Open, CartStatus::Blocked];
    take_step(tx, ctx, cart, &from, Step::Submit(request_id)).await
}

/// Open, submitted or blocked → placed.
pub(crate) async fn mark_placed(
    tx: &mut Tx,
    ctx: &Ctx,
    cart: &Cart,
    order_id: OrderId,
) -> Result<(), Failure<CartCode>> {
    let from = [CartStatus::Open, CartStatus::Submitted, CartStatus::Blocked];
    take_step(tx, ctx, cart, &from, Step::Place(order_id)).await
}

/// Submitted → blocked.
pub(crate) async fn mark_blocked(tx: &mut Tx, ctx: &Ctx, cart: &Cart) -> Result<(), Failure<CartCode>> {
    take_step(tx, ctx, cart, &[CartStatus::Submitted], Step::Block).await?;
    outbox::append(tx, ctx, &[events::cart_blocked(cart)]).await?;
    Ok(())
}

/// Submitted or blocked → open.
pub(crate) async fn reopen(tx: &mut Tx, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<CartCode>> {
    if store::reopen(tx, cart_id, ctx.now()).await? {
        return Ok(());
    }
    let status = store::find_status(tx, cart_id).await?;
    let status = status.ok_or_else(owner::not_found)?;
    Err(wrong_status(status))
}

async fn take_step(
    tx: &mut Tx,
    ctx: &Ctx,
    cart: &Cart,
    from: &[CartStatus],
    step: Step,
) -> Result<(), Failure<CartCode>> {
    if !from.contains(&cart.status) {
        return Err(wrong_status(cart.status));
    }
    if store::step(tx, cart, step, ctx.now()).await? {
        return Ok(());
    }
    let status = store::find_status(tx, cart.id).await?;
    let status = status.ok_or_else(owner::not_found)?;
    if status == cart.status {
        let message = "somebody else has changed the cart since";
        Err(Failure::at(CartCode::StaleVersion, "cart_id", message))
    } else {
        Err(wrong_status(status))
    }
}

/// The refusal for a cart that is in this status and should not be.
pub(crate) fn wrong_status(status: CartStatus) -> Failure<CartCode> {
    let is = match status {
        CartStatus::Open => "open",
        CartStatus::Submitted => "waiting for approval",
        CartStatus::Blocked => "approved but blocked",
        CartStatus::Placed => "an order already",
    };
    Failure::at(CartCode::CartNotOpen, "cart_id", format!("the cart is {is}"))
}
