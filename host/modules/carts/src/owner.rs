//! Who may see, write and fill which cart. Pure rules.

use vectis_contracts::accounts::{AccountStatus, Membership};
use vectis_contracts::carts::{Cart, CartCode, CartOwner};
use vectis_contracts::channels::{Channel, CommerceMode};
use vectis_kernel::ids::AccountId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure};

/// What a command does to a cart, as far as rights are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Fills or changes it: the owner, or staff in the owner's name.
    Buy,
    /// Sets staff prices.
    OverridePrices,
}

/// The owner the caller is; `None` for staff, the system, and visitors without a guest token.
pub(crate) fn own(ctx: &Ctx) -> Option<CartOwner> {
    match &ctx.actor {
        Actor::Anonymous { guest } => guest.clone().map(CartOwner::Guest),
        Actor::Customer { login_id } => Some(CartOwner::Customer(*login_id)),
        Actor::Buyer(buyer) => Some(CartOwner::Employee {
            account_id: buyer.account_id,
            location_id: buyer.location_id,
            employee_id: buyer.employee_id,
        }),
        Actor::Staff(_) | Actor::System { .. } => None,
    }
}

/// The owner in one word; `carts.cart.owner_key` is the same.
pub(crate) fn owner_key(owner: &CartOwner) -> String {
    match owner {
        CartOwner::Guest(hash) => format!("guest:{hash}"),
        CartOwner::Customer(login_id) => format!("customer:{login_id}"),
        CartOwner::Employee { employee_id, .. } => format!("employee:{employee_id}"),
    }
}

/// The account a cart belongs to, if a company buys.
pub(crate) fn account_of(owner: &CartOwner) -> Option<AccountId> {
    match owner {
        CartOwner::Employee { account_id, .. } => Some(*account_id),
        CartOwner::Guest(_) | CartOwner::Customer(_) => None,
    }
}

/// Whether the caller may see a cart of this owner.
pub(crate) fn may_see(ctx: &Ctx, owner: &CartOwner) -> bool {
    if ctx.is_staff() {
        return ctx.may(&staff::ORDERS_READ);
    }
    let sees_account = ctx.may(&buyer::ORDERS_READ_ALL) || ctx.may(&buyer::APPROVE);
    let account_id = ctx.buyer().map(|buyer| buyer.account_id);
    is_own(ctx, owner) || (sees_account && account_id.is_some() && account_id == account_of(owner))
}

/// Refuses callers who may not write the cart; to those who may not even see it, it does not exist.
pub(crate) fn check_writer(ctx: &Ctx, cart: &Cart, access: Access) -> Result<(), Failure<CartCode>> {
    let may = match access {
        Access::Buy if is_own(ctx, &cart.owner) => return check_own(ctx),
        Access::Buy => ctx.is_staff() && ctx.may(&staff::ORDERS_PLACE_FOR),
        Access::OverridePrices => ctx.is_staff() && ctx.may(&staff::ORDERS_PRICE_OVERRIDE),
    };
    if may {
        Ok(())
    } else if may_see(ctx, &cart.owner) {
        let message = match access {
            Access::Buy => "only its owner, or staff in the owner's name, may change a cart",
            Access::OverridePrices => "only staff with the right to override prices may set them",
        };
        Err(Failure::refused(CartCode::Forbidden, message))
    } else {
        Err(not_found())
    }
}

/// Refuses employees whose role does not let them order.
pub(crate) fn check_own(ctx: &Ctx) -> Result<(), Failure<CartCode>> {
    match ctx.buyer() {
        Some(acting) if !acting.permissions.contains(&buyer::ORDER) => {
            Err(Failure::refused(CartCode::Forbidden, "your role does not let you fill carts"))
        }
        _ => Ok(()),
    }
}

/// Refuses owners who may not buy in the channel, or not now.
pub(crate) fn check_buyer(
    channel: &Channel,
    owner: &CartOwner,
    membership: Option<&Membership>,
) -> Result<(), Failure<CartCode>> {
    let unavailable = |who: &str| {
        let message = format!("{who} cannot buy in the channel {}", channel.slug);
        Err(Failure::refused(CartCode::ChannelUnavailable, message))
    };
    if !channel.is_active {
        return unavailable("nobody");
    }
    match owner {
        CartOwner::Guest(_) if channel.mode == CommerceMode::B2b || !channel.guest_checkout => {
            unavailable("guests")
        }
        CartOwner::Customer(_) if channel.mode == CommerceMode::B2b => unavailable("private customers"),
        CartOwner::Employee { .. } if channel.mode == CommerceMode::Retail => unavailable("companies"),
        CartOwner::Guest(_) | CartOwner::Customer(_) => Ok(()),
        CartOwner::Employee { .. } => check_membership(membership),
    }
}

fn check_membership(membership: Option<&Membership>) -> Result<(), Failure<CartCode>> {
    let Some(membership) = membership.filter(|membership| membership.employee.is_active) else {
        let message = "the employee this cart belongs to does not act for the account any more";
        return Err(Failure::refused(CartCode::Forbidden, message));
    };
    if membership.account_status == AccountStatus::Active {
        return Ok(());
    }
    let message = format!("only active accounts may order; this one is {:?}", membership.account_status);
    Err(Failure::refused(CartCode::AccountNotActive, message))
}

/// The refusal for a cart that is missing, or hidden from the caller.
pub(crate) fn not_found() -> Failure<CartCode> {
    Failure::at(CartCode::CartNotFound, "cart_id", "there is no such cart")
}

fn is_own(ctx: &Ctx, owner: &CartOwner) -> bool {
    own(ctx).is_some_and(|own| owner_key(&own) == owner_key(owner))
}
