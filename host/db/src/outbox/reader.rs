//! Readers of the outbox: those of one name share its lanes. Each lane has one leader, who holds an advisory lock on a
//! session of its own and a fence in the lane's row; whoever has lost either reads nothing and moves nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::read::{Cursor, OutboxEvent, OutboxRow, transaction_id};
use crate::{Db, DbError};

/// Lanes of the outbox; the column `lane` counts them.
pub const LANES: i16 = 4;

/// How often a reader looks whether it has more or fewer lanes than its share.
const SHARE_EVERY: Duration = Duration::from_secs(2);

/// Why a reader cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// Another reader of the same name leads a lane that this one had; join anew.
    #[error("another reader has taken over")]
    Lost,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<sqlx::Error> for ReaderError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(DbError(error))
    }
}

/// A lane that this reader leads.
struct Led {
    fence: i64,
    done: Cursor,
    read: Cursor,
}

/// One of those who read under a name. Dropping it lets its lanes go.
pub struct Reader {
    /// Locks live and die with it; what is read and moved goes through it too, so that a dead session shows at once.
    session: PgConnection,
    name: String,
    topics: Vec<String>,
    led: BTreeMap<i16, Led>,
    shared_at: Option<Instant>,
}

impl Reader {
    /// Joins the readers of a name. The first read looks for lanes.
    pub async fn join(db: &Db, name: &str, topics: &[&str]) -> Result<Self, ReaderError> {
        let mut session = db.pool().acquire().await?.detach();
        // The lease: the server ends the session of a reader that has stood still for so long, and with it its locks.
        sqlx::query("SET idle_session_timeout = '60s'").execute(&mut session).await?;
        sqlx::query!("SELECT pg_advisory_lock_shared(hashtext('vectis.reader.' || $1::text), 1000)", name)
            .execute(&mut session)
            .await?;
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        Ok(Self { session, name: name.to_owned(), topics, led: BTreeMap::new(), shared_at: None })
    }

