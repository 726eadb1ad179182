//! What several tests need: an event type of their own and a database that knows it.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_db::outbox::{self, Cursor, OutboxEvent, register_schemas};
use vectis_db::{Db, testing};
use vectis_kernel::{Ctx, Event};

pub(crate) const COUNTED: &str = "vectis.testing.thing_counted.v1";

pub(crate) async fn database(pool: PgPool) -> Db {
    let schema = json!({
        "type": "object",
        "required": ["number"],
        "properties": { "number": { "type": "integer" } },
        "additionalProperties": false,
    });
    register_schemas(&[(COUNTED, &schema.to_string())]).unwrap();
    testing::db(pool, &[]).await
}

pub(crate) fn ctx() -> Ctx {
    Ctx::system("test")
}

pub(crate) fn counted(thing: Uuid, number: i64) -> Event {
    Event::new(COUNTED, "thing", thing, json!({ "number": number }))
}

/// An id that needs no context.
pub(crate) fn thing(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Appends in a unit of work of its own.
pub(crate) async fn emit(db: &Db, events: &[Event]) {
    let mut tx = db.begin().await.unwrap();
    outbox::append(&mut tx, &ctx(), events).await.unwrap();
    tx.commit().await.unwrap();
}

/// Reads on, `page` at a time, until `count` events have come. Transactions of other tests on the same server may hold the
/// horizon for a while.
pub(crate) async fn read_until(db: &Db, mut cursor: Cursor, page: i64, count: usize) -> Vec<OutboxEvent> {
    let started = Instant::now();
    let mut all: Vec<OutboxEvent> = Vec::new();
    while all.len() < count {
        assert!(started.elapsed() < Duration::from_secs(60), "only {} of {count} events came", all.len());
        let read = outbox::read_after(db, cursor, page).await.unwrap();
        match read.last() {
            Some(last) => cursor = last.cursor,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        all.extend(read);
    }
    all
}

pub(crate) async fn rows(db: &Db, table: &'static str) -> i64 {
    let sql = match table {
        "outbox" => "SELECT COUNT(*) FROM events.outbox",
        "aggregate_sequence" => "SELECT COUNT(*) FROM events.aggregate_sequence",
        "idempotency" => "SELECT COUNT(*) FROM events.idempotency",
        other => panic!("no such table: {other}"),
    };
    sqlx::query_scalar(sql).fetch_one(db.pool()).await.unwrap()
}
