//! One subscription: reads the log as one of its group and tells the plugin, batch by batch.
//!
//! The plugin is told while no unit of work is open; what it took goes into the inbox after its answer, then the place moves.
//! Whoever ends in between has the batch told once more, less what is in the inbox.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::event_log::{Delivered, EventLog, LogError};
use vectis_contracts::ports::event_observers::{EventObservers, Observed, Subscription, Untold};
use vectis_db::dead_letters::{self, DeadLetter};
use vectis_db::{Db, DbError, inbox, subscribers};
use vectis_kernel::Ctx;

use crate::back_off::BackOff;
use crate::incoming;
use crate::relay::letter;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
const MEASURE_EVERY: Duration = Duration::from_secs(15);
/// An event that was in so many calls in a row that crashed is to blame.
const MOST_CRASHES: u32 = 2;
/// Most bytes of payload told at once, unless one event alone has more.
const MOST_BYTES: usize = 8 << 20;

/// Tells one subscription.
pub(crate) struct Delivery {
    pub(crate) db: Db,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) observers: Arc<dyn EventObservers>,
    pub(crate) reader: String,
    pub(crate) subscription: Subscription,
    pub(crate) attempts: u32,
    pub(crate) retry_wait: Duration,
}

#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("{0}")]
    Away(String),
    #[error("not told to the end")]
    Stopped,
}

/// An event of the subscription, with the record it came in.
struct Due<'a> {
    delivered: &'a Delivered,
    event: IncomingEvent,
}

/// An event that was not taken, to be tried alone.
struct Again<'a> {
    due: &'a Due<'a>,
    /// Calls in a row that crashed with it.
    crashes: u32,
}

