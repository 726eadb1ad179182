//! From an order to another system.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use uuid::Uuid;
use vectis_contracts::ports::event_log::{Delivered, EventLog};
use vectis_tests::broker::Broker;
use vectis_tests::shop::lines;
use vectis_tests::{PluginFolder, TestHost};

use super::logs::{kafka, payload, read, unique};

pub(super) async fn shop_on(brokers: &str) -> TestHost {
    let brokers = brokers.to_owned();
    TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.events.brokers = brokers;
        config.events.run_in_server = true;
        config.events.look_interval = Duration::from_millis(200);
        config.events.retry_wait = Duration::from_millis(5);
        config.database.max_connections = 24;
    })
    .await
}

pub(crate) async fn place_an_order(shop: &TestHost) {
    let buyer = shop.buyer().await;
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(3, 1)).await.ok();
    let placed = buyer.submit(&cart, &added.at("/cartLinesAdd/cart/version"), &cart).await.ok();
    if placed.at("/cartSubmit/order").is_null() {
        let request = placed.text("/cartSubmit/approvalRequest/id");
        shop.approver().await.approve(&request, &request).await.ok();
    }
}

/// Ids by kind and id of the aggregate, in order.
type Told = BTreeMap<(String, String), Vec<String>>;

/// What the database says was told.
pub(super) async fn told(shop: &TestHost) -> Told {
    let rows: Vec<(String, Uuid, Uuid)> = sqlx::query_as(
        "SELECT aggregate_kind, aggregate_id, id FROM events.outbox WHERE aggregate_kind <> 'foreign' ORDER BY sequence",
    )
    .fetch_all(shop.db.pool())
    .await
    .unwrap();
    let mut told = Told::new();
    for (kind, aggregate, id) in rows {
        told.entry((kind, aggregate.to_string())).or_default().push(id.to_string());
    }
    told
}

/// Reads all topics until so many different events have come: the first copies, in the order in which they came, and how many
/// more copies there were.
pub(super) async fn first_copies(log: &dyn EventLog, count: usize) -> (Vec<Delivered>, usize) {
    let topics = vectis_contracts::events::topics();
    log.ensure_topics(&topics).await.unwrap();
    let mut subscription = log.subscribe(&unique("witness"), &topics).await.unwrap();
    let (mut first, mut seen, mut copies) = (Vec::new(), HashSet::new(), 0);
    while first.len() < count {
        for record in read(&mut *subscription, 1).await {
            if seen.insert(record.record.headers["event-id"].clone()) {
                first.push(record);
            } else {
                copies += 1;
            }
        }
    }
    (first, copies)
}

pub(super) fn by_aggregate(delivered: &[Delivered]) -> Told {
    let mut heard = Told::new();
    for record in delivered {
        let kind = payload(record)["aggregateKind"].as_str().unwrap().to_owned();
        let place = (kind, record.record.key.clone());
        heard.entry(place).or_default().push(record.record.headers["event-id"].clone());
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_told_arrives_at_the_broker_in_order() {
    let Some(broker) = Broker::start_new().await else { return };
    let shop = shop_on(&broker.address()).await;
    for _ in 0..3 {
        place_an_order(&shop).await;
    }

    let told = told(&shop).await;
    let count = told.values().map(Vec::len).sum();
    let (delivered, copies) = first_copies(&kafka(&broker), count).await;

    assert!(count > 100, "the demo shop and three orders tell {count} events");
    println!("{count} events, {copies} copies more");
    assert!(by_aggregate(&delivered) == told, "the broker has other events, or in another order");
    let placed: Vec<&Delivered> = delivered
        .iter()
        .filter(|one| one.record.headers["event-type"] == "vectis.orders.order_placed.v1")
        .collect();
    assert_eq!(placed.len(), 3);
    let envelope = payload(placed[0]);
    let headers = &placed[0].record.headers;
    assert_eq!((placed[0].record.topic.as_str(), headers["schema-version"].as_str()), ("vectis.orders", "1"));
    assert_eq!(envelope["id"], headers["event-id"].as_str());
    assert_eq!(envelope["aggregateId"], placed[0].record.key.as_str());
    let trace = envelope["traceId"].as_str().unwrap().replace('-', "");
    assert!(headers["traceparent"].starts_with(&format!("00-{trace}-")), "{headers:?}");
    shop.stop().await;
}
