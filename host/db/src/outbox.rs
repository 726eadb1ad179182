//! Facts leave the platform only through here: written in the transaction that makes them true, read in an order that
//! loses none and swaps none within an aggregate.

mod schemas;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;
use vectis_kernel::ids::EventId;
use vectis_kernel::{Ctx, Event};

use crate::bus::GuardRefusal;
use crate::closing::Stamp;
use crate::{Db, Tx};

pub use schemas::{SchemaError, register_schemas};

/// Why events were not appended; the transaction cannot be committed with half of its facts and must be dropped.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// Unknown type or a payload against its schema: a bug of the module that emits it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A guard said no.
    #[error(transparent)]
    Refused(#[from] GuardRefusal),
    /// The database failed.
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
}

/// Appends facts to the outbox, in the order given. They are written with all others of the unit of work when it commits,
/// in one statement however many they are. Each aggregate's events are numbered without gaps; the aggregate is locked
/// meanwhile. Observers hear of them after the commit.
pub async fn append(tx: &mut Tx, ctx: &Ctx, events: &[Event]) -> Result<(), OutboxError> {
    for event in events {
        schemas::check(event)?;
    }
    tx.db().bus().ask(events)?;
    for event in events {
        let id = ctx.new_id::<EventId>().into();
        tx.keep(event, Stamp { id, occurred_at: ctx.now(), trace_id: ctx.trace_id });
    }
    Ok(())
}

/// Transaction ids mean nothing on another server: after a restore from a dump those of the old one may lie ahead of
/// every horizon and would hold their events back. Moves such events to the beginning, where their positions still keep
/// each aggregate's order. On a server that wrote its own outbox there are none.
pub(crate) async fn adopt_restored(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let adopted = sqlx::query!(
        "UPDATE events.outbox \
         SET transaction_id = '0' \
         WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())"
    )
    .execute(&mut *connection)
    .await?;
    if adopted.rows_affected() == 0 {
        return Ok(());
    }
    tracing::warn!(
        events = adopted.rows_affected(),
        "the outbox comes from another server; consumers read it anew"
    );
    sqlx::query!(
        "UPDATE events.aggregate_sequence \
         SET last_transaction_id = '0' \
         WHERE last_transaction_id >= pg_snapshot_xmax(pg_current_snapshot())"
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How far a consumer has read. Consumers keep it in their own store; the default is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    transaction_id: u64,
    position: i64,
}

/// A fact as consumers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    /// Consumers dedupe by it.
    pub id: Uuid,
    /// `vectis.orders.order_placed.v1`
    pub event_type: String,
    /// `vectis.orders`
    pub topic: String,
    /// `order`
    pub aggregate_kind: String,
    /// Also the broker key.
    pub aggregate_id: Uuid,
    /// 1, 2, 3 … within the aggregate, without gaps.
    pub sequence: i64,
    /// The envelope: `id`, `type`, `aggregateKind`, `aggregateId`, `sequence`, `occurredAt`, `traceId`, and the facts in `data`.
    pub payload: Value,
    /// When it became true.
    pub occurred_at: DateTime<Utc>,
    /// The request it came from.
    pub trace_id: Uuid,
    /// Where to continue after it.
    pub cursor: Cursor,
}

struct OutboxRow {
    id: Uuid,
    event_type: String,
    topic: String,
    aggregate_kind: String,
    aggregate_id: Uuid,
    sequence: i64,
    payload: Value,
    occurred_at: DateTime<Utc>,
    trace_id: Uuid,
    transaction_id: String,
    position: i64,
}

/// The next `limit` events after `cursor`. Only events below the transaction horizon are read, so none can appear behind
/// the cursor later; an event may therefore be withheld as long as any older transaction of the server is open.
pub async fn read_after(db: &Db, cursor: Cursor, limit: i64) -> Result<Vec<OutboxEvent>, OutboxError> {
    let rows = sqlx::query_as!(
        OutboxRow,
        r#"
        SELECT id, event_type, topic, aggregate_kind, aggregate_id, sequence, payload, occurred_at, trace_id,
               transaction_id::text AS "transaction_id!", position
        FROM events.outbox
        WHERE (transaction_id, position) > ($1::text::xid8, $2)
          AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction_id, position
        LIMIT $3
        "#,
        cursor.transaction_id.to_string(),
        cursor.position,
        limit
    )
    .fetch_all(db.pool())
    .await?;
    rows.into_iter().map(OutboxRow::into_event).collect()
}

impl OutboxRow {
    fn into_event(self) -> Result<OutboxEvent, OutboxError> {
        let transaction_id = self.transaction_id.parse().map_err(|error| sqlx::Error::ColumnDecode {
            index: "transaction_id".into(),
            source: Box::new(error),
        })?;
        let cursor = Cursor { transaction_id, position: self.position };
        Ok(OutboxEvent {
            id: self.id,
            event_type: self.event_type,
            topic: self.topic,
            aggregate_kind: self.aggregate_kind,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            payload: self.payload,
            occurred_at: self.occurred_at,
            trace_id: self.trace_id,
            cursor,
        })
    }
}
