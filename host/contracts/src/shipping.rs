//! What carriers ask for bringing a cart to its buyer. Plugins answer, each with a network behind it, so this is the one
//! extension point that waits.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{AccountId, CartId, ChannelId};
use vectis_kernel::{Ctx, Money, Quantity};

use crate::points::{Jurisdiction, PointError};

/// What is to be shipped where.
#[derive(Clone, Debug, PartialEq)]
pub struct ShippingQuestion {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// The cart.
    pub cart_id: CartId,
    /// By whom, when a company buys.
    pub account_id: Option<AccountId>,
    /// Where it goes.
    pub destination: Jurisdiction,
    /// What the goods cost, which also says the currency of every answer.
    pub goods_total: Money,
    /// The instant the rates are asked for.
    pub at: DateTime<Utc>,
    /// The goods.
    pub items: Vec<ShippingItem>,
}

/// Goods of one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingItem {
    /// Its code.
    pub sku: String,
    /// How much.
    pub quantity: Quantity,
    /// What one weighs, in grams; 0 when unknown.
    pub weight_g: i64,
}

/// One way to have it brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingRate {
    /// `acme-express`, unique within the plugin's answer.
    pub code: String,
    /// For people.
    pub name: String,
    /// Not negative.
    pub price: Money,
    /// Working days until it arrives, when the carrier says so.
    pub days: Option<u32>,
    /// Whether it is the plugin's own estimate, because the carrier did not answer.
    pub is_estimate: bool,
    /// Why it is an estimate; for staff and logs.
    pub note: String,
}

/// What one plugin offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingOffer {
    /// `plugin/entry-point@version`.
    pub plugin: String,
    /// Its rates, or why it has none.
    pub rates: Result<Vec<ShippingRate>, PointError>,
}

/// Asks the carriers.
#[async_trait]
pub trait ShippingRates: Send + Sync {
    /// All plugins of the channel, at the same time. Dropping the future breaks off what they wait for. No transaction may be
    /// open.
    async fn rates(&self, ctx: &Ctx, question: ShippingQuestion) -> Result<Vec<ShippingOffer>, PointError>;
}