impl Delivery {
    /// Tells until told to stop; the batch it is in is finished, or told again later.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
        while !stop.is_cancelled() {
            match self.read(&stop, &mut back_off).await {
                Ok(()) | Err(DeliveryError::Stopped) => return,
                Err(error) => {
                    let (reader, wait) = (&self.reader, back_off.next());
                    tracing::warn!(reader, %error, wait_ms = wait.as_millis(), "a subscription is held up; it will be told again");
                    let _ = subscribers::failed(&self.db, reader, &error.to_string()).await;
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    async fn read(&self, stop: &CancellationToken, back_off: &mut BackOff) -> Result<(), DeliveryError> {
        let topics: Vec<&str> = self.subscription.topics().into_iter().collect();
        self.log.ensure_topics(&topics).await?;
        let since = self.since().await?;
        let mut source = self.log.subscribe(&self.reader, &topics).await?;
        let mut measured_at: Option<Instant> = None;
        loop {
            if measured_at.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
                measured_at = Some(Instant::now());
                subscribers::served(&self.db, &self.reader).await?;
                let lag = u32::try_from(source.lag().await?).unwrap_or(u32::MAX);
                metrics::gauge!("vectis_consumer_lag_events", "consumer" => self.reader.clone())
                    .set(f64::from(lag));
            }
            let batch = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                batch = source.next(self.subscription.batch, PATIENCE) => batch?,
            };
            if !batch.is_empty() {
                self.deliver(&batch, since, stop).await?;
                source.commit().await?;
                back_off.reset();
            }
        }
    }

    /// What became true before is not told, when the log cannot tell it apart by place.
    async fn since(&self) -> Result<Option<DateTime<Utc>>, DeliveryError> {
        if self.log.begin(&self.reader, self.subscription.from_beginning).await? {
            return Ok(None);
        }
        let all = subscribers::list(&self.db).await?;
        Ok(all.into_iter().find(|known| known.reader == self.reader).and_then(|known| known.since))
    }

    async fn deliver(
        &self,
        batch: &[Delivered],
        since: Option<DateTime<Utc>>,
        stop: &CancellationToken,
    ) -> Result<(), DeliveryError> {
        let (mut due, mut dead) = (Vec::new(), Vec::new());
        for delivered in batch {
            match self.wanted(delivered, since) {
                None => {}
                Some(Ok(event)) => due.push(Due { delivered, event }),
                Some(Err(reason)) => dead.push(self.letter(delivered, &reason, 1)),
            }
        }
        self.settle(&[], &dead).await?;
        let ids: Vec<Uuid> = due.iter().map(|due| due.event.id).collect();
        let mut seen =
            if ids.is_empty() { HashSet::new() } else { inbox::known(&self.db, &self.reader, &ids).await? };
        due.retain(|due| seen.insert(due.event.id));
        for call in calls(&due, self.subscription.batch) {
            for again in self.together(call).await? {
                self.alone(&again, stop).await?;
            }
        }
        Ok(())
    }

    /// The event, when the subscription is about it; or why it can never be told.
    fn wanted(
        &self,
        delivered: &Delivered,
        since: Option<DateTime<Utc>>,
    ) -> Option<Result<IncomingEvent, String>> {
        let event_type = incoming::event_type(delivered)?;
        if !self.subscription.is_about(&event_type) {
            return None;
        }
        let event = match incoming::read(delivered) {
            Ok(event) => event,
            Err(no_event) => return Some(Err(no_event.reason)),
        };
        let happened = event.envelope.get("occurredAt").and_then(Value::as_str);
        let happened: Option<DateTime<Utc>> = happened.and_then(|at| at.parse().ok());
        let is_old = since.zip(happened).is_some_and(|(since, happened)| happened < since);
        (!is_old).then_some(Ok(event))
    }

    /// Tells all of them at once; those that are to be tried again.
    async fn together<'a>(&self, due: &'a [Due<'a>]) -> Result<Vec<Again<'a>>, DeliveryError> {
        let events: Vec<IncomingEvent> = due.iter().map(|due| due.event.clone()).collect();
        let outcomes = match self.tell(&events).await {
            Ok(outcomes) => outcomes,
            Err(Untold::Away(why)) => return Err(DeliveryError::Away(why)),
            Err(Untold::Failed { has_crashed, .. }) => {
                return Ok(due.iter().map(|due| Again { due, crashes: u32::from(has_crashed) }).collect());
            }
        };
        let (mut taken, mut dead, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for (due, outcome) in due.iter().zip(outcomes) {
            match outcome {
                Observed::Taken => taken.push(due.event.id),
                Observed::GiveUp(reason) => dead.push(self.letter(due.delivered, &reason, 1)),
                Observed::Retry(_) => again.push(Again { due, crashes: 0 }),
            }
        }
        self.settle(&taken, &dead).await?;
        Ok(again)
    }

    /// One event, a bounded number of times; then it is put away.
    async fn alone(&self, again: &Again<'_>, stop: &CancellationToken) -> Result<(), DeliveryError> {
        let Again { due, mut crashes } = *again;
        let mut back_off = BackOff::new(self.retry_wait, LONGEST_WAIT);
        for attempt in 1..=self.attempts {
            tokio::select! {
                () = stop.cancelled() => return Err(DeliveryError::Stopped),
                () = tokio::time::sleep(back_off.next()) => {}
            }
            let (reason, is_last) = match self.tell(std::slice::from_ref(&due.event)).await {
                Ok(outcomes) => match outcomes.into_iter().next() {
                    Some(Observed::Retry(reason)) => (reason, false),
                    Some(Observed::GiveUp(reason)) => (reason, true),
                    Some(Observed::Taken) | None => return self.settle(&[due.event.id], &[]).await,
                },
                Err(Untold::Away(why)) => return Err(DeliveryError::Away(why)),
                Err(Untold::Failed { reason, has_crashed }) => {
                    crashes = if has_crashed { crashes + 1 } else { 0 };
                    (reason, crashes >= MOST_CRASHES)
                }
            };
            let (reader, id) = (&self.reader, due.event.id);
            tracing::info!(reader, event.id = %id, attempt, reason, "an event was not taken");
            if is_last || attempt == self.attempts {
                let attempts = i32::try_from(attempt).unwrap_or(i32::MAX);
                return self.settle(&[], &[self.letter(due.delivered, &reason, attempts)]).await;
            }
        }
        Ok(())
    }

    async fn tell(&self, events: &[IncomingEvent]) -> Result<Vec<Observed>, Untold> {
        let now = Ctx::system("subscriptions").now();
        self.observers.tell(&self.subscription.id, now, events).await
    }

    fn letter(&self, delivered: &Delivered, reason: &str, attempts: i32) -> DeadLetter {
        letter(&Ctx::system("subscriptions"), &self.reader, delivered, reason, attempts)
    }

    /// Remembers what is done with, and puts letters away. Those done with before are left alone.
    async fn settle(&self, taken: &[Uuid], letters: &[DeadLetter]) -> Result<(), DeliveryError> {
        if taken.is_empty() && letters.is_empty() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let dead = letters.iter().map(|letter| letter.event_id);
        let ids: Vec<Uuid> = taken.iter().copied().chain(dead).collect();
        let claimed = inbox::claim(&mut tx, &self.reader, &ids).await?;
        let fresh: Vec<DeadLetter> =
            letters.iter().filter(|letter| claimed.contains(&letter.event_id)).cloned().collect();
        dead_letters::put(&mut tx, &fresh).await?;
        tx.commit().await?;
        self.count("taken", taken.len());
        self.count("dead", fresh.len());
        for letter in &fresh {
            let (reader, reason) = (&self.reader, &letter.reason);
            tracing::warn!(reader, event.id = %letter.event_id, reason, "dead letter");
        }
        if let Some(letter) = fresh.last() {
            subscribers::failed(&self.db, &self.reader, &letter.reason).await?;
        }
        Ok(())
    }

    fn count(&self, outcome: &'static str, events: usize) {
        metrics::counter!("vectis_consumer_events_total", "consumer" => self.reader.clone(), "outcome" => outcome)
            .increment(events as u64);
    }
}

/// As many as go into one call, in order.
fn calls<'a>(due: &'a [Due<'a>], most: usize) -> Vec<&'a [Due<'a>]> {
    let mut calls = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, due_now) in due.iter().enumerate() {
        let size = due_now.delivered.record.payload.len();
        if at > start && (at - start >= most || bytes + size > MOST_BYTES) {
            calls.push(&due[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += size;
    }
    if start < due.len() {
        calls.push(&due[start..]);
    }
    calls
}
