//! What an operator sets.

use vectis_plugin_api::Id;
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;

/// When a cart needs approval, and whose. Everything may be left out.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// A cart needs the steps of every rule it meets, in this order.
    pub(crate) rules: Vec<RuleConfig>,
    /// Whether a cart above the employee's own order limit needs an approval by any approver.
    pub(crate) order_limit_needs_approval: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { rules: Vec::new(), order_limit_needs_approval: true }
    }
}

/// A rule.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct RuleConfig {
    /// For people.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
    /// What a cart has to be like; all that is stated has to hold.
    pub(crate) when: WhenConfig,
    /// What it then needs, one after another.
    #[schemars(length(min = 1))]
    pub(crate) steps: Vec<StepConfig>,
}

/// What a cart has to be like. Without anything, every cart is.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct WhenConfig {
    /// The total is at least this.
    pub(crate) min_total: Option<AmountConfig>,
    /// It has at least so many lines.
    #[schemars(range(min = 1))]
    pub(crate) min_lines: Option<u32>,
    /// Something in it is of one of these categories, by slug.
    #[schemars(length(min = 1))]
    pub(crate) categories_any: Option<Vec<String>>,
    /// The employee who submits it has one of these roles.
    #[schemars(length(min = 1))]
    pub(crate) roles: Option<Vec<String>>,
    /// One of these employees submits it.
    #[schemars(length(min = 1))]
    pub(crate) employees: Option<Vec<Id>>,
    /// It is for one of these locations.
    #[schemars(length(min = 1))]
    pub(crate) locations: Option<Vec<Id>>,
    /// True: the total is above the employee's own order limit. False: it is not, or there is none.
    pub(crate) above_order_limit: Option<bool>,
}

/// An amount of money.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct AmountConfig {
    /// 5000.00
    #[schemars(regex(pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"))]
    pub(crate) amount: String,
    /// ISO 4217: EUR.
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    pub(crate) currency: String,
}

/// A step of an approval.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct StepConfig {
    /// For people.
    #[schemars(length(min = 1))]
    pub(crate) name: String,
    /// How many approvals it takes.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub(crate) quorum: u32,
    /// Who may give them: any, role:Manager, employee:0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c.
    #[schemars(length(min = 1))]
    pub(crate) approvers: Vec<String>,
}

fn one() -> u32 {
    1
}
