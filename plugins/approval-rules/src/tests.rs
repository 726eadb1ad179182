mod conditions;
mod configuration;
mod decisions;
mod plans;

use vectis_plugin_api::Error;
use vectis_plugin_api::approval::ApprovalFacts;
use vectis_plugin_api::testing::{self, ApprovalHarness};

use crate::ApprovalRules;

fn rules(config: &str) -> ApprovalHarness {
    testing::approval::<ApprovalRules>(config).unwrap()
}

/// Names of the steps a cart needs.
fn steps(rules: &ApprovalHarness, facts: &ApprovalFacts<'_>) -> Result<Vec<String>, Error> {
    Ok(rules.plan(facts)?.into_iter().map(|step| step.name).collect())
}
