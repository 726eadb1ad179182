//! What an operator sets.

use std::collections::BTreeMap;

use vectis_plugin_api::Error;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::{Deserialize, Serialize};
use vectis_plugin_api::serde_json::{Value, json};

/// Warranties by tax category.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Tax category → terms.
    #[serde(default)]
    categories: BTreeMap<String, Terms>,
    /// Terms of all other products; nothing without it.
    others: Option<Terms>,
}

/// What the maker stands in for.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Terms {
    /// From the day of purchase on, 1 to 600.
    #[schemars(range(min = 1, max = 600))]
    pub(crate) months: u32,
    /// How a fault is made good.
    scope: Scope,
    /// For people.
    #[serde(default)]
    conditions: String,
}

/// How a fault is made good.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(inline)]
enum Scope {
    Parts,
    PartsAndLabour,
    Replacement,
}

impl Config {
    pub(crate) fn terms(&self, tax_category: &str) -> Option<&Terms> {
        self.categories.get(tax_category).or(self.others.as_ref())
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let named = self.categories.iter().map(|(name, terms)| (format!("/categories/{name}/months"), terms));
        let others = self.others.iter().map(|terms| ("/others/months".to_owned(), terms));
        for (pointer, terms) in named.chain(others) {
            if !(1..=600).contains(&terms.months) {
                return Err(Error::config(&pointer, "must be 1 to 600"));
            }
        }
        Ok(())
    }
}

impl Terms {
    pub(crate) fn answer(&self) -> Value {
        json!({ "months": self.months, "scope": self.scope, "conditions": self.conditions })
    }
}
