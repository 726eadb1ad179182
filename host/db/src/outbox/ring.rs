//! Emptying the ring: whole slots, so that nothing is ever deleted row by row.

use std::time::Duration;

use crate::{Db, DbError};

/// Slots of the ring, a day each. What is kept at most is a day less: today's slot is being written.
const SLOTS: i64 = 32;

/// Longest retention, in days.
pub const MOST_DAYS: u64 = 30;

/// Truncates the slots whose day is behind the retention, unless one of `readers` still has to read something there (a
/// reader that never read has to read everything). How many were emptied. Waits for nobody: a slot somebody is reading is
/// left for the next time.
pub async fn empty_slots(db: &Db, retention: Duration, readers: &[&str]) -> Result<u64, DbError> {
    let days = i64::try_from(retention.as_secs().div_ceil(86_400)).unwrap_or(SLOTS);
    let today = sqlx::query_scalar!(r#"SELECT (extract(epoch FROM now())::bigint / 86400) AS "today!""#)
        .fetch_one(db.pool())
        .await?;
    let mut emptied = 0;
    for age in (days + 1)..SLOTS {
        let slot = i16::try_from((today - age).rem_euclid(SLOTS)).unwrap_or_default();
        if may_be_emptied(db, slot, readers).await? && truncate(db, slot).await? {
            emptied += 1;
        }
    }
    Ok(emptied)
}

/// Whether the slot holds anything, and nothing that a reader has still to read.
async fn may_be_emptied(db: &Db, slot: i16, readers: &[&str]) -> Result<bool, DbError> {
    let may = sqlx::query_scalar!(
        r#"
        SELECT EXISTS (SELECT FROM events.outbox AS held WHERE held.slot = $1)
           AND NOT EXISTS (
               SELECT
               FROM UNNEST($2::text[]) AS needed (name)
               CROSS JOIN generate_series(0, 3) AS each (lane)
               LEFT JOIN events.reader AS reader ON reader.name = needed.name AND reader.lane = each.lane
               CROSS JOIN LATERAL (
                   SELECT
                   FROM events.outbox AS held
                   WHERE held.slot = $1
                     AND held.lane = each.lane
                     AND (held.transaction_id, held.position)
                         > (COALESCE(reader.transaction_id, '0'::xid8), COALESCE(reader.position, 0))
                   LIMIT 1
               ) AS unread
           ) AS "may!"
        "#,
        slot,
        readers as &[&str]
    )
    .fetch_one(db.pool())
    .await?;
    Ok(may)
}

/// The slot's number is ours; a table's name cannot be a parameter.
async fn truncate(db: &Db, slot: i16) -> Result<bool, DbError> {
    let mut tx = db.pool().begin().await?;
    sqlx::query("SET LOCAL lock_timeout = '200ms'").execute(&mut *tx).await?;
    let statement = sqlx::AssertSqlSafe(format!("TRUNCATE events.outbox_slot_{slot}"));
    match sqlx::query(statement).execute(&mut *tx).await {
        Ok(_) => {
            tx.commit().await?;
            Ok(true)
        }
        // lock_not_available
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55P03") => Ok(false),
        Err(error) => Err(error.into()),
    }
}
