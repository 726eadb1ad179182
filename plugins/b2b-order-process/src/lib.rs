//! The plugin `b2b-order-process`: the states of orders that companies place, on payment terms or paid first.
//!
//! *Owns*: ten states, the transitions between them, and what each needs and brings about.
//! *Depends on*: `vectis-plugin-api` alone.
//! *Invariants*: nothing leads back out of `Fulfilled` but a refund; credit is held only for orders on payment terms; an order
//! that has to be paid first is never fulfilled unpaid; every step names the state that was asked for.
//! *Start reading at*: `states.rs` for the map, `steps.rs` for the rules.

mod config;
mod placing;
mod states;
mod steps;

use vectis_plugin_api::order_process::{OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::{Error, Host, export_plugin};

pub use crate::config::Config;
use crate::placing::Review;

/// The strategy.
pub struct B2bOrderProcess {
    review: Review,
    buyers_may_cancel: bool,
}

impl OrderProcess for B2bOrderProcess {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self { review: Review::new(&config)?, buyers_may_cancel: config.buyers_may_cancel })
    }

    fn states(&self) -> Vec<State> {
        states::all()
    }

    fn transitions(&self) -> Vec<Transition> {
        states::transitions(self.buyers_may_cancel)
    }

    fn place(&self, facts: &OrderFacts<'_>) -> Result<Step, Error> {
        Ok(placing::place(facts, &self.review))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        steps::step(facts, to)
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    order_process: { "b2b" => B2bOrderProcess },
}

#[cfg(test)]
mod tests;
