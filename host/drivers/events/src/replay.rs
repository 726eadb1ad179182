//! Events once more, from the outbox: for a broker that lost them. Ids stay what they were, so consumers that have taken an
//! event in pass it over.

use chrono::{DateTime, Utc};
use vectis_contracts::events::topics;
use vectis_contracts::ports::event_log::{EventLog, LogError, Record};
use vectis_db::outbox::{self, Cursor};
use vectis_db::{Db, DbError};

use crate::records::record;

const AT_ONCE: i64 = 500;

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The broker.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Sends everything that became true at `since` or later to the broker, in order; how many events that were.
pub async fn replay(db: &Db, broker: &dyn EventLog, since: DateTime<Utc>) -> Result<usize, ReplayError> {
    broker.ensure_topics(&topics()).await?;
    let mut cursor = Cursor::default();
    let mut sent = 0;
    loop {
        let (events, next) = outbox::read_since(db, since, cursor, AT_ONCE).await?;
        let Some(next) = next else { return Ok(sent) };
        let records: Vec<Record> = events.iter().map(record).collect();
        broker.append(&records).await?;
        sent += records.len();
        cursor = next;
    }
}
