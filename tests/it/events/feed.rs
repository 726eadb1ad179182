//! From another system to the shop: counts of stock and prices.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::ports::event_log::{EventLog, Record};
use vectis_db::outbox::Signal;
use vectis_events::embedded::EmbeddedLog;
use vectis_tests::TestHost;
use vectis_tests::broker::Broker;

use super::flow::shop_on;
use super::logs::kafka;

/// A count of another system.
pub(super) fn count(id: u128, sequence: i64, sku: &str, on_hand: &str) -> Record {
    let data = json!({ "source": "wms-1", "sequence": sequence, "warehouse": "MAIN", "sku": sku, "onHand": on_hand });
    reported(id, "vectis.inventory.stock_reported.v1", sku, &data)
}

fn reported(id: u128, event_type: &str, key: &str, data: &Value) -> Record {
    let payload = json!({ "id": Uuid::from_u128(id), "type": event_type, "data": data });
    Record {
        topic: "vectis.inventory".to_owned(),
        key: key.to_owned(),
        headers: BTreeMap::new(),
        payload: payload.to_string().into_bytes(),
    }
}

/// On hand of a SKU in its warehouse, in thousandths.
pub(super) async fn on_hand(shop: &TestHost, sku: &str) -> i64 {
    sqlx::query_scalar(
        "SELECT level.on_hand_milli FROM inventory.stock_level AS level \
         JOIN inventory.warehouse AS warehouse ON warehouse.id = level.warehouse_id \
         JOIN products.variant AS variant ON variant.id = level.variant_id \
         WHERE variant.sku = $1 AND warehouse.code = $2",
    )
    .bind(sku)
    .bind("MAIN")
    .fetch_one(shop.db.pool())
    .await
    .unwrap()
}

pub(super) async fn until<T: PartialEq + std::fmt::Debug>(expected: T, mut look: impl AsyncFnMut() -> T) {
    let started = Instant::now();
    loop {
        let seen = look().await;
        if seen == expected {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{seen:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn letters(shop: &TestHost) -> Vec<String> {
    let sql = "SELECT consumer || ': ' || reason FROM events.dead_letter ORDER BY created_at, id";
    sqlx::query_scalar(sql).fetch_all(shop.db.pool()).await.unwrap()
}

/// Counts and prices of other systems: the newest wins, copies and poison do nothing, the rest flows.
async fn feeds_are_followed(shop: &TestHost, log: &dyn EventLog) {
    log.ensure_topics(&["vectis.inventory"]).await.unwrap();
    let prices = json!({ "source": "pim", "sequence": 1, "priceList": "Wholesale list", "sku": "HEX-001",
                         "tiers": [{ "minQuantity": "1", "unitPrice": "0.0125" }] });
    let unknown = json!({ "source": "wms-1", "sequence": 1 });
    log.append(&[
        count(1, 5, "HEX-001", "700"),
        count(2, 7, "HEX-001", "710.5"),
        count(1, 5, "HEX-001", "700"),
        count(3, 6, "HEX-001", "1"),
        count(4, 1, "NO-SUCH-THING", "3"),
        reported(5, "vectis.inventory.stock_reported.v9", "HEX-002", &unknown),
        reported(6, "vectis.inventory.stock_reported.v1", "HEX-002", &unknown),
        reported(7, "vectis.inventory.price_reported.v1", "Wholesale list HEX-001", &prices),
        count(8, 1, "HEX-002", "42"),
    ])
    .await
    .unwrap();

    until(42_000, async || on_hand(shop, "HEX-002").await).await;
    until(710_500, async || on_hand(shop, "HEX-001").await).await;
    until(3, async || letters(shop).await.len()).await;
    let reasons = letters(shop).await.join("\n");
    assert!(reasons.contains("stock-feed: there is no variant with the SKU NO-SUCH-THING"), "{reasons}");
    assert!(reasons.contains("stock_reported.v9 is a version that is not known here"), "{reasons}");
    assert!(reasons.contains("\"warehouse\" is a required property"), "{reasons}");
    until("0.012500".to_owned(), async || price(shop, "HEX-001").await).await;
    shop.assert_books_balance().await;
}

async fn price(shop: &TestHost, sku: &str) -> String {
    let sql = "SELECT string_agg(tier.unit_price::text, ' ') FROM pricing.price_tier AS tier \
               JOIN pricing.price_list AS list ON list.id = tier.price_list_id \
               JOIN products.variant AS variant ON variant.id = tier.variant_id \
               WHERE list.name = 'Wholesale list' AND variant.sku = $1";
    sqlx::query_scalar(sql).bind(sku).fetch_one(shop.db.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_followed_on_the_embedded_log() {
    let shop = shop_on("").await;

    let log = EmbeddedLog::new(shop.db.clone(), Signal::of(&shop.db), Duration::from_millis(200));
    feeds_are_followed(&shop, &log).await;

    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_followed_on_kafka() {
    let Some(broker) = Broker::start_new().await else { return };
    let shop = shop_on(&broker.address()).await;

    feeds_are_followed(&shop, &kafka(&broker)).await;

    shop.stop().await;
}
