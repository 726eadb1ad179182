//! The plugin `carrier-rate`: shipping rates from a carrier's HTTP endpoint.
//!
//! *Owns*: what a carrier is asked, how its answer is read, what is offered instead when there is none.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: a carrier's answer is taken whole or not at all; what is not the carrier's is marked as an estimate with its
//! reason; the token goes into one header and nowhere else. *Start reading at*: [`Carrier::rates`].

mod carrier;
mod config;
mod memory;
#[cfg(test)]
mod tests;

use vectis_plugin_api::serde_json::json;
use vectis_plugin_api::shipping_rate::{Rate, ShippingCart, ShippingCtx, ShippingRates};
use vectis_plugin_api::{Error, ErrorCode, Host, export_plugin};

use crate::carrier::Parcel;
pub use crate::config::{Config, FlatRate};

/// The strategy.
pub struct Carrier {
    config: Config,
    host: Host,
}

impl ShippingRates for Carrier {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config, host })
    }

    fn rates(&self, _ctx: &ShippingCtx, cart: &ShippingCart) -> Result<Vec<Rate>, Error> {
        let parcel = Parcel::of(cart);
        if let Some(rates) = memory::recall(&self.host, &self.config, &parcel) {
            self.host.count("remembered", 1);
            return Ok(rates);
        }
        match carrier::ask(&self.host, &self.config, &parcel) {
            Ok(rates) => {
                self.host.count("asked", 1);
                memory::keep(&self.host, &self.config, &parcel, &rates);
                Ok(rates)
            }
            Err(error) => self.instead(cart, &parcel, &error),
        }
    }
}

impl Carrier {
    /// What is offered when the carrier gave no rates, and why.
    fn instead(&self, cart: &ShippingCart, parcel: &Parcel<'_>, error: &Error) -> Result<Vec<Rate>, Error> {
        let why = format!("the carrier gave no rates: {error}");
        self.host.warn(&why);
        self.host.count("fallbacks", 1);
        // Whoever cannot be told must not keep the buyer from a rate.
        if let Err(untold) = self.host.emit("rates_failed", cart.id, &json!({ "reason": error.message })) {
            self.host.debug(format!("nobody is told: {untold}"));
        }
        let fitting = self.config.fallback.iter().filter(|flat| flat.currency == cart.currency);
        let rates: Vec<_> = fitting.map(|flat| flat.rate(parcel).estimated(&why)).collect();
        if rates.is_empty() {
            let currency = &cart.currency;
            let message = format!("{why}; there is no flat rate in {currency}, add one under fallback");
            return Err(Error::new(ErrorCode::UNAVAILABLE, message));
        }
        Ok(rates)
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    shipping_rate: { "carrier" => Carrier },
}
