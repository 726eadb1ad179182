//! Who is told of events beside the platform's own consumers, and since when.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{Db, DbError};

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Under what name its place in the log, its inbox and its dead letters are kept.
    pub reader: String,
    /// What became true before is not told; `None` tells all that the log has.
    pub since: Option<DateTime<Utc>>,
    /// When somebody last told it of events, or would have.
    pub served_at: DateTime<Utc>,
    /// What went wrong last.
    pub last_failure: Option<String>,
    /// When that was.
    pub failed_at: Option<DateTime<Utc>>,
}

/// Makes sure that it is known. One that is new begins now, or with all that the log has.
pub async fn begin(db: &Db, reader: &str, from_beginning: bool) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO events.subscriber (reader, since) \
         VALUES ($1, CASE WHEN $2 THEN NULL ELSE now() END) \
         ON CONFLICT (reader) DO NOTHING",
        reader,
        from_beginning
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// It is being told of events.
pub async fn served(db: &Db, reader: &str) -> Result<(), DbError> {
    sqlx::query!("UPDATE events.subscriber SET served_at = now() WHERE reader = $1", reader)
        .execute(db.pool())
        .await?;
    Ok(())
}

/// Something went wrong.
pub async fn failed(db: &Db, reader: &str, failure: &str) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE events.subscriber SET last_failure = $2, failed_at = now() WHERE reader = $1",
        reader,
        failure
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// All of them, by reader.
pub async fn list(db: &Db) -> Result<Vec<Subscriber>, DbError> {
    let all = sqlx::query_as!(
        Subscriber,
        "SELECT reader, since, served_at, last_failure, failed_at FROM events.subscriber ORDER BY reader"
    )
    .fetch_all(db.pool())
    .await?;
    Ok(all)
}

/// Readers that events are kept for: those that were served within `retention`.
pub async fn waited_for(db: &Db, retention: Duration) -> Result<Vec<String>, DbError> {
    let readers = sqlx::query_scalar!(
        "SELECT reader FROM events.subscriber WHERE served_at > now() - make_interval(secs => $1)",
        retention.as_secs_f64()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(readers)
}

/// Forgets one, with what it has taken in. Its dead letters stay until somebody decides on them.
pub async fn remove(db: &Db, reader: &str) -> Result<(), DbError> {
    let mut tx = db.pool().begin().await?;
    sqlx::query!("DELETE FROM events.inbox WHERE consumer = $1", reader).execute(&mut *tx).await?;
    sqlx::query!("DELETE FROM events.subscriber WHERE reader = $1", reader).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}
