use vectis_plugin_api::approval::{ApprovalStep, Approver};
use vectis_plugin_api::testing::{self, ApprovalHarness, approval_facts, decision_facts};

use super::{Config, PluginTemplate};

fn approval() -> ApprovalHarness {
    testing::approval::<PluginTemplate>(r#"{ "above_minor": 50000, "role": "manager" }"#).unwrap()
}

#[test]
fn only_carts_above_the_limit_need_approval() {
    let at_limit = approval_facts(|facts| facts.grand_total_minor = 50_000);
    let above = approval_facts(|facts| facts.grand_total_minor = 50_001);

    assert_eq!(approval().plan(&at_limit).unwrap(), []);
    assert_eq!(
        approval().plan(&above).unwrap(),
        [ApprovalStep::new("over 500.00 EUR", 1, [Approver::Role("manager".to_owned())])]
    );
}

#[test]
fn nobody_approves_the_own_order() {
    let own = decision_facts(|facts| facts.decided_by = facts.submitted_by);

    assert_eq!(approval().may_decide(&decision_facts(|_| {})).unwrap(), None);
    assert_eq!(approval().may_decide(&own).unwrap().as_deref(), Some("Nobody approves the own order."));
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
