//! What every command needs to know before it decides: the cart, the channel, the buyer. Read before the unit of work.

use vectis_contracts::carts::{Cart, CartCode, CartOwner, CartStatus, CartTarget};
use vectis_contracts::channels::Channel;
use vectis_contracts::priced_cart::BuyerFacts;
use vectis_contracts::shopper::{find_channel, find_owner};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Ctx, Currency, Failure};

use crate::lifecycle;
use crate::owner::{self, Access};
use crate::service::PgCarts;
use crate::store::{self, StoredCart};

/// A cart the caller may write, and who buys where.
pub(crate) struct Gathered {
    /// The cart; not stored yet when the caller had none.
    pub(crate) stored: StoredCart,
    /// Its channel.
    pub(crate) channel: Channel,
    /// Its owner, as far as prices are concerned.
    pub(crate) buyer: BuyerFacts,
}

/// What a target points at.
enum Located {
    Cart(Box<StoredCart>),
    /// The caller has no open cart in the channel yet.
    Nothing(CartOwner, ChannelId),
}

impl PgCarts {
    /// Gathers for a command, in three statements at most; in one where the request knows channel and buyer.
    pub(crate) async fn gather(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        access: Access,
    ) -> Result<Gathered, Failure<CartCode>> {
        match self.locate(ctx, target).await? {
            Located::Cart(stored) => {
                owner::check_writer(ctx, &stored.cart, access)?;
                check_open(&stored.cart, target.version)?;
                let (owner, channel_id) = (stored.cart.owner.clone(), stored.cart.channel_id);
                let (channel, buyer) = self.shop(ctx, channel_id, &owner, access).await?;
                Ok(Gathered { stored: *stored, channel, buyer })
            }
            Located::Nothing(own, channel_id) => {
                owner::check_own(ctx)?;
                check_no_version(target.version)?;
                let (channel, buyer) = self.shop(ctx, channel_id, &own, access).await?;
                Ok(Gathered { stored: StoredCart::implicit(ctx, &channel, own), channel, buyer })
            }
        }
    }

    async fn locate(&self, ctx: &Ctx, target: CartTarget) -> Result<Located, Failure<CartCode>> {
        if let Some(id) = target.cart_id {
            let found = store::find(self.db.pool(), id).await?;
            return found.map(|stored| Located::Cart(Box::new(stored))).ok_or_else(owner::not_found);
        }
        let own = owner::own(ctx).ok_or_else(|| no_own_cart(ctx))?;
        let channel_id = named_channel(ctx)?;
        let found = store::find_open(self.db.pool(), channel_id, &[&own]).await?;
        Ok(match found.into_iter().next() {
            Some(stored) => Located::Cart(Box::new(stored)),
            None => Located::Nothing(own, channel_id),
        })
    }

    /// The channel and the buyer, in two statements at most; refuses owners who may not buy there.
    pub(crate) async fn shop(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        owner: &CartOwner,
        access: Access,
    ) -> Result<(Channel, BuyerFacts), Failure<CartCode>> {
        let channel = self.channel(ctx, channel_id).await?;
        let membership = find_owner(ctx, self.accounts.as_ref(), owner).await;
        let membership = membership.map_err(|failure| failure.map_code(|_| CartCode::Forbidden))?;
        if access == Access::Buy {
            owner::check_buyer(&channel, owner, membership.as_ref())?;
        }
        let buyer = membership.as_ref().map(BuyerFacts::from).unwrap_or_default();
        Ok((channel, buyer))
    }

    /// A channel that exists.
    pub(crate) async fn channel(&self, ctx: &Ctx, id: ChannelId) -> Result<Channel, Failure<CartCode>> {
        let found = find_channel(ctx, self.channels.as_ref(), id).await;
        let found = found.map_err(|failure| failure.map_code(|_| CartCode::ChannelUnavailable))?;
        found.ok_or_else(|| {
            let message = format!("there is no channel {id}");
            Failure::refused(CartCode::ChannelUnavailable, message)
        })
    }
}

impl StoredCart {
    /// A cart that comes into being with its first line.
    pub(crate) fn implicit(ctx: &Ctx, channel: &Channel, owner: CartOwner) -> Self {
        let is_implicit = true;
        Self { is_implicit, ..Self::requested(ctx, channel.id, owner, channel.currency) }
    }

    /// A cart that was asked for.
    pub(crate) fn requested(ctx: &Ctx, channel_id: ChannelId, owner: CartOwner, currency: Currency) -> Self {
        let now = ctx.now();
        Self {
            next_position: 1,
            is_implicit: false,
            cart: Cart {
                id: ctx.new_id(),
                channel_id,
                owner,
                currency,
                status: CartStatus::Open,
                version: 0,
                po_number: String::new(),
                note: String::new(),
                shipping_address: None,
                billing_address: None,
                approval_request_id: None,
                order_id: None,
                created_at: now,
                updated_at: now,
                lines: Vec::new(),
            },
        }
    }

    /// Whether it has a row yet.
    pub(crate) fn is_stored(&self) -> bool {
        self.cart.version > 0
    }
}

/// The channel the request came through.
pub(crate) fn named_channel(ctx: &Ctx) -> Result<ChannelId, Failure<CartCode>> {
    ctx.channel_id.ok_or_else(|| Failure::refused(CartCode::ChannelUnavailable, "no channel was named"))
}

fn no_own_cart(ctx: &Ctx) -> Failure<CartCode> {
    if ctx.is_staff() {
        let message = "staff have no cart of their own; name the cart";
        Failure::at(CartCode::CartNotFound, "cart_id", message)
    } else {
        let message = "a cart needs an owner; sign in or send a guest token";
        Failure::refused(CartCode::Forbidden, message)
    }
}

fn check_open(cart: &Cart, expected: Option<i64>) -> Result<(), Failure<CartCode>> {
    if cart.status != CartStatus::Open {
        return Err(lifecycle::wrong_status(cart.status));
    }
    match expected.filter(|version| *version != cart.version) {
        Some(version) => {
            let message = format!("the cart is at version {}, not {version}", cart.version);
            Err(Failure::at(CartCode::StaleVersion, "version", message))
        }
        None => Ok(()),
    }
}

fn check_no_version(expected: Option<i64>) -> Result<(), Failure<CartCode>> {
    match expected {
        Some(version) => {
            let message = format!("there is no open cart at version {version}");
            Err(Failure::at(CartCode::StaleVersion, "version", message))
        }
        None => Ok(()),
    }
}

impl Gathered {
    /// The same without its lines, for a command that replaces them all.
    pub(crate) fn emptied(&self) -> Self {
        let mut stored = self.stored.clone();
        stored.cart.lines.clear();
        Self { stored, channel: self.channel.clone(), buyer: self.buyer.clone() }
    }
}
