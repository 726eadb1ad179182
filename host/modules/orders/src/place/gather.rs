//! Everything a placement needs to know, read without a transaction in a constant number of statements.

use std::collections::HashMap;

use vectis_contracts::accounts::{AccountStatus, Membership};
use vectis_contracts::carts::{Cart, CartOwner, CartStatus};
use vectis_contracts::channels::{Channel, CommerceMode};
use vectis_contracts::inventory::StockNeed;
use vectis_contracts::orders::{PlaceCode, PlaceOrder};
use vectis_contracts::priced_cart::{BuyerFacts, PricedCart};
use vectis_contracts::shopper::find_owner;
use vectis_kernel::ids::{CartId, VariantId};
use vectis_kernel::{Ctx, Failure, Quantity};

use crate::access::{is_own, may_see_cart};
use crate::needs::Needs;
use crate::place::caps;
use crate::refusals::{pricing_to_place, unexpected};
use crate::service::PgOrders;
use crate::store;

/// A cart with its prices, its buyer and what the buyer has used of caps.
pub(crate) struct Gathered {
    pub(crate) channel: Channel,
    /// The employee behind the cart, when a company buys.
    pub(crate) membership: Option<Membership>,
    pub(crate) buyer: BuyerFacts,
    pub(crate) priced: PricedCart,
    /// Bought within the window of the 30-day caps, of capped variants.
    pub(crate) used: HashMap<VariantId, Quantity>,
}

impl Gathered {
    /// `Net30`, or empty.
    pub(crate) fn payment_terms(&self) -> &str {
        self.membership.as_ref().map_or("", |membership| &membership.payment_terms)
    }

    /// The cart, when it may hold stock: only for an approval is some held.
    pub(crate) fn held_by(&self) -> Option<CartId> {
        let cart = &self.priced.cart;
        cart.approval_request_id.map(|_| cart.id)
    }

    /// The stock its lines need, each need knowing its line.
    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        let raw = &self.priced.cart.lines;
        for (index, (line, raw)) in self.priced.lines.iter().zip(raw).enumerate() {
            if let Some(variant) = line.variant.as_deref().filter(|variant| variant.is_stocked) {
                let need = StockNeed {
                    variant_id: variant.id,
                    quantity: raw.quantity,
                    allows_backorder: variant.allows_backorder,
                };
                needs.push(index, need);
            }
        }
        needs
    }
}

impl PgOrders {
    /// A cart the caller may place, as the caller last saw it.
    pub(super) async fn gather(&self, ctx: &Ctx, place: &PlaceOrder) -> Result<Gathered, Failure<PlaceCode>> {
        let cart = self.deps.carts.load(place.cart_id).await.map_err(unexpected)?;
        let cart =
            cart.filter(|cart| may_see_cart(ctx, &cart.owner)).ok_or_else(|| no_such_cart(place.cart_id))?;
        if !ctx.is_staff() && !is_own(ctx, &cart.owner) {
            let message = "only the owner of a cart places it";
            return Err(Failure::refused(PlaceCode::Forbidden, message));
        }
        must_be_placeable(&cart, place.cart_version)?;
        self.gather_cart(ctx, cart).await
    }

    /// The rest of what is needed about a cart, whoever asks.
    pub(crate) async fn gather_cart(&self, ctx: &Ctx, cart: Cart) -> Result<Gathered, Failure<PlaceCode>> {
        let channel = self.find_channel(ctx, cart.channel_id).await?;
        let channel = channel.filter(|channel| is_for(channel, &cart.owner)).ok_or_else(|| {
            let message = "the channel is not active, or not for this kind of buyer";
            Failure::refused(PlaceCode::ChannelUnavailable, message)
        })?;
        let membership = find_owner(ctx, &*self.deps.accounts, &cart.owner).await.map_err(unexpected)?;
        must_be_active(&cart.owner, membership.as_ref())?;
        let buyer = membership.as_ref().map(BuyerFacts::from).unwrap_or_default();
        let priced = self.deps.pricer.price(ctx, cart, &channel, &buyer).await;
        let priced = priced.map_err(|failure| failure.map_code(pricing_to_place))?;
        let used = self.used_of_caps(ctx, &channel, &priced).await?;
        Ok(Gathered { channel, membership, buyer, priced, used })
    }

    /// One statement when something in the cart is capped, none otherwise.
    async fn used_of_caps(
        &self,
        ctx: &Ctx,
        channel: &Channel,
        priced: &PricedCart,
    ) -> Result<HashMap<VariantId, Quantity>, Failure<PlaceCode>> {
        let capped = caps::capped(priced);
        if capped.is_empty() {
            return Ok(HashMap::new());
        }
        let window = caps::window(ctx, &priced.cart.owner, channel, &capped);
        Ok(store::usage::used(self.deps.db.pool(), &window).await?)
    }
}

fn no_such_cart(id: CartId) -> Failure<PlaceCode> {
    Failure::refused(PlaceCode::CartNotFound, format!("there is no cart {id}"))
}

fn must_be_placeable(cart: &Cart, version: i64) -> Result<(), Failure<PlaceCode>> {
    let state = match cart.status {
        CartStatus::Open | CartStatus::Blocked => None,
        CartStatus::Submitted => Some("waits for approval"),
        CartStatus::Placed => Some("has been placed"),
    };
    if let Some(state) = state {
        return Err(Failure::refused(PlaceCode::CartNotOpen, format!("the cart {state}")));
    }
    if cart.version != version {
        let message = format!("the cart is at version {}, not {version}; read it again", cart.version);
        return Err(Failure::refused(PlaceCode::StaleVersion, message));
    }
    if cart.lines.is_empty() {
        return Err(Failure::refused(PlaceCode::CartEmpty, "the cart has no lines"));
    }
    Ok(())
}

/// Whether a channel sells to this kind of buyer now.
fn is_for(channel: &Channel, owner: &CartOwner) -> bool {
    let sells = match owner {
        CartOwner::Employee { .. } => matches!(channel.mode, CommerceMode::B2b | CommerceMode::Hybrid),
        CartOwner::Customer(_) => matches!(channel.mode, CommerceMode::Retail | CommerceMode::Hybrid),
        CartOwner::Guest(_) => {
            channel.guest_checkout && matches!(channel.mode, CommerceMode::Retail | CommerceMode::Hybrid)
        }
    };
    channel.is_active && sells
}

fn must_be_active(owner: &CartOwner, membership: Option<&Membership>) -> Result<(), Failure<PlaceCode>> {
    let is_company = matches!(owner, CartOwner::Employee { .. });
    let is_active = membership
        .is_some_and(|member| member.employee.is_active && member.account_status == AccountStatus::Active);
    if is_company && !is_active {
        let message = "only active employees of active accounts may order";
        return Err(Failure::refused(PlaceCode::AccountNotActive, message));
    }
    Ok(())
}
