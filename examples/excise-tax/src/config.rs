//! What an operator sets, and what the strategy makes of it.

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, units};

/// Digits after the point that amounts are kept with.
pub(crate) const PLACES: u32 = 6;

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// The duties; those of a country and of its region add up.
    duties: Vec<DutyConfig>,
}

/// A duty of a jurisdiction.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
struct DutyConfig {
    /// What buyers read: `Spirits duty`.
    #[schemars(length(min = 1))]
    name: String,
    /// ISO 3166-1 alpha-2, upper case: GB.
    country: String,
    /// State or province as addresses write it; the whole country without it.
    region: Option<String>,
    /// Tax category of the goods: `spirits`.
    category: String,
    /// ISO 4217: GBP. Carts in another currency are refused.
    currency: String,
    /// Amount per unit, as many digits after the point as the currency has at most, or more: 2.50.
    per_unit: String,
}

/// A duty, ready to be taken.
pub(crate) struct Duty {
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) currency: String,
    pub(crate) per_unit_micros: i64,
    country: String,
    region: Option<String>,
}

impl Duty {
    pub(crate) fn is_due(&self, country: &str, region: &str) -> bool {
        self.country == country
            && self.region.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(region.trim()))
    }

    /// `US`, `US-CA`.
    pub(crate) fn jurisdiction(&self) -> String {
        self.region
            .as_ref()
            .map_or_else(|| self.country.clone(), |region| format!("{}-{region}", self.country))
    }
}

impl Config {
    pub(crate) fn read(self) -> Result<Vec<Duty>, Error> {
        let mut duties: Vec<Duty> = Vec::new();
        for (config, index) in self.duties.into_iter().zip(0..) {
            let pointer = format!("/duties/{index}");
            let duty = config.read(&pointer)?;
            let is_known = |known: &Duty| {
                (&known.name, &known.category, known.jurisdiction())
                    == (&duty.name, &duty.category, duty.jurisdiction())
            };
            if duties.iter().any(is_known) {
                return Err(Error::config(&pointer, "stands there twice; remove one of the two"));
            }
            duties.push(duty);
        }
        Ok(duties)
    }
}

impl DutyConfig {
    fn read(self, pointer: &str) -> Result<Duty, Error> {
        let wrong = |key: &str, message: &str| Error::config(&format!("{pointer}/{key}"), message);
        let is_code =
            |text: &str, letters| text.len() == letters && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.name.trim().is_empty() {
            return Err(wrong("name", "is empty; say what buyers read"));
        }
        if !is_code(&self.country, 2) {
            return Err(wrong("country", "must be two upper-case letters, like \"GB\""));
        }
        if !is_code(&self.currency, 3) {
            return Err(wrong("currency", "must be three upper-case letters, like \"GBP\""));
        }
        let per_unit = units::parse(&self.per_unit, PLACES).filter(|micros| *micros >= 0);
        Ok(Duty {
            per_unit_micros: per_unit.ok_or_else(|| wrong("per_unit", "must be an amount, like \"2.50\""))?,
            name: self.name,
            category: self.category,
            currency: self.currency,
            country: self.country,
            region: self.region,
        })
    }
}
