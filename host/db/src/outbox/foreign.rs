//! What other systems send in when there is no broker: it stands in the same log.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Db, DbError};

/// Kind of a record that is no fact of ours.
pub const FOREIGN: &str = "foreign";

/// A record of another system.
#[derive(Clone, Debug)]
pub struct ForeignRecord {
    /// Deduped by it.
    pub id: Uuid,
    /// As the sender calls it.
    pub event_type: String,
    /// Where it belongs.
    pub topic: String,
    /// What keeps it in order.
    pub key: String,
    /// The whole message.
    pub payload: Value,
    /// When it came in.
    pub occurred_at: DateTime<Utc>,
    /// The request it came from.
    pub trace_id: Uuid,
}

/// Appends records in the order given, in one statement. Senders whose records share a key must not send at the same time.
pub async fn append_foreign(db: &Db, records: &[ForeignRecord]) -> Result<(), DbError> {
    let ids: Vec<Uuid> = records.iter().map(|record| record.id).collect();
    let types: Vec<&str> = records.iter().map(|record| record.event_type.as_str()).collect();
    let topics: Vec<&str> = records.iter().map(|record| record.topic.as_str()).collect();
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    let payloads: Vec<Json<&Value>> = records.iter().map(|record| Json(&record.payload)).collect();
    let times: Vec<DateTime<Utc>> = records.iter().map(|record| record.occurred_at).collect();
    let traces: Vec<Uuid> = records.iter().map(|record| record.trace_id).collect();
    sqlx::query!(
        "INSERT INTO events.outbox \
             (id, transaction_id, event_type, topic, aggregate_kind, aggregate_id, record_key, sequence, payload, \
              occurred_at, trace_id) \
         SELECT record.id, pg_current_xact_id(), record.event_type, record.topic, 'foreign', md5(record.key)::uuid, \
                record.key, 1, record.payload, record.occurred_at, record.trace_id \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::uuid[]) \
             WITH ORDINALITY \
             AS record (id, event_type, topic, key, payload, occurred_at, trace_id, ordinal) \
         ORDER BY record.ordinal",
        &ids,
        &types as &[&str],
        &topics as &[&str],
        &keys as &[&str],
        &payloads as &[Json<&Value>],
        &times,
        &traces
    )
    .execute(db.pool())
    .await?;
    Ok(())
}
