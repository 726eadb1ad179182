//! Reading without being a reader: for people, for replays, for tests.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{Db, DbError};

/// How far somebody has read; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    pub(super) transaction_id: u64,
    pub(super) position: i64,
}

/// A fact as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// Consumers dedupe by it.
    pub id: Uuid,
    /// `vectis.orders.order_placed.v1`
    pub event_type: String,
    /// `vectis.orders`
    pub topic: String,
    /// `order`; [`super::FOREIGN`] for what another system sent in.
    pub aggregate_kind: String,
    /// Also the broker key.
    pub aggregate_id: Uuid,
    /// The key of a foreign record.
    pub record_key: Option<String>,
    /// 1, 2, 3 … within the aggregate, without gaps.
    pub sequence: i64,
    /// The envelope as JSON: `id`, `type`, `aggregateKind`, `aggregateId`, `sequence`, `occurredAt`, `traceId`, and the facts
    /// in `data`.
    pub payload: String,
    /// When it became true.
    pub occurred_at: DateTime<Utc>,
    /// The request it came from.
    pub trace_id: Uuid,
    /// Which lane it stands in.
    pub lane: i16,
    /// Where to continue after it.
    pub cursor: Cursor,
}

impl OutboxEvent {
    /// The payload, parsed.
    pub fn envelope(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_default()
    }

    /// What the record is kept in order by.
    pub fn key(&self) -> String {
        self.record_key.clone().unwrap_or_else(|| self.aggregate_id.to_string())
    }

    /// Its place among all events; rises within a lane as it is read, except across writers.
    pub fn position(&self) -> i64 {
        self.cursor.position
    }
}

pub(super) struct OutboxRow {
    pub(super) id: Uuid,
    pub(super) event_type: String,
    pub(super) topic: String,
    pub(super) aggregate_kind: String,
    pub(super) aggregate_id: Uuid,
    pub(super) record_key: Option<String>,
    pub(super) sequence: i64,
    pub(super) payload: Option<String>,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) trace_id: Uuid,
    pub(super) lane: i16,
    pub(super) transaction_id: String,
    pub(super) position: i64,
}

impl OutboxRow {
    pub(super) fn cursor(&self) -> Result<Cursor, sqlx::Error> {
        Ok(Cursor { transaction_id: transaction_id(&self.transaction_id)?, position: self.position })
    }

    /// The event, unless its payload was left out.
    pub(super) fn into_event(self) -> Result<Option<OutboxEvent>, sqlx::Error> {
        let cursor = self.cursor()?;
        Ok(self.payload.map(|payload| OutboxEvent {
            id: self.id,
            event_type: self.event_type,
            topic: self.topic,
            aggregate_kind: self.aggregate_kind,
            aggregate_id: self.aggregate_id,
            record_key: self.record_key,
            sequence: self.sequence,
            payload,
            occurred_at: self.occurred_at,
            trace_id: self.trace_id,
            lane: self.lane,
            cursor,
        }))
    }
}

/// Reads what Postgres wrote for an `xid8`.
pub(super) fn transaction_id(text: &str) -> Result<u64, sqlx::Error> {
    text.parse().map_err(|error| sqlx::Error::ColumnDecode {
        index: "transaction_id".into(),
        source: Box::new(error),
    })
}

/// The next `limit` events after `cursor`, of all lanes. Only events below the transaction horizon are read, so none can
/// appear behind the cursor later; an event may therefore be withheld as long as any older transaction of the server is
/// open.
pub async fn read_after(db: &Db, cursor: Cursor, limit: i64) -> Result<Vec<OutboxEvent>, DbError> {
    let rows = sqlx::query_as!(
        OutboxRow,
        r#"
        SELECT event.id AS "id!", event.event_type AS "event_type!", event.topic AS "topic!",
               event.aggregate_kind AS "aggregate_kind!", event.aggregate_id AS "aggregate_id!", event.record_key,
               event.sequence AS "sequence!", event.payload::text AS payload, event.occurred_at AS "occurred_at!",
               event.trace_id AS "trace_id!", event.lane AS "lane!", event.transaction_id::text AS "transaction_id!",
               event.position AS "position!"
        FROM generate_series(0, 3) AS each (lane)
        CROSS JOIN LATERAL (
            SELECT id, event_type, topic, aggregate_kind, aggregate_id, record_key, sequence, payload, occurred_at,
                   trace_id, lane, transaction_id, position
            FROM events.outbox AS held
            WHERE held.lane = each.lane
              AND (held.transaction_id, held.position) > ($1::text::xid8, $2)
              AND held.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY held.transaction_id, held.position
            LIMIT $3
        ) AS event
        ORDER BY event.transaction_id, event.position
        LIMIT $3
        "#,
        cursor.transaction_id.to_string(),
        cursor.position,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    let events: Result<Vec<Option<OutboxEvent>>, sqlx::Error> =
        rows.into_iter().map(OutboxRow::into_event).collect();
    Ok(events?.into_iter().flatten().collect())
}

/// Where the log ends now: nothing before it is still to come.
pub async fn horizon(db: &Db) -> Result<Cursor, DbError> {
    let horizon =
        sqlx::query_scalar!(r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS "horizon!""#)
            .fetch_one(db.pool())
            .await?;
    Ok(Cursor { transaction_id: transaction_id(&horizon)?, position: 0 })
}

/// The next `limit` events after `cursor` that became true at `since` or later, and where to continue: `None` at the end.
pub async fn read_since(
    db: &Db,
    since: DateTime<Utc>,
    cursor: Cursor,
    limit: i64,
) -> Result<(Vec<OutboxEvent>, Option<Cursor>), DbError> {
    let events = read_after(db, cursor, limit).await?;
    let next = events.last().map(|event| event.cursor);
    Ok((events.into_iter().filter(|event| event.occurred_at >= since).collect(), next))
}
