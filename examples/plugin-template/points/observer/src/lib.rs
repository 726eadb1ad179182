//! An observer: passes placed orders on to another system, one after the other, and again later when that is away.

use std::time::Duration;

use vectis_plugin_api::observer::{Event, Observer, ObserverCtx, Outcome, in_order};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::services::Request;
use vectis_plugin_api::{Error, ErrorCode, Host, export_plugin, serde_json};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Which of its warehouses the other system is to use.
    warehouse: String,
}

/// The observer.
pub struct PluginTemplate {
    config: Config,
    host: Host,
}

impl Observer for PluginTemplate {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if config.warehouse.is_empty() {
            return Err(Error::config("/warehouse", "must not be empty"));
        }
        Ok(Self { config, host })
    }

    fn observe(&self, ctx: &ObserverCtx, events: &[Event]) -> Result<Vec<Outcome>, Error> {
        Ok(in_order(ctx, events, |event| self.pass_on(event)))
    }
}

impl PluginTemplate {
    /// The id goes along, so that the other system takes an event that comes twice once.
    fn pass_on(&self, event: &Event) -> Result<(), Error> {
        let order = serde_json::json!({ "warehouse": self.config.warehouse, "order": event.data["number"] });
        let request = Request::post_json("https://erp.example/v1/orders", &order)
            .header("idempotency-key", event.id.to_string())
            .bearer(&self.host.secret("erp_token")?)
            .timeout(Duration::from_millis(1_500));
        match self.host.http(&request)?.status {
            200..=299 => Ok(()),
            status @ 500.. => Err(Error::new(ErrorCode::UNAVAILABLE, format!("it answers {status}"))),
            status => Err(Error::input(format!("it refuses the order: {status}"))),
        }
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    observer: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