    /// The next events of the lanes it leads, at most `limit` from each, lane by lane in order.
    pub async fn read(&mut self, limit: i64) -> Result<Vec<OutboxEvent>, ReaderError> {
        self.share().await?;
        if self.led.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(limit).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let cursor = row.cursor()?;
            if let Some(led) = self.led.get_mut(&row.lane) {
                led.read = cursor;
            }
            events.extend(row.into_event()?);
        }
        Ok(events)
    }

    /// Rows of topics nobody asked for come without their payload: the cursor has to pass them too.
    async fn rows(&mut self, limit: i64) -> Result<Vec<OutboxRow>, ReaderError> {
        let lanes: Vec<i16> = self.led.keys().copied().collect();
        let fences: Vec<i64> = self.led.values().map(|led| led.fence).collect();
        let transactions: Vec<String> =
            self.led.values().map(|led| led.read.transaction_id.to_string()).collect();
        let positions: Vec<i64> = self.led.values().map(|led| led.read.position).collect();
        let rows = sqlx::query_as!(
            OutboxRow,
            r#"
            SELECT event.id AS "id!", event.event_type AS "event_type!", event.topic AS "topic!",
                   event.aggregate_kind AS "aggregate_kind!", event.aggregate_id AS "aggregate_id!", event.record_key,
                   event.sequence AS "sequence!", event.payload AS payload, event.occurred_at AS "occurred_at!",
                   event.trace_id AS "trace_id!", event.lane AS "lane!",
                   event.transaction_id::text AS "transaction_id!", event.position AS "position!"
            FROM UNNEST($1::smallint[], $2::bigint[], $3::text[], $4::bigint[]) AS led (lane, fence, transaction_id, position)
            JOIN events.reader AS reader ON reader.name = $5 AND reader.lane = led.lane AND reader.fence = led.fence
            CROSS JOIN LATERAL (
                SELECT id, event_type, topic, aggregate_kind, aggregate_id, record_key, sequence,
                       CASE WHEN topic = ANY ($6) THEN payload::text END AS payload,
                       occurred_at, trace_id, lane, transaction_id, position
                FROM events.outbox AS held
                WHERE held.lane = led.lane
                  AND (held.transaction_id, held.position) > (led.transaction_id::xid8, led.position)
                  AND held.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
                ORDER BY held.transaction_id, held.position
                LIMIT $7
            ) AS event
            ORDER BY event.lane, event.transaction_id, event.position
            "#,
            &lanes,
            &fences,
            &transactions,
            &positions,
            self.name,
            &self.topics,
            limit
        )
        .fetch_all(&mut self.session)
        .await?;
        Ok(rows)
    }

    /// Whether anything was read that is not done with.
    pub fn is_behind(&self) -> bool {
        self.led.values().any(|led| led.read != led.done)
    }

    /// Everything read is done with. Fails when a lane was taken over meanwhile; the others are moved all the same.
    pub async fn commit(&mut self) -> Result<(), ReaderError> {
        let moved: Vec<(i16, i64, Cursor)> = self
            .led
            .iter()
            .filter(|(_, led)| led.read != led.done)
            .map(|(lane, led)| (*lane, led.fence, led.read))
            .collect();
        if moved.is_empty() {
            return Ok(());
        }
        let lanes: Vec<i16> = moved.iter().map(|(lane, ..)| *lane).collect();
        let fences: Vec<i64> = moved.iter().map(|(_, fence, _)| *fence).collect();
        let transactions: Vec<String> =
            moved.iter().map(|(.., cursor)| cursor.transaction_id.to_string()).collect();
        let positions: Vec<i64> = moved.iter().map(|(.., cursor)| cursor.position).collect();
        let stored = sqlx::query!(
            "UPDATE events.reader \
             SET transaction_id = moved.transaction_id::xid8, position = moved.position, moved_at = now() \
             FROM UNNEST($1::smallint[], $2::bigint[], $3::text[], $4::bigint[]) \
                 AS moved (lane, fence, transaction_id, position) \
             WHERE reader.name = $5 AND reader.lane = moved.lane AND reader.fence = moved.fence",
            &lanes,
            &fences,
            &transactions,
            &positions,
            self.name
        )
        .execute(&mut self.session)
        .await?;
        for led in self.led.values_mut() {
            led.done = led.read;
        }
        if stored.rows_affected() == moved.len() as u64 { Ok(()) } else { Err(ReaderError::Lost) }
    }

    /// Takes free lanes up to its share of them, and lets go what is more. Only at rest.
    async fn share(&mut self) -> Result<(), ReaderError> {
        let is_due = self.shared_at.is_none_or(|at| at.elapsed() >= SHARE_EVERY);
        if !is_due || self.is_behind() {
            return Ok(());
        }
        self.shared_at = Some(Instant::now());
        let share = self.share_of_lanes().await?;
        while self.led.len() > share {
            let Some((lane, _)) = self.led.pop_last() else { break };
            sqlx::query!(
                "SELECT pg_advisory_unlock(hashtext('vectis.reader.' || $1::text), $2::int)",
                self.name,
                i32::from(lane)
            )
            .fetch_one(&mut self.session)
            .await?;
            tracing::info!(reader = %self.name, lane, "lane let go");
        }
        for lane in 0..LANES {
            if self.led.len() >= share {
                break;
            }
            if !self.led.contains_key(&lane) {
                self.take(lane).await?;
            }
        }
        Ok(())
    }

    /// Lanes by the readers of this name, rounded up.
    async fn share_of_lanes(&mut self) -> Result<usize, ReaderError> {
        let members = sqlx::query_scalar!(
            r#"
            SELECT COUNT(DISTINCT pid) AS "members!"
            FROM pg_locks
            WHERE locktype = 'advisory'
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND classid = (hashtext('vectis.reader.' || $1::text)::bigint & 4294967295)::oid
              AND objid = 1000
              AND granted
            "#,
            self.name
        )
        .fetch_one(&mut self.session)
        .await?;
        let members = usize::try_from(members).unwrap_or(1).max(1);
        Ok((LANES as usize).div_ceil(members))
    }

    /// Leads a lane if nobody does. The new fence shuts out whoever led it before.
    async fn take(&mut self, lane: i16) -> Result<(), ReaderError> {
        let is_free = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_lock(hashtext('vectis.reader.' || $1::text), $2::int) AS "is_free!""#,
            self.name,
            i32::from(lane)
        )
        .fetch_one(&mut self.session)
        .await?;
        if !is_free {
            return Ok(());
        }
        let row = sqlx::query!(
            r#"
            INSERT INTO events.reader AS held (name, lane, fence, transaction_id, position)
            VALUES ($1, $2, 1, '0', 0)
            ON CONFLICT (name, lane) DO UPDATE
            SET fence = held.fence + 1
            RETURNING fence, transaction_id::text AS "transaction_id!", position
            "#,
            self.name,
            lane
        )
        .fetch_one(&mut self.session)
        .await?;
        let done = Cursor { transaction_id: transaction_id(&row.transaction_id)?, position: row.position };
        self.led.insert(lane, Led { fence: row.fence, done, read: done });
        tracing::info!(reader = %self.name, lane, fence = row.fence, "lane taken");
        Ok(())
    }
}

