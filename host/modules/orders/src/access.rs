//! Who may see and do what. Pure.

use vectis_contracts::carts::CartOwner;
use vectis_contracts::just_written::JustWritten;
use vectis_contracts::orders::{Order, OrderCode, PlaceCode};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure, Permission};

/// Whether a cart or order is the caller's own.
pub(crate) fn is_own(ctx: &Ctx, owner: &CartOwner) -> bool {
    match (&ctx.actor, owner) {
        (Actor::Buyer(buyer), CartOwner::Employee { employee_id, .. }) => buyer.employee_id == *employee_id,
        (Actor::Customer { login_id }, CartOwner::Customer(customer)) => login_id == customer,
        (Actor::Anonymous { guest: Some(guest) }, CartOwner::Guest(hash)) => guest == hash,
        _ => false,
    }
}

/// Whether a buyer of the same account holds the key.
pub(crate) fn may_in_account(ctx: &Ctx, owner: &CartOwner, permission: &Permission) -> bool {
    match (&ctx.actor, owner) {
        (Actor::Buyer(buyer), CartOwner::Employee { account_id, .. }) => {
            buyer.account_id == *account_id && ctx.may(permission)
        }
        _ => false,
    }
}

/// Whether the caller may read an order: staff all, employees the own or with `orders.read_all` the account's, customers
/// and guests the own.
pub(crate) fn may_read(ctx: &Ctx, owner: &CartOwner) -> bool {
    is_own(ctx, owner)
        || may_in_account(ctx, owner, &buyer::ORDERS_READ_ALL)
        || ctx.is_staff() && ctx.may(&staff::ORDERS_READ)
}

/// An order just written, for a caller who may read it.
pub(crate) fn visible(ctx: &Ctx, order: Order) -> JustWritten<Order> {
    if may_read(ctx, &order.buyer) { order.into() } else { JustWritten::default() }
}

/// Whether the caller may know of a cart, which is a little more than of an order: approvers see the account's.
pub(crate) fn may_see_cart(ctx: &Ctx, owner: &CartOwner) -> bool {
    may_read(ctx, owner)
        || may_in_account(ctx, owner, &buyer::APPROVE)
        || ctx.is_staff() && ctx.may(&staff::ORDERS_PLACE_FOR)
}

/// Whether the caller may order at all: buyers with `orders.place`, staff with `orders.place_for`. What customers and
/// guests may is the channel's business.
pub(crate) fn must_order(ctx: &Ctx) -> Result<(), Failure<PlaceCode>> {
    let needed = match &ctx.actor {
        Actor::Buyer(_) => &buyer::ORDER,
        Actor::Staff(_) => &staff::ORDERS_PLACE_FOR,
        Actor::Customer { .. } | Actor::Anonymous { .. } | Actor::System { .. } => return Ok(()),
    };
    if ctx.may(needed) {
        return Ok(());
    }
    let message = format!("placing orders needs the permission {needed}");
    Err(Failure::refused(PlaceCode::Forbidden, message))
}

/// Staff (or the platform itself) with the key.
pub(crate) fn must_be_staff_with(ctx: &Ctx, permission: &Permission) -> Result<(), Failure<OrderCode>> {
    if ctx.is_staff() && ctx.may(permission) {
        return Ok(());
    }
    let message = format!("this is for staff with the permission {permission}");
    Err(Failure::refused(OrderCode::Forbidden, message))
}
