//! On the module's own migrations and `events`.

pub(crate) mod fakes;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::extensions::{
    Emit, ExtensionCode, Extensions, MAX_BYTES, MAX_ENTRIES, MAX_VALUE_BYTES, Put,
};
use vectis_contracts::plugin_schedules::ScheduleTerms;
use vectis_db::{Db, testing};
use vectis_kernel::{Ctx, Failure, FixedClock};

use self::fakes::FakeAudit;

pub(crate) const TERMS: ScheduleTerms =
    ScheduleTerms { lease: Duration::from_secs(30), attempts: 3, retry_wait: Duration::from_secs(20) };

struct Room {
    db: Db,
    extensions: Arc<dyn Extensions>,
}

async fn room(pool: PgPool) -> Room {
    let db = testing::db(pool, &[&crate::MIGRATIONS]).await;
    let built =
        crate::build(crate::Deps { db: db.clone(), audit: Arc::<FakeAudit>::default(), schedules: TERMS });
    Room { db, extensions: built.extensions }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn at(instant: DateTime<Utc>) -> Ctx {
    Ctx { clock: Arc::new(FixedClock::at(instant)), ..Ctx::system("test") }
}

fn put<'a>(key: &'a str, value: &'a [u8]) -> Put<'a> {
    Put { key, value, expires_at: None }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, Failure<ExtensionCode>>) -> ExtensionCode {
    outcome.unwrap_err().refusals()[0].code
}

#[sqlx::test(migrations = false)]
async fn a_plugin_reads_what_it_kept_and_nothing_of_others(pool: PgPool) {
    let Room { extensions, .. } = room(pool).await;
    let ctx = at(now());

    extensions.put(&ctx, "acme", put("a", b"first")).await.unwrap();
    extensions.put(&ctx, "acme", put("a", b"second")).await.unwrap();

    assert_eq!(extensions.get(&ctx, "acme", "a").await.unwrap().as_deref(), Some(&b"second"[..]));
    assert_eq!(extensions.get(&ctx, "other", "a").await.unwrap(), None);
    assert!(!extensions.delete(&ctx, "other", "a").await.unwrap());
    assert!(extensions.delete(&ctx, "acme", "a").await.unwrap());
    assert_eq!(extensions.get(&ctx, "acme", "a").await.unwrap(), None);
}

#[sqlx::test(migrations = false)]
async fn what_has_expired_is_not_seen_and_swept(pool: PgPool) {
    let Room { extensions, .. } = room(pool).await;
    let until = now() + TimeDelta::seconds(60);
    let put = Put { key: "a", value: b"x", expires_at: Some(until) };
    extensions.put(&at(now()), "acme", put).await.unwrap();

    assert!(extensions.get(&at(until - TimeDelta::seconds(1)), "acme", "a").await.unwrap().is_some());
    assert_eq!(extensions.get(&at(until), "acme", "a").await.unwrap(), None);
    assert_eq!(extensions.sweep(&at(until)).await.unwrap(), 1);
    assert_eq!(extensions.sweep(&at(until)).await.unwrap(), 0);
}

#[sqlx::test(migrations = false)]
async fn a_plugin_that_keeps_too_much_is_refused_until_something_goes(pool: PgPool) {
    let Room { extensions, .. } = room(pool).await;
    let ctx = at(now());
    let value = vec![7; MAX_VALUE_BYTES];
    let until = now() + TimeDelta::seconds(60);
    let fitting = MAX_BYTES / (i64::try_from(MAX_VALUE_BYTES).unwrap() + 3);
    for number in 0..fitting {
        let key = format!("{number:03}");
        let put = Put { key: &key, value: &value, expires_at: Some(until) };
        extensions.put(&ctx, "acme", put).await.unwrap();
    }

    assert_eq!(code(extensions.put(&ctx, "acme", put("one more", &value)).await), ExtensionCode::StoreFull);
    // In place of one that is there, another one fits; and other plugins have room of their own.
    extensions.put(&ctx, "acme", Put { key: "000", value: &value, expires_at: Some(until) }).await.unwrap();
    extensions.put(&ctx, "other", put("one more", &value)).await.unwrap();
    // Later all of them have expired.
    extensions.put(&at(until), "acme", put("one more", &value)).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn of_many_at_once_only_so_many_get_the_last_places(pool: PgPool) {
    let Room { db, extensions } = room(pool).await;
    sqlx::query("INSERT INTO extensions.usage (plugin, entries, bytes) VALUES ('acme', $1, 0)")
        .bind(MAX_ENTRIES - 3)
        .execute(db.pool())
        .await
        .unwrap();

    let attempts = (0..12).map(|number| {
        let extensions = extensions.clone();
        async move { extensions.put(&at(now()), "acme", put(&format!("key {number}"), b"")).await.is_ok() }
    });
    let mut kept = 0;
    let mut set = tokio::task::JoinSet::new();
    attempts.for_each(|attempt| drop(set.spawn(attempt)));
    while let Some(outcome) = set.join_next().await {
        kept += usize::from(outcome.unwrap());
    }

    assert_eq!(kept, 3);
}

#[sqlx::test(migrations = false)]
async fn keys_and_values_have_a_size(pool: PgPool) {
    let Room { extensions, .. } = room(pool).await;
    let ctx = at(now());

    assert_eq!(code(extensions.get(&ctx, "acme", "").await), ExtensionCode::InvalidKey);
    assert_eq!(code(extensions.put(&ctx, "acme", put("nul\0", b"")).await), ExtensionCode::InvalidKey);
    assert_eq!(code(extensions.delete(&ctx, "acme", &"k".repeat(257)).await), ExtensionCode::InvalidKey);
    let large = vec![0; MAX_VALUE_BYTES + 1];
    assert_eq!(code(extensions.put(&ctx, "acme", put("a", &large)).await), ExtensionCode::ValueTooLarge);
}

#[sqlx::test(migrations = false)]
async fn what_a_plugin_tells_stands_in_the_outbox_under_its_name(pool: PgPool) {
    let Room { db, extensions } = room(pool).await;
    let subject_id = Uuid::from_u128(7);
    let emit = |name, facts| Emit { name, subject_id, facts };

    extensions.emit(&at(now()), "acme", emit("rates_failed", json!({ "why": "slow" }))).await.unwrap();
    assert_eq!(
        code(extensions.emit(&at(now()), "acme", emit("vectis.orders", json!({}))).await),
        ExtensionCode::InvalidEvent
    );
    assert_eq!(
        code(extensions.emit(&at(now()), "acme", emit("rates_failed", json!([]))).await),
        ExtensionCode::InvalidEvent
    );

    let payload: serde_json::Value = sqlx::query_scalar(
        "SELECT payload FROM events.outbox WHERE event_type = 'vectis.extensions.plugin_told.v1'",
    )
    .fetch_one(db.pool())
    .await
    .unwrap();
    assert_eq!(payload["data"]["plugin"], "acme");
    assert_eq!(payload["data"]["name"], "rates_failed");
    assert_eq!(payload["data"]["facts"], json!({ "why": "slow" }));
}
