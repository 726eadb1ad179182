use vectis_plugin_api::order_process::{Effect, Step};
use vectis_plugin_api::testing::{self, OrderProcessHarness, order_facts};

use super::{Config, PluginTemplate};

fn process(config: &str) -> OrderProcessHarness {
    testing::order_process::<PluginTemplate>(config).unwrap()
}

#[test]
fn an_unpaid_order_is_completed_only_where_the_operator_allows_it() {
    let facts = order_facts(|facts| facts.state = "Open");

    let strict = process("{}").step(&facts, "Done").unwrap();
    let trusting = process(r#"{ "ship_unpaid": true }"#).step(&facts, "Done").unwrap();

    assert_eq!(strict, Step::refuse("The order is not paid yet."));
    assert_eq!(trusting, Step::go("Done", [Effect::SHIP_STOCK]));
}

#[test]
fn every_transition_joins_states_that_exist() {
    let process = process("{}");
    let keys: Vec<_> = process.states().unwrap().into_iter().map(|state| state.key).collect();

    for transition in process.transitions().unwrap() {
        assert!(keys.contains(&transition.from) && keys.contains(&transition.to), "{}", transition.name);
    }
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
