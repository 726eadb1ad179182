//! What an operator sets.

use vectis_plugin_api::pricing::PriceLevel;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::{Deserialize, Serialize};

/// How prices are chosen. Everything may be left out.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// The levels that are asked, the first match wins. A level left out is never asked.
    #[schemars(length(min = 1))]
    pub(crate) levels: Vec<LevelName>,
    /// Whether prices converted from another currency may be used where a level has none in the buyer's currency.
    pub(crate) allow_converted: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { levels: LevelName::ALL.to_vec(), allow_converted: true }
    }
}

/// How specific a price is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum LevelName {
    Managed,
    Location,
    Account,
    Group,
    Default,
}

impl LevelName {
    /// In the order that is asked unless an operator says otherwise.
    pub(crate) const ALL: [Self; 5] =
        [Self::Managed, Self::Location, Self::Account, Self::Group, Self::Default];

    pub(crate) fn level(self) -> PriceLevel {
        match self {
            Self::Managed => PriceLevel::MANAGED,
            Self::Location => PriceLevel::LOCATION,
            Self::Account => PriceLevel::ACCOUNT,
            Self::Group => PriceLevel::GROUP,
            Self::Default => PriceLevel::DEFAULT,
        }
    }
}
