mod configuration;
mod map;
mod placing;
mod steps;

use vectis_plugin_api::order_process::{Effect, OrderFacts, Step};
use vectis_plugin_api::testing::{self, OrderProcessHarness, order_facts};

use crate::B2bOrderProcess;

fn process(config: &str) -> OrderProcessHarness {
    testing::order_process::<B2bOrderProcess>(config).unwrap()
}

/// A company's order over 100.00 EUR on payment terms.
fn on_terms(state: &str) -> OrderFacts<'_> {
    order_facts(|facts| {
        facts.state = state;
        facts.is_company = true;
        facts.payment_terms = "Net30";
    })
}

/// A company's order over 100.00 EUR that has to be paid first.
fn paid_first(state: &str, paid_minor: i64) -> OrderFacts<'_> {
    order_facts(|facts| {
        facts.state = state;
        facts.is_company = true;
        facts.paid_minor = paid_minor;
    })
}

/// The state, and the effects by name.
fn going(step: Step) -> (String, Vec<String>) {
    match step {
        Step::Go { state, effects } => {
            (state, effects.iter().map(|effect| effect.name().to_owned()).collect())
        }
        Step::Refuse { reason } => panic!("refused: {reason}"),
    }
}

fn refusal(step: Step) -> String {
    match step {
        Step::Go { state, .. } => panic!("went to {state}"),
        Step::Refuse { reason } => reason,
    }
}

fn goes(state: &str, effects: &[Effect]) -> (String, Vec<String>) {
    going(Step::go(state, effects.to_vec()))
}
