//! The event log without a broker: the outbox itself. What the platform tells is in it as soon as it is committed; nothing is
//! copied.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;
use vectis_contracts::ports::event_log::{Delivered, EventLog, LogError, Record, Subscription, header};
use vectis_db::outbox::{self, Cursor, ForeignRecord, LANES, Reader, ReaderError, Signal, append_foreign};
use vectis_db::{Db, DbError};
use vectis_kernel::Ctx;

use crate::records::delivered;
use crate::traces::trace_id;

/// The log inside the database.
#[derive(Clone)]
pub struct EmbeddedLog {
    db: Db,
    signal: Signal,
    look_every: Duration,
}

impl EmbeddedLog {
    /// Over a database. Readers look by themselves at least as often as told, should no knock reach them.
    pub fn new(db: Db, signal: Signal, look_every: Duration) -> Self {
        Self { db, signal, look_every }
    }
}

fn unavailable(error: &DbError) -> LogError {
    LogError::Unavailable(error.to_string())
}

fn reader_error(error: ReaderError) -> LogError {
    match error {
        ReaderError::Lost => LogError::Lost,
        ReaderError::Db(error) => unavailable(&error),
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    fn name(&self) -> &'static str {
        "embedded"
    }

    /// Topics are words here.
    async fn ensure_topics(&self, _topics: &[&str]) -> Result<(), LogError> {
        Ok(())
    }

    async fn append(&self, records: &[Record]) -> Result<(), LogError> {
        let ctx = Ctx::system("events");
        let mut foreign = Vec::with_capacity(records.len());
        let mut refused = None;
        for (index, record) in records.iter().enumerate() {
            match foreign_record(&ctx, record) {
                Ok(record) => foreign.push(record),
                Err(reason) => {
                    refused = Some(LogError::Refused { index, reason });
                    break;
                }
            }
        }
        append_foreign(&self.db, &foreign).await.map_err(|error| unavailable(&error))?;
        self.signal.raise();
        refused.map_or(Ok(()), Err)
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError> {
        let reader = Reader::join(&self.db, group, topics).await.map_err(reader_error)?;
        let door = self.signal.door();
        let (db, group) = (self.db.clone(), group.to_owned());
        Ok(Box::new(Joined { reader, door, look_every: self.look_every, db, group }))
    }

    async fn begin(&self, group: &str, from_beginning: bool) -> Result<bool, LogError> {
        outbox::begin(&self.db, group, from_beginning).await.map_err(|error| unavailable(&error))?;
        Ok(true)
    }

    async fn lag_of(&self, group: &str, _topics: &[&str]) -> Result<u64, LogError> {
        behind(&self.db, group).await
    }

    async fn forget(&self, group: &str) -> Result<(), LogError> {
        outbox::forget(&self.db, group).await.map_err(|error| unavailable(&error))
    }

    async fn watch(&self, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError> {
        let cursor = outbox::horizon(&self.db).await.map_err(|error| unavailable(&error))?;
        Ok(Box::new(Watching {
            db: self.db.clone(),
            cursor,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            door: self.signal.door(),
            look_every: self.look_every,
        }))
    }
}

/// A record of ours or of others; both stand in the log as they came.
fn foreign_record(ctx: &Ctx, record: &Record) -> Result<ForeignRecord, String> {
    let payload: serde_json::Value = serde_json::from_slice(&record.payload)
        .map_err(|error| format!("the payload is not JSON: {error}"))?;
    let of_envelope = |name: &str| payload.get(name).and_then(serde_json::Value::as_str);
    let id = record.headers.get(header::EVENT_ID).map(String::as_str).or_else(|| of_envelope("id"));
    let event_type =
        record.headers.get(header::EVENT_TYPE).map(String::as_str).or_else(|| of_envelope("type"));
    Ok(ForeignRecord {
        id: id.and_then(|id| id.parse().ok()).unwrap_or_else(|| ctx.new_id()),
        event_type: event_type.unwrap_or_default().to_owned(),
        topic: record.topic.clone(),
        key: record.key.clone(),
        occurred_at: ctx.now(),
        trace_id: trace_id(record).unwrap_or(ctx.trace_id),
        payload,
    })
}

/// Waits for a knock, at most so long.
async fn wait_at(door: &mut watch::Receiver<u64>, wait: Duration) {
    // A door that nobody can knock at any more is only waited at.
    if let Ok(Err(_)) = tokio::time::timeout(wait, door.changed()).await {
        tokio::time::sleep(wait).await;
    }
}

/// One of a group.
struct Joined {
    reader: Reader,
    door: watch::Receiver<u64>,
    look_every: Duration,
    db: Db,
    group: String,
}

#[async_trait]
impl Subscription for Joined {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let until = Instant::now() + wait;
        loop {
            self.door.mark_unchanged();
            // Of each lane as many as fit, so that all that is read is delivered.
            let limit = (most / LANES as usize).max(1);
            let events =
                self.reader.read(i64::try_from(limit).unwrap_or(i64::MAX)).await.map_err(reader_error)?;
            if !events.is_empty() {
                return Ok(events.iter().map(delivered).collect());
            }
            if self.reader.is_behind() {
                // Only events of other topics were passed: their places are done with.
                self.reader.commit().await.map_err(reader_error)?;
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            wait_at(&mut self.door, left.min(self.look_every)).await;
        }
    }

    async fn commit(&mut self) -> Result<(), LogError> {
        self.reader.commit().await.map_err(reader_error)
    }

    async fn lag(&mut self) -> Result<u64, LogError> {
        behind(&self.db, &self.group).await
    }
}

/// Events of any topic that a group is not done with.
async fn behind(db: &Db, group: &str) -> Result<u64, LogError> {
    let standings = outbox::standings(db).await.map_err(|error| unavailable(&error))?;
    let own = standings.into_iter().find(|standing| standing.name == group);
    Ok(own.map_or(0, |standing| standing.behind.unsigned_abs()))
}

/// Somebody who only looks.
struct Watching {
    db: Db,
    cursor: Cursor,
    topics: Vec<String>,
    door: watch::Receiver<u64>,
    look_every: Duration,
}

#[async_trait]
impl Subscription for Watching {
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivered>, LogError> {
        let until = Instant::now() + wait;
        loop {
            self.door.mark_unchanged();
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            let events = outbox::read_after(&self.db, self.cursor, limit).await;
            let events = events.map_err(|error| unavailable(&error))?;
            if let Some(last) = events.last() {
                self.cursor = last.cursor;
                let wanted = events.iter().filter(|event| self.topics.contains(&event.topic));
                let wanted: Vec<Delivered> = wanted.map(delivered).collect();
                if !wanted.is_empty() {
                    return Ok(wanted);
                }
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            wait_at(&mut self.door, left.min(self.look_every)).await;
        }
    }

    async fn commit(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    async fn lag(&mut self) -> Result<u64, LogError> {
        Ok(0)
    }
}
