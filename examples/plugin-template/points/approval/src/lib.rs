//! An approval plugin: carts above a total need one approval by a role.

use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, Approver, DecisionFacts};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, Host, export_plugin, units};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Carts above this total need approval, in minor units: 5000.00 EUR is 500000.
    above_minor: i64,
    /// Name of the role that approves.
    role: String,
}

/// The strategy.
pub struct PluginTemplate(Config);

impl Approval for PluginTemplate {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        if config.role.is_empty() {
            return Err(Error::config("/role", "must name a role"));
        }
        Ok(Self(config))
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        if facts.grand_total_minor <= self.0.above_minor {
            return Ok(Vec::new());
        }
        let limit = units::format(self.0.above_minor, facts.exponent);
        let role = Approver::Role(self.0.role.clone());
        Ok(vec![ApprovalStep::new(format!("over {limit} {}", facts.currency), 1, [role])])
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        if facts.submitted_by == facts.decided_by {
            return Ok(Some("Nobody approves the own order.".to_owned()));
        }
        let has_approved = facts.approved_by.contains(&facts.decided_by);
        Ok(has_approved.then(|| "You have approved this step already.".to_owned()))
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    approval: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
