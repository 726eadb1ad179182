//! What an operator sets, and what the strategy makes of it.

use vectis_plugin_api::Error;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::units::{PPM, parse};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// The first family that a SKU belongs to counts.
    families: Vec<FamilyConfig>,
}

/// Goods whose quantities are added together.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
struct FamilyConfig {
    /// How their SKUs begin: `SCREW-`.
    #[schemars(length(min = 1))]
    sku_prefix: String,
    /// From which quantity on how much is taken off; rising.
    steps: Vec<StepConfig>,
}

/// A step.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
struct StepConfig {
    /// Quantity of the family in the cart, at most three digits after the point: 100.
    from: String,
    /// Percentage taken off, 0 to 100, at most four digits after the point: 2.5.
    percent: String,
}

/// A family with its steps in thousandths and parts per million.
pub(crate) struct Family {
    pub(crate) sku_prefix: String,
    steps: Vec<(i64, i64)>,
}

impl Family {
    /// What a quantity earns.
    pub(crate) fn rebate_ppm(&self, quantity_milli: i64) -> i64 {
        let reached = self.steps.iter().rev().find(|(from, _)| *from <= quantity_milli);
        reached.map_or(0, |(_, ppm)| *ppm)
    }
}

impl Config {
    pub(crate) fn read(self) -> Result<Vec<Family>, Error> {
        self.families
            .into_iter()
            .zip(0..)
            .map(|(family, index)| family.read(&format!("/families/{index}")))
            .collect()
    }
}

impl FamilyConfig {
    fn read(self, pointer: &str) -> Result<Family, Error> {
        if self.sku_prefix.is_empty() {
            return Err(Error::config(&format!("{pointer}/sku_prefix"), "is empty; name how the SKUs begin"));
        }
        let mut steps: Vec<(i64, i64)> = Vec::new();
        for (step, index) in self.steps.iter().zip(0..) {
            let at = |key: &str| format!("{pointer}/steps/{index}/{key}");
            let from = parse(&step.from, 3).filter(|from| *from > 0);
            let from =
                from.ok_or_else(|| Error::config(&at("from"), "must be a quantity above 0, like \"100\""))?;
            // Four places of a percentage are six of the whole.
            let percent = parse(&step.percent, 4).filter(|ppm| (0..=PPM).contains(ppm));
            let percent =
                percent.ok_or_else(|| Error::config(&at("percent"), "must be 0 to 100, like \"2.5\""))?;
            if steps.last().is_some_and(|(before, _)| *before >= from) {
                return Err(Error::config(&at("from"), "must be above that of the step before"));
            }
            steps.push((from, percent));
        }
        Ok(Family { sku_prefix: self.sku_prefix, steps })
    }
}
