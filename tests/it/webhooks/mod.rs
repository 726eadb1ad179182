//! Webhooks over HTTP: a real receiver, signatures checked by an implementation of their own.

mod deliveries;
mod failures;
mod kills;
mod signature;
mod targets;

use std::time::Duration;

use serde_json::{Value, json};
use vectis::config::Config;
use vectis_tests::broker::Broker;
use vectis_tests::receiver::{Receiver, Told};
use vectis_tests::{Client, PluginFolder, TestHost};

/// Longest a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shop that tells webhooks on this machine, and soon tries again.
async fn shop_with(change: impl FnOnce(&mut Config)) -> TestHost {
    TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.events.run_in_server = true;
        config.events.look_interval = Duration::from_millis(200);
        config.database.max_connections = 24;
        config.webhooks.allow_http = true;
        config.webhooks.addresses = vec!["127.0.0.1".to_owned()];
        config.webhooks.retry_wait = Duration::from_millis(100);
        config.webhooks.timeout = Duration::from_secs(2);
        change(config);
    })
    .await
}

/// A webhook: its id and its secret.
struct Made {
    id: String,
    secret: String,
}

async fn make(staff: &Client, url: &str, event_types: &[&str]) -> Made {
    let input = json!({ "url": url, "eventTypes": event_types });
    let made = staff.mutate("webhookCreate { webhook { id isEnabled } secret }", input).await.ok();
    assert_eq!(made.at("/webhookCreate/webhook/isEnabled"), true);
    Made { id: made.text("/webhookCreate/webhook/id"), secret: made.text("/webhookCreate/secret") }
}

/// Switches and tests of webhooks, which all take an id.
async fn act(staff: &Client, mutation: &str, id: &str) -> Value {
    let query = format!(
        "mutation($i: WebhookInput!) {{ it: {mutation}(input: $i) {{ webhook {{ isEnabled disabledReason }} \
         userErrors {{ code field message }} }} }}"
    );
    staff.send(&query, json!({ "i": { "id": id } })).await.ok().at("/it/webhook")
}

/// What staff see of a webhook.
async fn seen(staff: &Client, id: &str) -> Value {
    let query = "query($id: ID!) { webhook(id: $id) { url isEnabled disabledReason failingSince consecutiveFailures \
                 deliveries(first: 100) { nodes { id eventId eventType status attempts statusCode error durationMs response \
                 nextAttemptAt attemptedAt } } } }";
    staff.send(query, json!({ "id": id })).await.ok().at("/webhook")
}

fn deliveries(seen: &Value) -> &Vec<Value> {
    seen["deliveries"]["nodes"].as_array().unwrap()
}

/// Waits until something is so.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect(what)
}

/// Waits until a path has been told so much.
async fn told(receiver: &Receiver, path: &str, count: usize) -> Vec<Told> {
    until(&format!("{path} is told {count} times"), async || {
        Some(receiver.told(path)).filter(|told| told.len() >= count)
    })
    .await
}

/// Waits until every delivery of a webhook stands so.
async fn all_stand(staff: &Client, id: &str, status: &str, count: usize) -> Value {
    until(&format!("{count} deliveries stand {status}"), async || {
        let seen = seen(staff, id).await;
        let all = deliveries(&seen);
        let right = all.len() == count && all.iter().all(|delivery| delivery["status"] == status);
        right.then_some(seen)
    })
    .await
}

/// No broker, and one when there is one.
async fn logs() -> Vec<(Option<Broker>, String)> {
    let mut logs = vec![(None, String::new())];
    if let Some(broker) = Broker::start_new().await {
        let address = broker.address();
        logs.push((Some(broker), address));
    }
    logs
}
