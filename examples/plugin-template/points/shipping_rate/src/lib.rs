//! A shipping-rate plugin: asks a carrier for the price of a weight, and has a flat rate for when it is away.

use std::time::Duration;

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::services::Request;
use vectis_plugin_api::shipping_rate::{Rate, ShippingCart, ShippingCtx, ShippingRates};
use vectis_plugin_api::{Error, Host, export_plugin, serde_json};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// What it costs when the carrier cannot be asked, in minor units: 9.90 EUR is 990.
    otherwise_minor: i64,
}

/// The strategy.
pub struct PluginTemplate {
    config: Config,
    host: Host,
}

impl ShippingRates for PluginTemplate {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if config.otherwise_minor < 0 {
            return Err(Error::config("/otherwise_minor", "must not be below zero"));
        }
        Ok(Self { config, host })
    }

    fn rates(&self, _ctx: &ShippingCtx, cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
        let rate = match self.ask(cart) {
            Ok(price_minor) => Rate::new("standard", "Standard", price_minor),
            Err(error) => {
                let why = format!("the carrier gave no price: {error}");
                self.host.warn(&why);
                Rate::new("standard", "Standard", self.config.otherwise_minor).estimated(why)
            }
        };
        Ok(vec![rate])
    }
}

impl PluginTemplate {
    /// The carrier's price, in minor units. What it says is believed no further than it makes sense.
    fn ask(&self, cart: &ShippingCart) -> Result<i64, Error> {
        let parcel = serde_json::json!({ "grams": cart.weight_g(), "currency": cart.currency });
        let request = Request::post_json("https://api.carrier.example/v1/price", &parcel)
            .bearer(&self.host.secret("carrier_token")?)
            .timeout(Duration::from_millis(1_500));
        let price_minor: i64 = self.host.http(&request)?.json()?;
        if price_minor < 0 {
            return Err(Error::input("its price is below zero"));
        }
        Ok(price_minor)
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    shipping_rate: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
