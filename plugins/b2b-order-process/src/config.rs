//! What an operator sets.

use std::collections::BTreeMap;

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;

/// The process of company orders. Everything may be left out.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// Currency code to the total above which orders are held for review; in other currencies none are.
    pub(crate) hold_over_amount: BTreeMap<String, String>,
    /// Whether large orders are held even when somebody at the company approved them.
    pub(crate) hold_approved: bool,
    /// Whether buyers may cancel orders that are not being paid, reviewed or fulfilled.
    pub(crate) buyers_may_cancel: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { hold_over_amount: BTreeMap::new(), hold_approved: false, buyers_may_cancel: true }
    }
}
