//! Both logs, ready to be used.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::ports::event_log::{Delivered, EventLog, Record, Subscription, header};
use vectis_db::outbox::Signal;
use vectis_db::{Db, PoolSettings};
use vectis_events::embedded::EmbeddedLog;
use vectis_events_kafka::{KafkaLog, Settings};
use vectis_tests::TestDatabase;
use vectis_tests::broker::Broker;

/// Longest a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The log inside a database of its own.
pub(super) struct Embedded {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) db: Db,
    _database: TestDatabase,
}

impl Embedded {
    pub(super) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let settings = PoolSettings { max_connections: 30, ..PoolSettings::default() };
        let pool = vectis_db::connect_url(database.url(), &settings).await.unwrap();
        let db = Db::new(pool);
        let log = EmbeddedLog::new(db.clone(), Signal::of(&db), Duration::from_millis(200));
        Self { log: Arc::new(log), db, _database: database }
    }
}

/// The log on a broker.
pub(super) fn kafka(broker: &Broker) -> KafkaLog {
    KafkaLog::new(settings(broker))
}

/// The same, waiting for a second only.
pub(super) fn impatient_kafka(broker: &Broker) -> KafkaLog {
    KafkaLog::new(Settings { acknowledge_timeout: Duration::from_secs(1), ..settings(broker) })
}

fn settings(broker: &Broker) -> Settings {
    Settings {
        brokers: broker.address(),
        partitions: 3,
        replication_factor: 0,
        largest_record: 16 * 1024 * 1024,
        acknowledge_timeout: Duration::from_secs(20),
        properties: BTreeMap::new(),
    }
}

/// A name that no other test has.
#[expect(clippy::disallowed_methods, reason = "a test has no context to take ids from")]
pub(super) fn unique(what: &str) -> String {
    format!("{what}-{}", Uuid::now_v7().simple())
}

/// A record as a sender outside makes it, numbered.
#[expect(clippy::disallowed_methods, reason = "a test has no context to take ids from")]
pub(super) fn numbered(topic: &str, key: &str, number: usize) -> Record {
    let id = Uuid::now_v7();
    let event_type = "vectis.testing.thing_counted.v1";
    let headers = BTreeMap::from([
        (header::EVENT_ID.to_owned(), id.to_string()),
        (header::EVENT_TYPE.to_owned(), event_type.to_owned()),
        (header::SCHEMA_VERSION.to_owned(), "1".to_owned()),
        (header::TRACEPARENT.to_owned(), format!("00-{}-{}-01", id.simple(), &id.simple().to_string()[16..])),
    ]);
    let payload = json!({ "id": id, "type": event_type, "data": { "number": number } });
    Record {
        topic: topic.to_owned(),
        key: key.to_owned(),
        headers,
        payload: payload.to_string().into_bytes(),
    }
}

pub(super) fn payload(delivered: &Delivered) -> Value {
    serde_json::from_slice(&delivered.record.payload).unwrap()
}

/// `(key, number)`
pub(super) fn number(delivered: &Delivered) -> (String, u64) {
    (delivered.record.key.clone(), payload(delivered)["data"]["number"].as_u64().unwrap())
}

/// Reads until so many have come, committing each batch.
pub(super) async fn read(subscription: &mut dyn Subscription, count: usize) -> Vec<Delivered> {
    let started = Instant::now();
    let mut all = Vec::new();
    while all.len() < count {
        assert!(started.elapsed() < PATIENCE, "only {} of {count} records came", all.len());
        all.extend(subscription.next(100, Duration::from_millis(500)).await.unwrap());
        subscription.commit().await.unwrap();
    }
    all
}

/// Fails when something comes within a second.
pub(super) async fn assert_silent(subscription: &mut dyn Subscription) {
    assert_eq!(subscription.next(100, Duration::from_secs(1)).await.unwrap(), []);
}
