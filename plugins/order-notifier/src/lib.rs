//! The plugin `order-notifier`: posts placed orders to an HTTP address, signed.
//!
//! *Owns*: what a receiver is sent, how it is signed, which answers mean "later" and which "never".
//! *Depends on*: `vectis-plugin-api`, and `hmac` for the signature.
//! *Invariants*: an order is taken when the receiver has answered with a success, and not before; events of one order arrive in
//! their order; the key goes into the signature and nowhere else. *Start reading at*: [`Notifier::send`].

mod signature;
#[cfg(test)]
mod tests;

use std::time::Duration;

use vectis_plugin_api::observer::{Event, Observer, ObserverCtx, Outcome, in_order};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::json;
use vectis_plugin_api::services::Request;
use vectis_plugin_api::{Error, ErrorCode, Host, export_plugin};

/// The secret that bodies are signed with.
const KEY: &str = "order_notifier_key";

/// Where orders go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct Config {
    /// Where each order is posted; must be covered by the capability http.
    pub url: String,
    /// How long the receiver may take for one order, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

fn timeout_ms() -> u64 {
    2_000
}

/// The observer.
pub struct Notifier {
    config: Config,
    host: Host,
}

impl Observer for Notifier {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        if !["https://", "http://"].iter().any(|scheme| config.url.starts_with(scheme)) {
            return Err(Error::config("/url", "must begin with https:// or http://"));
        }
        Ok(Self { config, host })
    }

    fn observe(&self, ctx: &ObserverCtx, events: &[Event]) -> Result<Vec<Outcome>, Error> {
        let outcomes = in_order(ctx, events, |event| self.send(ctx, event));
        let sent = outcomes.iter().filter(|outcome| **outcome == Outcome::Taken).count();
        self.host.count("sent", sent as u64);
        self.host.count("unsent", (outcomes.len() - sent) as u64);
        Ok(outcomes)
    }
}

impl Notifier {
    /// Posts one event and waits for the receiver's answer.
    fn send(&self, ctx: &ObserverCtx, event: &Event) -> Result<(), Error> {
        let body = json!({
            "id": event.id, "type": event.event_type, "occurredAtMs": event.occurred_at_ms, "orderId": event.aggregate_id,
            "sequence": event.sequence, "data": event.data,
        });
        let body = body.to_string();
        let key = self.host.secret(KEY)?;
        let request = Request::new("POST", &self.config.url)
            .header("content-type", "application/json")
            .header("event-id", event.id.to_string())
            .header("vectis-signature", signature::of(&key, ctx.now_ms / 1_000, &body))
            .timeout(Duration::from_millis(self.config.timeout_ms))
            .body(body);
        let status = self.host.http(&request)?.status;
        match status {
            200..=299 => Ok(()),
            // The receiver is busy, or away behind a proxy.
            408 | 409 | 425 | 429 | 500.. => {
                Err(Error::new(ErrorCode::UNAVAILABLE, format!("the receiver answers {status}")))
            }
            _ => Err(Error::input(format!("the receiver answers {status} and will not change its mind"))),
        }
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    observer: { "notify" => Notifier },
}
