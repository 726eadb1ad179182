//! `vectis.order_process`.

use std::collections::BTreeSet;

use vectis_contracts::points::{
    OrderEffect, OrderFacts, OrderProcessPoint, OrderState, OrderStep, OrderTransition, PointError,
};
use vectis_kernel::{Currency, Money};
use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::order_process::{
    OrderFactsRecord, OrderProcessObj, place, states, step, transitions,
};
use vectis_plugin_api::abi::remote;
use vectis_plugin_api::order_process::{Effect, State, Step as WireStep, Transition};

use crate::adapters::{Adapter, MAX_NAME_BYTES};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::{Fault, Step, cut};

/// More than anybody has names for.
const MAX_STATES: usize = 200;
const MAX_TRANSITIONS: usize = 2_000;

pub(crate) struct OrderProcessAdapter {
    instance: Instance<OrderProcessObj>,
    states: Vec<OrderState>,
    transitions: Vec<OrderTransition>,
}

/// The object behind the wire.
const CONSTRUCT: Construct<OrderProcessObj> =
    Construct { here: construct, apart: |remote| remote::order_process(remote) };

pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<OrderProcessObj, Error> {
    Ok(module.new_order_process()(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for OrderProcessAdapter {
    const POINT: Point = Point::OrderProcess;

    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let instance = Instance::start(Self::POINT, recipe, CONSTRUCT)?;
        let unanswered = |error: PointError| Fault::new(Step::SelfTest, error.to_string());
        let states: Vec<_> = instance.ask(states).map_err(unanswered)?.into_iter().map(state).collect();
        let transitions: Vec<_> =
            instance.ask(transitions).map_err(unanswered)?.into_iter().map(transition).collect();
        check_graph(&states, &transitions)
            .map_err(|what| Fault::new(Step::SelfTest, format!("{}; mend the plugin", cut(what))))?;
        let adapter = Self { instance, states, transitions };
        adapter.instance.passed(adapter.place(&first_facts()))?;
        Ok(adapter)
    }

    fn has_given_up(&self) -> bool {
        self.instance.has_given_up()
    }
}

impl OrderProcessPoint for OrderProcessAdapter {
    fn name(&self) -> &str {
        self.instance.name()
    }

    fn states(&self) -> &[OrderState] {
        &self.states
    }

    fn transitions(&self) -> &[OrderTransition] {
        &self.transitions
    }

    fn place(&self, facts: &OrderFacts) -> Result<OrderStep, PointError> {
        self.decide(facts, place)
    }

    fn step(&self, facts: &OrderFacts, to: &str) -> Result<OrderStep, PointError> {
        self.decide(facts, |plugin, record| step(plugin, record, to))
    }
}

impl OrderProcessAdapter {
    fn decide(
        &self,
        facts: &OrderFacts,
        ask: impl FnOnce(&OrderProcessObj, &OrderFactsRecord<'_>) -> Result<WireStep, Error>,
    ) -> Result<OrderStep, PointError> {
        let record = OrderFactsRecord {
            state: facts.state.as_str().into(),
            currency: facts.grand_total.currency.code().into(),
            payment_terms: facts.payment_terms.as_str().into(),
            grand_total_minor: facts.grand_total.minor,
            paid_minor: facts.paid.minor,
            line_count: facts.line_count,
            exponent: facts.grand_total.currency.exponent(),
            is_company: facts.is_company,
            was_approved: facts.was_approved,
            has_shipments: facts.has_shipments,
            is_fully_shipped: facts.is_fully_shipped,
            ext: "".into(),
        };
        let decided = self.instance.ask(|plugin| ask(plugin, &record))?;
        answer(&self.states, decided).map_err(|what| self.instance.lied(what))
    }
}

/// States are there, named and different; transitions connect them, and none leaves a final one.
pub(super) fn check_graph(states: &[OrderState], transitions: &[OrderTransition]) -> Result<(), String> {
    if states.is_empty() {
        return Err("it has no states".to_owned());
    }
    if states.len() > MAX_STATES || transitions.len() > MAX_TRANSITIONS {
        return Err(format!(
            "it has {} states and {} transitions, at most {MAX_STATES} and {MAX_TRANSITIONS} are taken",
            states.len(),
            transitions.len()
        ));
    }
    let mut keys = BTreeSet::new();
    for state in states {
        if state.key.is_empty() || state.name.is_empty() {
            return Err(format!("a state has the key {:?} and the name {:?}", state.key, state.name));
        }
        if state.key.len().max(state.name.len()) > MAX_NAME_BYTES {
            return Err(format!(
                "the state {:?} has a key or name of more than {MAX_NAME_BYTES} bytes",
                state.key
            ));
        }
        if !keys.insert(&state.key) {
            return Err(format!("it has the state {} twice", state.key));
        }
    }
    for transition in transitions {
        let OrderTransition { name, from, to, .. } = transition;
        if name.is_empty() {
            return Err(format!("the transition from {from} to {to} has no name"));
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(format!("the transition {name:?} has a name of more than {MAX_NAME_BYTES} bytes"));
        }
        if let Some(unknown) = [from, to].into_iter().find(|key| !keys.contains(key)) {
            return Err(format!("its transition {name} names {unknown:?}, which is none of its states"));
        }
        if states.iter().any(|state| state.is_final && state.key == *from) {
            return Err(format!("its transition {name} leaves {from}, which is final"));
        }
    }
    Ok(())
}

/// A step to a state there is, with effects this server knows; or a refusal with its reason.
pub(super) fn answer(states: &[OrderState], step: WireStep) -> Result<OrderStep, String> {
    match step {
        WireStep::Go { state, effects } if states.iter().any(|known| known.key == state) => {
            Ok(OrderStep::Go { state, effects: known_effects(&effects)? })
        }
        WireStep::Go { state, .. } => Err(format!("it leads to {state:?}, which is none of its states")),
        WireStep::Refuse { reason } if reason.trim().is_empty() => {
            Err("it refuses without a reason".to_owned())
        }
        WireStep::Refuse { reason } => Ok(OrderStep::Refuse { reason: cut(reason) }),
    }
}

fn known_effects(effects: &[Effect]) -> Result<Vec<OrderEffect>, String> {
    let mut known = Vec::with_capacity(effects.len());
    for effect in effects {
        let name = effect.name();
        let Some((_, effect)) = OrderEffect::ALL.iter().find(|(known, _)| *known == name) else {
            return Err(format!("it asks for {name:?}, which this server cannot do"));
        };
        if known.contains(effect) {
            return Err(format!("it asks for {name} twice in one step"));
        }
        known.push(*effect);
    }
    Ok(known)
}

fn state(state: State) -> OrderState {
    OrderState {
        key: state.key,
        name: state.name,
        is_editable: state.is_editable,
        is_final: state.is_final,
        is_canceled: state.is_canceled,
    }
}

fn transition(transition: Transition) -> OrderTransition {
    OrderTransition {
        name: transition.name,
        from: transition.from,
        to: transition.to,
        buyer_may: transition.buyer_may,
    }
}

/// One unpaid line of a hundred.
fn first_facts() -> OrderFacts {
    OrderFacts {
        state: String::new(),
        grand_total: Money::new(10_000, Currency::EUR),
        paid: Money::zero(Currency::EUR),
        payment_terms: "Net30".to_owned(),
        line_count: 1,
        is_company: true,
        was_approved: false,
        has_shipments: false,
        is_fully_shipped: false,
    }
}
