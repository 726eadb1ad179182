//! What an operator sets.

use std::collections::BTreeSet;

use vectis_plugin_api::Error;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::shipping_rate::Rate;

use crate::carrier::Parcel;

/// How the carrier is asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Where rates are asked for; must be covered by the capability http.
    pub url: String,
    /// Whether the secret carrier_token goes along.
    #[serde(default)]
    pub signs_in: bool,
    /// How long the carrier may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How long its rates are used again for the same parcel, in seconds; 0 for never.
    #[serde(default = "remember_s")]
    pub remember_s: u64,
    /// What is offered when the carrier is away. Without one in the cart's currency nothing is.
    #[serde(default)]
    pub fallback: Vec<FlatRate>,
}

/// A flat rate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub struct FlatRate {
    /// standard: lower-case letters, digits, hyphens and underscores.
    #[schemars(regex(pattern = r"^[a-z0-9_-]{1,50}$"))]
    pub code: String,
    /// For people.
    #[schemars(length(min = 1))]
    pub name: String,
    /// ISO 4217: EUR.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: String,
    /// In minor units.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub price_minor: i64,
    /// For each kilogram begun, in minor units.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub per_kg_minor: i64,
}

fn timeout_ms() -> u64 {
    1_500
}

fn remember_s() -> u64 {
    300
}

impl Config {
    /// What the schema cannot say.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !["https://", "http://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            return Err(Error::config("/url", "must begin with https:// or http://"));
        }
        let mut seen = BTreeSet::new();
        for (index, flat) in self.fallback.iter().enumerate() {
            let at = |what: &str| format!("/fallback/{index}/{what}");
            if flat.price_minor < 0 {
                return Err(Error::config(&at("price_minor"), "must not be below zero"));
            }
            if flat.per_kg_minor < 0 {
                return Err(Error::config(&at("per_kg_minor"), "must not be below zero"));
            }
            if !seen.insert((&flat.code, &flat.currency)) {
                return Err(Error::config(&at("code"), "stands twice for its currency"));
            }
        }
        Ok(())
    }
}

impl FlatRate {
    pub(crate) fn rate(&self, parcel: &Parcel<'_>) -> Rate {
        let kilograms = parcel.weight_g.max(0).saturating_add(999) / 1_000;
        let price_minor = self.price_minor.saturating_add(self.per_kg_minor.saturating_mul(kilograms));
        Rate::new(&self.code, &self.name, price_minor)
    }
}
