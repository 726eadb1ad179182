//! Two states, unless something else is asked for.

use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::{Error, Host};

use crate::{Config, fall_over};

pub(crate) struct FaultProcess(Config);

impl OrderProcess for FaultProcess {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self(config))
    }

    fn states(&self) -> Vec<State> {
        match self.0.fault.as_str() {
            "no states" => Vec::new(),
            "panic in states" => fall_over("the states are gone"),
            "state twice" => vec![State::new("Open", "Open"), State::new("Open", "Open again")],
            "unnamed state" => vec![State::new("", "Open")],
            _ => vec![State::new("Open", "Open").editable(), State::new("Done", "Done").last()],
        }
    }

    fn transitions(&self) -> Vec<Transition> {
        match self.0.fault.as_str() {
            "unknown state" => vec![Transition::new("lose", "Open", "Lost")],
            "leaves final" => vec![Transition::new("reopen", "Done", "Open")],
            "unnamed transition" => vec![Transition::new("", "Open", "Done")],
            _ => vec![Transition::new("finish", "Open", "Done").for_buyers()],
        }
    }

    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        Ok(match self.0.fault(facts.payment_terms) {
            "panic" => fall_over("the orders are gone"),
            "nowhere" => Step::go("Nowhere", []),
            "effect" => Step::go("Open", [Effect("print_label".into())]),
            "effect twice" => Step::go("Open", [Effect::RESERVE_STOCK, Effect::RESERVE_STOCK]),
            "no reason" => Step::refuse(" "),
            "refuse" => Step::refuse("not today"),
            _ => Step::go("Open", [Effect::RESERVE_STOCK, Effect::HOLD_CREDIT]),
        })
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        if self.0.fault(facts.payment_terms) == "nowhere" {
            return Ok(Step::go("Nowhere", []));
        }
        Ok(Step::go(to, [Effect::SHIP_STOCK]))
    }
}
