//! Facts about carts. Few: that a cart was submitted is told by its approval request, that it was placed by its order.

use serde::Serialize;
use vectis_contracts::carts::Cart;
use vectis_kernel::Event;
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, ChannelId};

use crate::owner::account_of;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CartBlocked {
    cart_id: CartId,
    channel_id: ChannelId,
    version: i64,
    account_id: Option<AccountId>,
    approval_request_id: Option<ApprovalRequestId>,
}

/// An approved cart could not be placed; somebody has to look at it.
pub(crate) fn cart_blocked(cart: &Cart) -> Event {
    let payload = CartBlocked {
        cart_id: cart.id,
        channel_id: cart.channel_id,
        version: cart.version,
        account_id: account_of(&cart.owner),
        approval_request_id: cart.approval_request_id,
    };
    Event::new("vectis.carts.cart_blocked.v1", "cart", cart.id.0, payload)
}
