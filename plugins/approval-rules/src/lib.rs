//! The plugin `approval-rules`: who has to agree before a cart becomes an order, by a list of rules.
//!
//! *Owns*: which rules a cart meets, the steps that follow, and who may decide them.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: the steps come in the order of the configuration, each once; nobody approves the own order or one step twice;
//! no step is planned that nobody but the submitter could decide.
//! *Start reading at*: `rules.rs`, then `decisions.rs`.

mod condition;
mod config;
mod decisions;
mod rules;

use vectis_plugin_api::approval::{Approval, ApprovalFacts, ApprovalStep, DecisionFacts};
use vectis_plugin_api::{Error, Host, export_plugin};

pub use crate::config::Config;
use crate::rules::Rules;

/// The strategy.
pub struct ApprovalRules(Rules);

impl Approval for ApprovalRules {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Rules::new(config).map(Self)
    }

    fn plan(&self, facts: &ApprovalFacts<'_>) -> Result<Vec<ApprovalStep>, Error> {
        self.0.plan(facts)
    }

    fn may_decide(&self, facts: &DecisionFacts<'_>) -> Result<Option<String>, Error> {
        Ok(decisions::objection(facts))
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    approval: { "rules" => ApprovalRules },
}

#[cfg(test)]
mod tests;
