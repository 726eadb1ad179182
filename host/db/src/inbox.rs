//! Consumers see each event at least once; the inbox makes its effect happen exactly once.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use crate::{Db, DbError, Tx, conn};

/// Most rows that one statement forgets.
const FORGET_AT_ONCE: i64 = 10_000;

/// Which of the events `consumer` takes in now for the first time. The effect belongs into the same unit of work; a
/// concurrent delivery of one of them waits here for its outcome.
pub async fn claim(tx: &mut Tx, consumer: &str, event_ids: &[Uuid]) -> Result<HashSet<Uuid>, DbError> {
    let claimed = sqlx::query_scalar!(
        "INSERT INTO events.inbox (consumer, event_id) \
         SELECT $1, event.id \
         FROM UNNEST($2::uuid[]) AS event (id) \
         ORDER BY event.id \
         ON CONFLICT DO NOTHING \
         RETURNING event_id",
        consumer,
        event_ids
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(claimed.into_iter().collect())
}

/// Which of the events `consumer` has taken in already. For effects that stand in no unit of work of ours.
pub async fn known(db: &Db, consumer: &str, event_ids: &[Uuid]) -> Result<HashSet<Uuid>, DbError> {
    let known = sqlx::query_scalar!(
        "SELECT event_id FROM events.inbox WHERE consumer = $1 AND event_id = ANY ($2)",
        consumer,
        event_ids
    )
    .fetch_all(db.pool())
    .await?;
    Ok(known.into_iter().collect())
}

/// Forgets what was taken in longer ago than any log keeps it.
pub async fn forget(db: &Db, retention: Duration) -> Result<u64, DbError> {
    let mut all = 0;
    loop {
        let forgotten = sqlx::query!(
            "DELETE FROM events.inbox \
             WHERE (consumer, event_id) IN ( \
                 SELECT consumer, event_id \
                 FROM events.inbox \
                 WHERE claimed_at < now() - make_interval(secs => $1) \
                 LIMIT $2 \
             )",
            retention.as_secs_f64(),
            FORGET_AT_ONCE
        )
        .execute(db.pool())
        .await?;
        all += forgotten.rows_affected();
        if forgotten.rows_affected() < FORGET_AT_ONCE.unsigned_abs() {
            return Ok(all);
        }
    }
}

/// News of a feed: from whom, about what, and its number in the source's own count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The sending system.
    pub source: String,
    /// What it is about, in the source's words.
    pub key: String,
    /// Rises with every news of the source about the key.
    pub sequence: i64,
}

/// Which of the news are newer than all that was taken before, by their place in the list. Of several about one key only the
/// newest is. Whoever asks at the same time about the same keys waits for the outcome.
pub async fn advance(tx: &mut Tx, feed: &str, news: &[News]) -> Result<Vec<usize>, DbError> {
    let sources: Vec<&str> = news.iter().map(|news| news.source.as_str()).collect();
    let keys: Vec<&str> = news.iter().map(|news| news.key.as_str()).collect();
    let sequences: Vec<i64> = news.iter().map(|news| news.sequence).collect();
    let advanced = sqlx::query!(
        r#"
        INSERT INTO events.feed_position AS held (feed, source, key, sequence)
        SELECT $1, news.source, news.key, MAX(news.sequence)
        FROM UNNEST($2::text[], $3::text[], $4::bigint[]) AS news (source, key, sequence)
        GROUP BY news.source, news.key
        ORDER BY news.source, news.key
        ON CONFLICT (feed, source, key) DO UPDATE
        SET sequence = EXCLUDED.sequence
        WHERE held.sequence < EXCLUDED.sequence
        RETURNING source, key, sequence
        "#,
        feed,
        &sources as &[&str],
        &keys as &[&str],
        &sequences
    )
    .fetch_all(conn(tx))
    .await?;
    let mut newest: HashSet<(&str, &str, i64)> =
        advanced.iter().map(|row| (row.source.as_str(), row.key.as_str(), row.sequence)).collect();
    let mut places = Vec::with_capacity(newest.len());
    for (at, news) in news.iter().enumerate() {
        if newest.remove(&(news.source.as_str(), news.key.as_str(), news.sequence)) {
            places.push(at);
        }
    }
    Ok(places)
}
