//! What an operator sets.

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::tax::STAGE_SALES;
use vectis_plugin_api::{Error, units};

/// A table of tax rates.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// When these taxes are taken; lower runs first. 100 for sales taxes, 300 for value added taxes.
    #[serde(default = "sales")]
    pub(crate) stage: u32,
    /// Whether the tax of earlier stages is taxed too.
    #[serde(default)]
    pub(crate) compound: bool,
    /// The rates. Those of country, region and city add up.
    pub(crate) rates: Vec<RateConfig>,
    /// The rate of countries that the table does not name. Without it they have no tax.
    pub(crate) default_rate: Option<DefaultRate>,
}

/// A rate of a place.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct RateConfig {
    /// ISO 3166-1 alpha-2, upper case: DE.
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub(crate) country: String,
    /// State or province as addresses write it, in any case; the whole country without it.
    pub(crate) region: Option<String>,
    /// City as addresses write it, in any case; the whole country or region without it.
    pub(crate) city: Option<String>,
    /// Tax category of the products it is for, in place of the place's rates without one; all products without it.
    pub(crate) category: Option<String>,
    /// Percentage from 0 to 1000 with at most four digits after the point: 8.25.
    #[schemars(regex(pattern = r"^[0-9]{1,4}(\.[0-9]{1,4})?$"))]
    pub(crate) rate_percent: String,
    /// For people: VAT.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
}

/// The rate of countries that the table does not name.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct DefaultRate {
    /// Percentage from 0 to 1000 with at most four digits after the point: 8.25.
    #[schemars(regex(pattern = r"^[0-9]{1,4}(\.[0-9]{1,4})?$"))]
    pub(crate) rate_percent: String,
    /// For people: VAT.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
}

fn sales() -> u32 {
    STAGE_SALES
}

/// A percentage as parts per million.
pub(crate) fn read_percent(text: &str, pointer: &str) -> Result<i64, Error> {
    // A per cent is 10,000 millionths, so four digits after the point are whole ones.
    units::parse(text, 4)
        .filter(|ppm| (0..=1000 * 10_000).contains(ppm))
        .ok_or_else(|| {
            let message = format!(
                "must be a percentage from 0 to 1000 with at most four digits after the point, like \"8.25\", not {text:?}"
            );
            Error::config(pointer, message)
        })
}
