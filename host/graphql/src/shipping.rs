//! What it costs to have a cart brought.

use async_graphql::{Context, Object, SimpleObject};
use vectis_contracts::priced_cart::{PricedCart, destination};
use vectis_contracts::shipping::{self as contract, ShippingItem, ShippingQuestion};
use vectis_kernel::ids::CartId;

use crate::caller::ContextExt;
use crate::carts::{Cart, surroundings};
use crate::error::{answer, coded};
use crate::id::GlobalId;
use crate::policy::{Access, TypePolicy};
use crate::scalars::Money;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Shopper, "shippingRates")]),
    ("ShippingRates", &[(Access::Owner, "rates isComplete")]),
    ("ShippingRate", &[(Access::Owner, "code name price days isEstimate source")]),
];

/// Queries about shipping.
#[derive(Default)]
pub struct ShippingQuery;

#[Object]
impl ShippingQuery {
    /// Ways to have a cart brought, from all carriers of its channel, asked now; null when the caller may not see the cart.
    /// Takes as long as the slowest of them, within the server's limit.
    async fn shipping_rates(
        &self,
        ctx: &Context<'_>,
        cart_id: GlobalId<CartId>,
    ) -> async_graphql::Result<Option<ShippingRates>> {
        let found = ctx.services().carts.find(&ctx.caller().ctx, cart_id.0).await;
        let Some(cart) = answer(ctx, found)? else { return Ok(None) };
        let (channel, buyer) = surroundings(ctx, &cart).await?;
        let to = destination(cart.shipping_address.as_ref(), &buyer, &channel);
        let cart = Cart::new(cart);
        let priced = cart.priced(ctx).await?;
        let question = ShippingQuestion {
            channel_id: channel.id,
            cart_id: priced.cart.id,
            account_id: buyer.account_id,
            destination: to,
            goods_total: priced.gross,
            at: ctx.caller().ctx.now(),
            items: items(priced),
        };
        let offers = ctx.services().shipping.rates(&ctx.caller().ctx, question).await;
        let offers = offers.map_err(|error| coded("STRATEGY_FAILED", error.to_string()))?;
        Ok(Some(ShippingRates::of(offers)))
    }
}

fn items(priced: &PricedCart) -> Vec<ShippingItem> {
    let lines = priced.cart.lines.iter().zip(&priced.lines);
    let known = lines.filter_map(|(line, priced)| Some((line, priced.variant.as_ref()?)));
    let item = |(line, variant): (&vectis_contracts::carts::CartLine, &std::sync::Arc<_>)| {
        let variant: &vectis_contracts::products::Variant = variant;
        ShippingItem { sku: variant.sku.clone(), quantity: line.quantity, weight_g: variant.weight_g }
    };
    known.map(item).collect()
}

/// Ways to have a cart brought.
#[derive(SimpleObject)]
pub struct ShippingRates {
    /// By price, the cheapest first.
    pub rates: Vec<ShippingRate>,
    /// Whether all carriers have answered; otherwise there may be more later.
    pub is_complete: bool,
}

/// A way to have a cart brought.
#[derive(SimpleObject)]
pub struct ShippingRate {
    /// What the carrier calls it: `express`; unique together with `source`.
    pub code: String,
    /// For people.
    pub name: String,
    /// What it costs.
    pub price: Money,
    /// Working days until it arrives, when the carrier says so.
    pub days: Option<u32>,
    /// Whether the carrier could not be asked, so that the price is the shop's own.
    pub is_estimate: bool,
    /// The plugin it comes from, and its entry point: `carrier-rate/carrier`.
    pub source: String,
}

impl ShippingRates {
    /// Why a carrier has no rates is for the log, not for buyers.
    fn of(offers: Vec<contract::ShippingOffer>) -> Self {
        let mut answer = Self { rates: Vec::new(), is_complete: true };
        for offer in offers {
            let source = offer.plugin.split('@').next().unwrap_or_default().to_owned();
            match offer.rates {
                Ok(rates) => {
                    answer.rates.extend(rates.into_iter().map(|rate| ShippingRate::of(rate, &source)))
                }
                Err(error) => {
                    tracing::warn!(plugin = source, "no shipping rates: {error}");
                    answer.is_complete = false;
                }
            }
        }
        answer.rates.sort_by(|one, other| {
            (one.price.amount.0, &one.source, &one.code).cmp(&(
                other.price.amount.0,
                &other.source,
                &other.code,
            ))
        });
        answer
    }
}

impl ShippingRate {
    fn of(rate: contract::ShippingRate, source: &str) -> Self {
        let contract::ShippingRate { code, name, price, days, is_estimate, note } = rate;
        if is_estimate {
            tracing::warn!(plugin = source, "the shipping rate {code} is an estimate: {note}");
        }
        Self { code, name, price: price.into(), days, is_estimate, source: source.to_owned() }
    }
}
