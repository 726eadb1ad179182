//! A consumer: reads a log as one of a group and hands each event to its handler once.
//!
//! A batch is one unit of work: inbox and effect together. When that fails, its events are tried one by one, in order, each a
//! bounded number of times; what still fails is a dead letter, and the next one has its turn. When the database itself is away
//! nothing is given up: the batch comes again.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vectis_contracts::events::stem_and_version;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::ports::event_log::{Delivered, EventLog, LogError};
use vectis_db::dead_letters::{self, DeadLetter};
use vectis_db::{Db, DbError, inbox};
use vectis_kernel::Ctx;

use crate::back_off::BackOff;
use crate::incoming;
use crate::relay::letter;
use crate::traces::{self, trace_id};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// Reads for one handler.
pub struct Consumer {
    /// Inbox, dead letters and effects.
    pub db: Db,
    /// Where events come from.
    pub log: Arc<dyn EventLog>,
    /// What they mean.
    pub handler: Arc<dyn EventHandler>,
    /// Most events taken in at once.
    pub batch: usize,
    /// How often one event is tried.
    pub attempts: u32,
    /// Wait after the first failure of an event; doubled after each.
    pub retry_wait: Duration,
}

#[derive(Debug, thiserror::Error)]
enum ConsumerError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("not tried to the end")]
    Stopped,
}

/// Why events were not taken in: the fault of the database, which says nothing about them, or theirs.
#[derive(Debug, thiserror::Error)]
enum TakeError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Handle(#[from] HandleError),
}

/// What becomes of a record.
enum Fate {
    Taken(IncomingEvent),
    PassedOver,
    Dead { reason: String },
}

