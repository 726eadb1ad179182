//! The last statement of a unit of work: its facts into the outbox and its answer under the idempotency key, together.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_kernel::Event;

/// What the outbox adds to a fact, from the context that told it.
pub(crate) struct Stamp {
    pub(crate) id: Uuid,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) trace_id: Uuid,
}

/// An answer to keep.
pub(crate) struct Answer {
    pub(crate) actor_key: String,
    pub(crate) key: String,
    pub(crate) parameters_hash: [u8; 32],
    pub(crate) answer: Value,
    pub(crate) answered_at: DateTime<Utc>,
    /// Answers from before have outlived their retention.
    pub(crate) outlived: DateTime<Utc>,
}

/// Writes the facts, in the order given, and the answer. False, and nothing written, when the key has an answer: whoever
/// comes second with a key waits here for the first.
#[expect(clippy::too_many_lines, reason = "one statement and its columns")]
pub(crate) async fn write(
    connection: &mut PgConnection,
    events: &[Event],
    stamps: &[Stamp],
    answer: Option<&Answer>,
) -> Result<bool, sqlx::Error> {
    if events.is_empty() && answer.is_none() {
        return Ok(true);
    }
    let ids: Vec<Uuid> = stamps.iter().map(|stamp| stamp.id).collect();
    let types: Vec<&str> = events.iter().map(|event| event.event_type).collect();
    let topics: Vec<&str> = events.iter().map(Event::topic).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.aggregate_kind).collect();
    let aggregates: Vec<Uuid> = events.iter().map(|event| event.aggregate_id).collect();
    let payloads: Vec<Json<&Value>> = events.iter().map(|event| Json(&event.payload)).collect();
    let times: Vec<DateTime<Utc>> = stamps.iter().map(|stamp| stamp.occurred_at).collect();
    let traces: Vec<Uuid> = stamps.iter().map(|stamp| stamp.trace_id).collect();
    // The key comes before the sequences, always, so that twins wait for each other at one place. The join makes a row,
    // and so its position, only after its aggregate is locked: positions follow sequences.
    sqlx::query_scalar!(
        r#"
        WITH claimed AS (
            INSERT INTO events.idempotency AS held (actor_key, key, parameters_hash, answer, created_at)
            SELECT $9, $10, $11, $12, $13
            WHERE $10::text IS NOT NULL
            ON CONFLICT (actor_key, key) DO UPDATE
            SET parameters_hash = EXCLUDED.parameters_hash, answer = EXCLUDED.answer,
                created_at = EXCLUDED.created_at
            WHERE held.answer IS NULL OR held.created_at < $14
            RETURNING held.key
        ),
        go AS (
            SELECT FROM claimed
            UNION ALL
            SELECT WHERE $10::text IS NULL
        ),
        given AS (
            SELECT id, event_type, topic, aggregate_kind, aggregate_id, data, occurred_at, trace_id, ordinal,
                   ROW_NUMBER() OVER (PARTITION BY aggregate_id, aggregate_kind ORDER BY ordinal) AS step
            FROM go
            CROSS JOIN UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[],
                              $7::timestamptz[], $8::uuid[])
                WITH ORDINALITY
                AS fact (id, event_type, topic, aggregate_kind, aggregate_id, data, occurred_at, trace_id, ordinal)
        ),
        counted AS (
            SELECT aggregate_kind, aggregate_id, COUNT(*) AS events
            FROM given
            GROUP BY aggregate_kind, aggregate_id
        ),
        numbered AS (
            INSERT INTO events.aggregate_sequence AS held
                (aggregate_kind, aggregate_id, last_sequence, last_transaction_id)
            SELECT aggregate_kind, aggregate_id, events, pg_current_xact_id()
            FROM counted
            ORDER BY aggregate_id, aggregate_kind
            ON CONFLICT (aggregate_id, aggregate_kind) DO UPDATE
            SET last_sequence = held.last_sequence + EXCLUDED.last_sequence,
                last_transaction_id = GREATEST(held.last_transaction_id, EXCLUDED.last_transaction_id)
            RETURNING aggregate_kind, aggregate_id, last_sequence, last_transaction_id
        ),
        fact AS (
            SELECT id, event_type, topic, aggregate_kind, aggregate_id, data, occurred_at, trace_id, ordinal,
                   last_transaction_id, numbered.last_sequence - counted.events + given.step AS sequence
            FROM given
            JOIN counted USING (aggregate_kind, aggregate_id)
            JOIN numbered USING (aggregate_kind, aggregate_id)
        ),
        told AS (
            INSERT INTO events.outbox
                (id, transaction_id, event_type, topic, aggregate_kind, aggregate_id, sequence, payload, occurred_at,
                 trace_id)
            SELECT id, last_transaction_id, event_type, topic, aggregate_kind, aggregate_id, sequence,
                   jsonb_build_object(
                       'id', id,
                       'type', event_type,
                       'aggregateKind', aggregate_kind,
                       'aggregateId', aggregate_id,
                       'sequence', sequence,
                       'occurredAt', occurred_at,
                       'traceId', trace_id,
                       'data', data
                   ),
                   occurred_at, trace_id
            FROM fact
            ORDER BY ordinal
        )
        SELECT EXISTS (SELECT FROM go) AS "is_written!"
        "#,
        &ids,
        &types as &[&str],
        &topics as &[&str],
        &kinds as &[&str],
        &aggregates,
        &payloads as &[Json<&Value>],
        &times,
        &traces,
        answer.map(|answer| answer.actor_key.as_str()) as Option<&str>,
        answer.map(|answer| answer.key.as_str()) as Option<&str>,
        answer.map(|answer| &answer.parameters_hash[..]) as Option<&[u8]>,
        answer.map(|answer| &answer.answer) as Option<&Value>,
        answer.map(|answer| answer.answered_at) as Option<DateTime<Utc>>,
        answer.map(|answer| answer.outlived) as Option<DateTime<Utc>>
    )
    .fetch_one(connection)
    .await
}
