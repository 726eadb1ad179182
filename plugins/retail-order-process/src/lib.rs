//! The plugin `retail-order-process`: orders that are paid, then packed, then shipped.
//!
//! *Owns*: six states, the transitions between them, and what each needs and brings about.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: nothing is packed before it is paid; nothing is canceled after it was shipped; credit is never used.
//! *Start reading at*: `WAYS` below, then `steps.rs`.

mod steps;

use vectis_plugin_api::order_process::{OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, Host, export_plugin};

const NEW: &str = "New";
const PAID: &str = "Paid";
const PACKED: &str = "Packed";
const SHIPPED: &str = "Shipped";
const COMPLETED: &str = "Completed";
const CANCELED: &str = "Canceled";

/// Transition, from, to.
const WAYS: &[(&str, &str, &str)] = &[
    ("confirm_payment", NEW, PAID),
    ("request_payment", PAID, NEW),
    ("pack", PAID, PACKED),
    ("ship", PACKED, SHIPPED),
    ("complete", SHIPPED, COMPLETED),
    ("cancel", NEW, CANCELED),
    ("cancel", PAID, CANCELED),
    ("cancel", PACKED, CANCELED),
];

/// Where a buyer may cancel.
const BUYERS_CANCEL_IN: [&str; 2] = [NEW, PAID];

/// There is nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {}

/// The strategy.
pub struct RetailOrderProcess;

impl OrderProcess for RetailOrderProcess {
    type Config = Config;

    fn new(_config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self)
    }

    fn states(&self) -> Vec<State> {
        vec![
            State::new(NEW, "New").editable(),
            State::new(PAID, "Paid").editable(),
            State::new(PACKED, "Packed"),
            State::new(SHIPPED, "Shipped"),
            State::new(COMPLETED, "Completed").last(),
            State::new(CANCELED, "Canceled").last().canceled(),
        ]
    }

    fn transitions(&self) -> Vec<Transition> {
        let transition = |(name, from, to): &(&str, &str, &str)| {
            let transition = Transition::new(*name, *from, *to);
            if *to == CANCELED && BUYERS_CANCEL_IN.contains(from) {
                transition.for_buyers()
            } else {
                transition
            }
        };
        WAYS.iter().map(transition).collect()
    }

    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        Ok(steps::place(facts))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        steps::step(facts, to)
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    order_process: { "retail" => RetailOrderProcess },
}

#[cfg(test)]
mod tests;
