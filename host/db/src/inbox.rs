//! Consumers see each event at least once; the inbox makes its effect happen exactly once.

use uuid::Uuid;

use crate::{DbError, Tx, conn};

/// Whether `consumer` takes this event in now for the first time. The effect belongs into the same unit of work; a
/// concurrent delivery of the same event waits here for its outcome.
pub async fn claim(tx: &mut Tx, consumer: &str, event_id: Uuid) -> Result<bool, DbError> {
    let claimed = sqlx::query!(
        "INSERT INTO events.inbox (consumer, event_id) \
         VALUES ($1, $2) \
         ON CONFLICT DO NOTHING",
        consumer,
        event_id
    )
    .execute(conn(tx))
    .await?;
    Ok(claimed.rows_affected() == 1)
}