impl Consumer {
    /// Consumes until told to stop; finishes the unit of work it is in.
    pub async fn run(&self, stop: CancellationToken) {
        let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
        let consumer = self.handler.consumer();
        while !stop.is_cancelled() {
            match self.read(&stop, &mut back_off).await {
                Ok(()) | Err(ConsumerError::Stopped) => return,
                Err(error) => {
                    let wait = back_off.next();
                    tracing::warn!(consumer, %error, wait_ms = wait.as_millis(), "a consumer is held up; it will try again");
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    async fn read(&self, stop: &CancellationToken, back_off: &mut BackOff) -> Result<(), ConsumerError> {
        let topics = self.handler.topics();
        self.log.ensure_topics(&topics).await?;
        let consumer = self.handler.consumer();
        let mut source = self.log.subscribe(consumer, &topics).await?;
        let mut measured_at = Instant::now();
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                batch = source.next(self.batch, PATIENCE) => batch?,
            };
            if !batch.is_empty() {
                self.take_in(&batch, stop).await?;
                source.commit().await?;
                back_off.reset();
            }
            if measured_at.elapsed() >= MEASURE_EVERY {
                measured_at = Instant::now();
                let lag = u32::try_from(source.lag().await?).unwrap_or(u32::MAX);
                metrics::gauge!("vectis_consumer_lag_events", "consumer" => consumer).set(f64::from(lag));
            }
        }
    }

    /// Takes a batch in, or fails as a whole and has it delivered again.
    async fn take_in(&self, batch: &[Delivered], stop: &CancellationToken) -> Result<(), ConsumerError> {
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        for delivered in batch {
            match self.fate(delivered) {
                Fate::Taken(event) => taken.push((delivered, event)),
                Fate::PassedOver => {}
                Fate::Dead { reason } => dead.push(self.letter(delivered, &reason, 1)),
            }
        }
        self.bury(&dead).await?;
        let taken = self.wanted(taken).await;
        let events: Vec<&IncomingEvent> = taken.iter().map(|(_, event)| event).collect();
        let since = SystemTime::now();
        match self.together(&events).await {
            Ok(()) => {
                let records = taken.iter().map(|(delivered, _)| &delivered.record);
                traces::taken(self.handler.consumer(), records, since);
                return Ok(());
            }
            Err(TakeError::Db(error)) => return Err(error.into()),
            Err(TakeError::Handle(_)) => {}
        }
        for (delivered, event) in &taken {
            let since = SystemTime::now();
            self.one(delivered, event, stop).await?;
            traces::taken(self.handler.consumer(), [&delivered.record].into_iter(), since);
        }
        Ok(())
    }

    /// Those that the handler wants. One that cannot say so now wants all of them.
    async fn wanted<'a>(
        &self,
        taken: Vec<(&'a Delivered, IncomingEvent)>,
    ) -> Vec<(&'a Delivered, IncomingEvent)> {
        let events: Vec<&IncomingEvent> = taken.iter().map(|(_, event)| event).collect();
        let wanted = match self.handler.wants(&events).await {
            Ok(wanted) => wanted,
            Err(_) => return taken,
        };
        taken.into_iter().zip(wanted).filter_map(|(one, is_wanted)| is_wanted.then_some(one)).collect()
    }

    fn fate(&self, delivered: &Delivered) -> Fate {
        if let Some(takes) = self.handler.event_types() {
            let Some(event_type) = incoming::event_type(delivered) else {
                return Fate::Dead { reason: "neither header nor envelope has a type".to_owned() };
            };
            if !takes.contains(&event_type.as_str()) {
                let stem = stem_and_version(&event_type).map(|(stem, _)| stem);
                let known = takes.iter().find(|known| stem_and_version(known).map(|(stem, _)| stem) == stem);
                return match known {
                    Some(known) => Fate::Dead {
                        reason: format!("{event_type} is a version that is not known here; known is {known}"),
                    },
                    None => Fate::PassedOver,
                };
            }
        }
        match incoming::read(delivered) {
            Ok(event) => Fate::Taken(event),
            Err(no_event) => Fate::Dead { reason: no_event.reason },
        }
    }

    /// All of them in one unit of work.
    async fn together(&self, events: &[&IncomingEvent]) -> Result<(), TakeError> {
        if events.is_empty() {
            return Ok(());
        }
        let consumer = self.handler.consumer();
        let ctx = Ctx::system(consumer);
        let mut tx = self.db.begin().await?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
        let mut claimed = inbox::claim(&mut tx, consumer, &ids).await?;
        // A copy further back in the same batch finds its id gone.
        let fresh: Vec<IncomingEvent> =
            events.iter().filter(|event| claimed.remove(&event.id)).map(|event| (*event).clone()).collect();
        if !fresh.is_empty() {
            self.handler.handle(&mut tx, &ctx, &fresh).await?;
        }
        tx.commit().await?;
        count(consumer, "taken", fresh.len());
        count(consumer, "duplicate", events.len() - fresh.len());
        Ok(())
    }

    /// One event, a bounded number of times; then it is put away.
    async fn one(
        &self,
        delivered: &Delivered,
        event: &IncomingEvent,
        stop: &CancellationToken,
    ) -> Result<(), ConsumerError> {
        let mut back_off = BackOff::new(self.retry_wait, LONGEST_WAIT);
        let mut attempt = 1;
        loop {
            let reason = match self.with_trace(delivered, event).await {
                Ok(()) => return Ok(()),
                Err(TakeError::Db(error)) => return Err(error.into()),
                Err(TakeError::Handle(HandleError::Refused(reason))) => reason,
                Err(TakeError::Handle(HandleError::Failed(_))) if attempt < self.attempts => {
                    attempt += 1;
                    tokio::select! {
                        () = stop.cancelled() => return Err(ConsumerError::Stopped),
                        () = tokio::time::sleep(back_off.next()) => {}
                    }
                    continue;
                }
                Err(TakeError::Handle(HandleError::Failed(reason))) => reason,
            };
            let attempts = i32::try_from(attempt).unwrap_or(i32::MAX);
            return self.bury(&[self.letter(delivered, &reason, attempts)]).await;
        }
    }

    async fn with_trace(&self, delivered: &Delivered, event: &IncomingEvent) -> Result<(), TakeError> {
        let trace = trace_id(&delivered.record).map(|trace| trace.to_string()).unwrap_or_default();
        let outcome = self.together(&[event]).await;
        if let Err(error) = &outcome {
            tracing::info!(consumer = self.handler.consumer(), event.id = %event.id, trace, %error, "an event was not taken in");
        }
        outcome
    }

    fn letter(&self, delivered: &Delivered, reason: &str, attempts: i32) -> DeadLetter {
        let consumer = self.handler.consumer();
        letter(&Ctx::system(consumer), consumer, delivered, reason, attempts)
    }

    /// Puts letters away and remembers their events, so that no copy is tried again. Those taken in before are left alone.
    async fn bury(&self, letters: &[DeadLetter]) -> Result<(), ConsumerError> {
        if letters.is_empty() {
            return Ok(());
        }
        let consumer = self.handler.consumer();
        let mut tx = self.db.begin().await?;
        let ids: Vec<Uuid> = letters.iter().map(|letter| letter.event_id).collect();
        let mut claimed = inbox::claim(&mut tx, consumer, &ids).await?;
        let fresh: Vec<DeadLetter> =
            letters.iter().filter(|letter| claimed.remove(&letter.event_id)).cloned().collect();
        dead_letters::put(&mut tx, &fresh).await?;
        tx.commit().await?;
        for letter in &fresh {
            tracing::warn!(consumer, event.id = %letter.event_id, reason = %letter.reason, "dead letter");
        }
        count(consumer, "dead", fresh.len());
        Ok(())
    }
}

fn count(consumer: &'static str, outcome: &'static str, events: usize) {
    metrics::counter!("vectis_consumer_events_total", "consumer" => consumer, "outcome" => outcome)
        .increment(events as u64);
}
