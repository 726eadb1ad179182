//! What could not be taken in, kept with its reason until somebody has mended the cause.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;
use vectis_kernel::PageRequest;

use crate::{Db, DbError, Tx, conn};

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Its id.
    pub id: Uuid,
    /// Who could not take it in.
    pub consumer: String,
    /// The event's id; one made from its place in the log when it has none.
    pub event_id: Uuid,
    /// Where it stood.
    pub topic: String,
    /// Part of the topic.
    pub partition: i32,
    /// Place in it.
    pub log_offset: i64,
    /// What it was kept in order by.
    pub record_key: String,
    /// As it came.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub payload: Vec<u8>,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was given up.
    pub created_at: DateTime<Utc>,
}

/// Puts letters away. One that is there already for this consumer and event stays as it is.
pub async fn put(tx: &mut Tx, letters: &[DeadLetter]) -> Result<(), DbError> {
    for letter in letters {
        sqlx::query!(
            "INSERT INTO events.dead_letter \
                 (id, consumer, event_id, topic, partition, log_offset, record_key, headers, payload, reason, attempts, \
                  created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
             ON CONFLICT (consumer, event_id) DO NOTHING",
            letter.id,
            letter.consumer,
            letter.event_id,
            letter.topic,
            letter.partition,
            letter.log_offset,
            letter.record_key,
            Json(&letter.headers) as _,
            letter.payload,
            letter.reason,
            letter.attempts,
            letter.created_at
        )
        .execute(conn(tx))
        .await?;
    }
    Ok(())
}

/// The oldest `limit` letters, of one consumer or of all.
pub async fn list(db: &Db, consumer: Option<&str>, limit: i64) -> Result<Vec<DeadLetter>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id, consumer, event_id, topic, partition, log_offset, record_key,
               headers AS "headers: Json<BTreeMap<String, String>>", payload, reason, attempts, created_at
        FROM events.dead_letter
        WHERE $1::text IS NULL OR consumer = $1
        ORDER BY created_at, id
        LIMIT $2
        "#,
        consumer,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Row::letter).collect())
}

/// A page of them, newest first, of one consumer or of all. Ids rise with time.
pub async fn page(db: &Db, consumer: Option<&str>, page: &PageRequest) -> Result<Vec<DeadLetter>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        SELECT id, consumer, event_id, topic, partition, log_offset, record_key,
               headers AS "headers: Json<BTreeMap<String, String>>", payload, reason, attempts, created_at
        FROM events.dead_letter
        WHERE ($1::text IS NULL OR consumer = $1) AND ($2::uuid IS NULL OR id < $2)
        ORDER BY id DESC
        LIMIT $3
        "#,
        consumer,
        page.after,
        page.fetch_limit()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Row::letter).collect())
}

/// One of them.
pub async fn find(db: &Db, id: Uuid) -> Result<Option<DeadLetter>, DbError> {
    let row = sqlx::query_as!(
        Row,
        r#"
        SELECT id, consumer, event_id, topic, partition, log_offset, record_key,
               headers AS "headers: Json<BTreeMap<String, String>>", payload, reason, attempts, created_at
        FROM events.dead_letter
        WHERE id = $1
        "#,
        id
    )
    .fetch_optional(db.pool())
    .await?;
    Ok(row.map(Row::letter))
}

struct Row {
    id: Uuid,
    consumer: String,
    event_id: Uuid,
    topic: String,
    partition: i32,
    log_offset: i64,
    record_key: String,
    headers: Json<BTreeMap<String, String>>,
    payload: Vec<u8>,
    reason: String,
    attempts: i32,
    created_at: DateTime<Utc>,
}

impl Row {
    fn letter(self) -> DeadLetter {
        DeadLetter {
            id: self.id,
            consumer: self.consumer,
            event_id: self.event_id,
            topic: self.topic,
            partition: self.partition,
            log_offset: self.log_offset,
            record_key: self.record_key,
            headers: self.headers.0,
            payload: self.payload,
            reason: self.reason,
            attempts: self.attempts,
            created_at: self.created_at,
        }
    }
}

/// Takes a letter away, in the unit of work that takes its event in. False when somebody else has.
pub async fn take(tx: &mut Tx, id: Uuid) -> Result<bool, DbError> {
    let taken = sqlx::query!("DELETE FROM events.dead_letter WHERE id = $1", id).execute(conn(tx)).await?;
    Ok(taken.rows_affected() == 1)
}

/// It failed once more.
pub async fn tried_again(db: &Db, id: Uuid, reason: &str) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE events.dead_letter \
         SET attempts = attempts + 1, reason = $2 \
         WHERE id = $1",
        id,
        reason
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// How many there are, by consumer.
pub async fn counts(db: &Db) -> Result<Vec<(String, i64)>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT consumer, COUNT(*) AS "count!" FROM events.dead_letter GROUP BY consumer ORDER BY consumer"#
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(|row| (row.consumer, row.count)).collect())
}
