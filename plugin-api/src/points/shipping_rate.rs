//! `vectis.shipping_rate`: what carriers ask for bringing a cart to its buyer. Since API 1.1.
//!
//! The one question of the engine that may wait: a strategy can ask a carrier over [`Host::http`], and use every other service
//! of [`crate::services`]. All plugins of a channel are asked, at the same time; whoever fails offers nothing, and the others'
//! rates are shown.
//!
//! # What a shipping-rate strategy promises
//!
//! - No rate is below zero, no code is given twice, and every rate has a code and a name.
//! - A rate that the carrier did not give is marked as an estimate, and says why.
//! - An error is for a strategy that has nothing to offer and nothing to fall back on.
//!
//! # A complete strategy
//!
//! ```
//! use std::time::Duration;
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::services::{Request, Response};
//! use vectis_plugin_api::shipping_rate::{Rate, ShippingCart, ShippingCtx, ShippingRates};
//! use vectis_plugin_api::{Error, Host, serde_json, testing};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     /// What the carrier charges when it cannot be asked, in minor units.
//!     otherwise_minor: i64,
//! }
//!
//! struct Carrier(Config, Host);
//!
//! impl ShippingRates for Carrier {
//!     type Config = Config;
//!
//!     fn new(config: Config, host: Host) -> Result<Self, Error> {
//!         Ok(Self(config, host))
//!     }
//!
//!     fn rates(&self, _ctx: &ShippingCtx, cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
//!         let url = format!("https://api.carrier.example/rate?kg={}", cart.weight_g() / 1_000);
//!         let asked = self.1.http(&Request::get(url).timeout(Duration::from_millis(800)));
//!         let rate = match asked.and_then(|answer| answer.json()) {
//!             Ok(price_minor) => Rate::new("standard", "Standard", price_minor),
//!             Err(error) => {
//!                 Rate::new("standard", "Standard", self.0.otherwise_minor).estimated(error.to_string())
//!             }
//!         };
//!         Ok(vec![rate])
//!     }
//! }
//!
//! let host = testing::TestHost::default();
//! let carrier = testing::shipping_rate_on::<Carrier>(&host, r#"{ "otherwise_minor": 900 }"#)?;
//! let cart = testing::shipping_cart(|cart| cart.items[0].weight_g = 2_000);
//!
//! assert!(carrier.rates(&cart)?[0].is_estimate, "nothing can be reached");
//!
//! host.on_http(|_| Ok(Response::new(200, "490")));
//! assert_eq!(carrier.rates(&cart)?[0].price_minor, 490);
//! # Ok::<(), Error>(())
//! ```

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abi::id::Id;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;

/// Rates carts.
///
/// One instance serves many requests at once.
pub trait ShippingRates: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the strategy for one channel; runs at start, after a change of the configuration, and after a panic. Nothing
    /// that waits is served meanwhile: a shop starts also when a carrier is away.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// Ways to have the cart brought. May wait for services of the host, until the call's deadline.
    ///
    /// # Errors
    /// The strategy offers nothing; staff see why.
    fn rates(&self, ctx: &ShippingCtx, cart: &ShippingCart) -> Result<Vec<Rate>, Error>;
}

/// Where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShippingCtx {
    /// The channel.
    pub channel_id: Id,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    #[serde(skip)]
    pub(crate) deadline: Deadline,
}

impl ShippingCtx {
    #[doc(hidden)]
    pub fn new(channel_id: Id, now_ms: i64) -> Self {
        Self { channel_id, now_ms, deadline: Deadline::after(0) }
    }

    /// Fails with [`ErrorCode::DEADLINE`](crate::ErrorCode::DEADLINE) once the time of the call is used up. Services of the
    /// host check it themselves.
    ///
    /// # Errors
    /// There is no time left.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }
}

/// What is to be shipped where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShippingCart {
    /// The cart.
    pub id: Id,
    /// The company that buys; [`Id::NIL`] when none does.
    pub account_id: Id,
    /// The currency of the total and of every answer: ISO 4217, `EUR`.
    pub currency: String,
    /// Digits after the point of the currency: 2 for EUR.
    pub exponent: u32,
    /// What the goods cost, in minor units.
    pub goods_total_minor: i64,
    /// Where it goes.
    pub destination: Destination,
    /// The goods.
    pub items: Vec<Item>,
}

impl ShippingCart {
    /// What all of it weighs, as far as known.
    pub fn weight_g(&self) -> i64 {
        let weights = self.items.iter().map(|item| {
            i64::try_from(i128::from(item.weight_g) * i128::from(item.quantity_milli) / 1_000)
                .unwrap_or(i64::MAX)
        });
        weights.fold(0, i64::saturating_add)
    }
}

/// Where goods go. No names and no streets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Destination {
    /// ISO 3166-1 alpha-2, upper case; may be empty when nobody has said so yet.
    pub country: String,
    /// State or province; may be empty.
    pub region: String,
    /// City; may be empty.
    pub city: String,
    /// Postal code; may be empty.
    pub postal_code: String,
}

/// Goods of one variant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// Its code.
    pub sku: String,
    /// How much, in thousandths.
    pub quantity_milli: i64,
    /// What one weighs, in grams; 0 when unknown.
    pub weight_g: i64,
}

impl Item {
    /// Goods.
    pub fn new(sku: impl Into<String>, quantity_milli: i64, weight_g: i64) -> Self {
        Self { sku: sku.into(), quantity_milli, weight_g }
    }
}

/// One way to have a cart brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rate {
    /// `express`: lower-case letters, digits, hyphens and underscores; unique within the answer.
    pub code: String,
    /// For people.
    pub name: String,
    /// In minor units of the cart's currency; not negative.
    pub price_minor: i64,
    /// Working days until it arrives, when the carrier says so.
    #[serde(default)]
    pub days: Option<u32>,
    /// Whether it is the strategy's own and not the carrier's.
    #[serde(default)]
    pub is_estimate: bool,
    /// Why it is an estimate; a sentence for staff.
    #[serde(default)]
    pub note: String,
}

impl Rate {
    /// A rate as the carrier gave it.
    pub fn new(code: impl Into<String>, name: impl Into<String>, price_minor: i64) -> Self {
        Self { code: code.into(), name: name.into(), price_minor, ..Self::default() }
    }

    /// Says how many working days it takes.
    #[must_use]
    pub fn within(mut self, days: u32) -> Self {
        self.days = Some(days);
        self
    }

    /// Marks it as the strategy's own, and says why.
    #[must_use]
    pub fn estimated(mut self, why: impl Into<String>) -> Self {
        self.is_estimate = true;
        self.note = why.into();
        self
    }
}
