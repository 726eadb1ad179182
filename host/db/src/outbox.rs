//! Facts leave the platform only through here: written in the transaction that makes them true, read in an order that
//! loses none and swaps none within an aggregate.

mod foreign;
mod read;
mod reader;
mod ring;
mod schemas;
mod signal;

use sqlx::{Connection as _, PgConnection};
use vectis_kernel::ids::EventId;
use vectis_kernel::{Ctx, Event};

use crate::Tx;
use crate::bus::GuardRefusal;
use crate::closing::Stamp;

pub use foreign::{FOREIGN, ForeignRecord, append_foreign};
pub use read::{Cursor, OutboxEvent, horizon, read_after, read_since};
pub use reader::{LANES, Reader, ReaderError, Standing, begin, forget, move_back, standings};
pub use ring::{MOST_DAYS, empty_slots};
pub use schemas::{SchemaError, check_payload, register_schemas};
pub use signal::Signal;

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

/// Transaction ids mean nothing on another server: after a restore from a dump those of the old one may lie ahead of every
/// horizon, and would hold back what they belong to. Then all events move to the beginning, where their positions keep each
/// aggregate's order, and every reader goes on at the first event it has not read; those behind it that it has read come
/// again. On a server that wrote its own outbox nothing is ahead.
pub(crate) async fn adopt_restored(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let is_ahead = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (SELECT FROM events.outbox WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))
            OR EXISTS (SELECT FROM events.reader WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))
            OR EXISTS (
                SELECT FROM events.aggregate_sequence
                WHERE last_transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
            ) AS "is_ahead!"
        "#
    )
    .fetch_one(&mut *connection)
    .await?;
    if !is_ahead {
        return Ok(());
    }
    tracing::warn!(
        "the outbox comes from another server; readers go on at the first event they have not read"
    );
    let mut together = connection.begin().await?;
    sqlx::query!(
        "UPDATE events.reader \
         SET fence = fence + 1, transaction_id = '0', position = COALESCE( \
                 (SELECT MIN(held.position) - 1 FROM events.outbox AS held \
                  WHERE held.lane = reader.lane \
                    AND (held.transaction_id, held.position) > (reader.transaction_id, reader.position)), \
                 (SELECT MAX(held.position) FROM events.outbox AS held WHERE held.lane = reader.lane), \
                 0)"
    )
    .execute(&mut *together)
    .await?;
    sqlx::query!("UPDATE events.outbox SET transaction_id = '0'").execute(&mut *together).await?;
    sqlx::query!("UPDATE events.aggregate_sequence SET last_transaction_id = '0'")
        .execute(&mut *together)
        .await?;
    together.commit().await
}