/// How a reader stands, over all its lanes.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Events that are not done with, of any topic; counted up to a million.
    pub behind: i64,
    /// When the oldest of them became true.
    pub oldest: Option<DateTime<Utc>>,
    /// When it last moved.
    pub moved_at: DateTime<Utc>,
}

/// How all readers there ever were stand.
pub async fn standings(db: &Db) -> Result<Vec<Standing>, DbError> {
    let standings = sqlx::query_as!(
        Standing,
        r#"
        SELECT reader.name, SUM(waiting.behind)::bigint AS "behind!", MIN(waiting.oldest) AS oldest,
               MAX(reader.moved_at) AS "moved_at!"
        FROM events.reader AS reader
        CROSS JOIN LATERAL (
            SELECT COUNT(*) AS behind, MIN(occurred_at) AS oldest
            FROM (
                SELECT held.occurred_at
                FROM events.outbox AS held
                WHERE held.lane = reader.lane
                  AND (held.transaction_id, held.position) > (reader.transaction_id, reader.position)
                LIMIT 250000
            ) AS event
        ) AS waiting
        GROUP BY reader.name
        ORDER BY reader.name
        "#
    )
    .fetch_all(db.pool())
    .await?;
    Ok(standings)
}

/// Gives a reader that is new its place: before the oldest event, or behind all that is committed.
pub async fn begin(db: &Db, name: &str, from_beginning: bool) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO events.reader (name, lane, fence, transaction_id, position)          SELECT $1, lane, 0, CASE WHEN $2 THEN '0'::xid8 ELSE pg_snapshot_xmin(pg_current_snapshot()) END, 0          FROM generate_series(0, 3) AS each (lane)          ON CONFLICT (name, lane) DO NOTHING",
        name,
        from_beginning
    )
    .execute(db.pool())
    .await?;
    Ok(())
}

/// Forgets where a reader has come to. Whoever reads under the name now is shut out.
pub async fn forget(db: &Db, name: &str) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM events.reader WHERE name = $1", name).execute(db.pool()).await?;
    Ok(())
}

/// Sends a reader back to before everything that became true at `since` or later, and lets its consumer forget that it took
/// that in. Whoever reads under the name now is shut out and begins there.
pub async fn move_back(db: &Db, name: &str, since: DateTime<Utc>) -> Result<u64, DbError> {
    let mut tx = db.pool().begin().await?;
    sqlx::query!(
        "UPDATE events.reader AS reader \
         SET fence = fence + 1, transaction_id = '0', position = 0 \
         WHERE name = $1",
        name
    )
    .execute(&mut *tx)
    .await?;
    let forgotten = sqlx::query!(
        "DELETE FROM events.inbox AS taken \
         USING events.outbox AS event \
         WHERE taken.consumer = $1 AND event.id = taken.event_id AND event.occurred_at >= $2",
        name,
        since
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(forgotten.rows_affected())
}
