//! Channel and buyer of a request. Whoever resolved its caller has read them, and hands them down in the context; who needs
//! others, or has no such context, reads them.

use std::sync::Arc;

use vectis_kernel::ids::{ChannelId, EmployeeId};
use vectis_kernel::{Ctx, Failure};

use crate::accounts::{AccountCode, Accounts, Membership};
use crate::carts::CartOwner;
use crate::channels::{Channel, ChannelCode, Channels};

/// What is known of a request when its first command begins.
#[derive(Clone, Debug, Default)]
pub struct Shopper {
    /// The channel it came through.
    pub channel: Option<Arc<Channel>>,
    /// The active employee who sent it.
    pub membership: Option<Arc<Membership>>,
}

impl Shopper {
    fn of(ctx: &Ctx) -> Option<&Self> {
        ctx.shopper.as_deref().and_then(|shopper| shopper.downcast_ref())
    }
}

/// A channel, if there is one with this id: the request's own without a statement, another in one.
pub async fn find_channel(
    ctx: &Ctx,
    channels: &dyn Channels,
    id: ChannelId,
) -> Result<Option<Channel>, Failure<ChannelCode>> {
    let known = Shopper::of(ctx).and_then(|shopper| shopper.channel.as_deref());
    match known.filter(|channel| channel.id == id) {
        Some(channel) => Ok(Some(channel.clone())),
        None => Ok(channels.get_many(ctx, &[id]).await?.pop()),
    }
}

/// The owner of a cart as a buyer, when an employee is.
pub async fn find_owner(
    ctx: &Ctx,
    accounts: &dyn Accounts,
    owner: &CartOwner,
) -> Result<Option<Membership>, Failure<AccountCode>> {
    match owner {
        CartOwner::Employee { employee_id, .. } => find_employee(ctx, accounts, *employee_id).await,
        CartOwner::Guest(_) | CartOwner::Customer(_) => Ok(None),
    }
}

/// An active employee: the caller without a statement, another in one.
pub async fn find_employee(
    ctx: &Ctx,
    accounts: &dyn Accounts,
    id: EmployeeId,
) -> Result<Option<Membership>, Failure<AccountCode>> {
    let known = Shopper::of(ctx).and_then(|shopper| shopper.membership.as_deref());
    match known.filter(|membership| membership.employee.id == id) {
        Some(membership) => Ok(Some(membership.clone())),
        None => Ok(accounts.memberships(&[id]).await?.pop()),
    }
}
