use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, ErrorCode, Host, testing};

#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
struct Config {}

/// Two states; what it sees of an order comes back as the reason of its refusal.
struct Echo;

impl OrderProcess for Echo {
    type Config = Config;

    fn new(_config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn states(&self) -> Vec<State> {
        vec![State::new("New", "New").editable(), State::new("Gone", "Canceled").last().canceled()]
    }

    fn transitions(&self) -> Vec<Transition> {
        vec![Transition::new("cancel", "New", "Gone").for_buyers(), Transition::new("purge", "New", "Gone")]
    }

    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        assert!(facts.state.is_empty(), "placed in {}", facts.state);
        Ok(Step::go("New", [Effect::RESERVE_STOCK, Effect("acme_effect".into())]))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        Ok(Step::refuse(format!("{to}: {facts:?}")))
    }
}

#[test]
fn states_and_transitions_cross_the_border_unchanged() {
    let harness = testing::order_process::<Echo>("{}").unwrap();

    assert_eq!(harness.states().unwrap(), Echo.states());
    assert_eq!(harness.transitions().unwrap(), Echo.transitions());
}

#[test]
fn every_fact_crosses_the_border_unchanged() {
    let harness = testing::order_process::<Echo>("{}").unwrap();
    let facts = testing::order_facts(|facts| {
        facts.state = "New";
        facts.currency = "JPY";
        facts.exponent = 0;
        facts.grand_total_minor = 5;
        facts.paid_minor = -4;
        facts.payment_terms = "Net30";
        facts.line_count = 7;
        facts.is_company = true;
        facts.has_shipments = true;
    });

    let step = harness.step(&facts, "Gone").unwrap();

    assert_eq!(step, Step::refuse(format!("Gone: {facts:?}")));
}

#[test]
fn effects_keep_names_and_order() {
    let harness = testing::order_process::<Echo>("{}").unwrap();

    let step = harness.place(&testing::order_facts(|_| {})).unwrap();

    let Step::Go { state, effects } = step else { panic!("{step:?}") };
    assert_eq!(state, "New");
    assert_eq!(effects.iter().map(Effect::name).collect::<Vec<_>>(), ["reserve_stock", "acme_effect"]);
}

#[test]
fn a_panic_is_an_error() {
    let harness = testing::order_process::<Echo>("{}").unwrap();

    let error = harness.place(&testing::order_facts(|facts| facts.state = "New")).unwrap_err();

    assert_eq!(error.code, ErrorCode::PANICKED);
    assert!(error.message.ends_with("placed in New"), "{}", error.message);
}
