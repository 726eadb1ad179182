//! An order process plugin: an order is open, then done or canceled.

use vectis_plugin_api::order_process::{Effect, OrderFacts, OrderProcess, State, Step, Transition};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, ErrorCode, Host, export_plugin};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Whether orders may be completed before they are paid.
    #[serde(default)]
    ship_unpaid: bool,
}

/// The strategy.
pub struct PluginTemplate(Config);

impl OrderProcess for PluginTemplate {
    type Config = Config;

    fn new(config: Config, _host: Host) -> Result<Self, Error> {
        Ok(Self(config))
    }

    fn states(&self) -> Vec<State> {
        vec![
            State::new("Open", "Open").editable(),
            State::new("Done", "Done").last(),
            State::new("Canceled", "Canceled").last().canceled(),
        ]
    }

    fn transitions(&self) -> Vec<Transition> {
        vec![
            Transition::new("complete", "Open", "Done"),
            Transition::new("cancel", "Open", "Canceled").for_buyers(),
        ]
    }

    fn place(&self, _facts: &OrderFacts<'_>) -> Result<Step, Error> {
        Ok(Step::go("Open", [Effect::RESERVE_STOCK]))
    }

    fn step(&self, facts: &OrderFacts<'_>, to: &str) -> Result<Step, Error> {
        let is_paid = facts.paid_minor >= facts.grand_total_minor;
        match to {
            "Done" if is_paid || self.0.ship_unpaid => Ok(Step::go("Done", [Effect::SHIP_STOCK])),
            "Done" => Ok(Step::refuse("The order is not paid yet.")),
            "Canceled" if facts.has_shipments => Ok(Step::refuse("Goods have been shipped already.")),
            "Canceled" => Ok(Step::go("Canceled", [Effect::RELEASE_STOCK, Effect::REFUND_PAYMENT])),
            other => Err(Error::new(ErrorCode::UNSUPPORTED, format!("there is no state {other}"))),
        }
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    order_process: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
