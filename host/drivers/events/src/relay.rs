//! The relay: from the outbox to the broker. It is a reader of the embedded log like any other, named `relay`, whose effect is
//! an append to another log: at least once, in the order of each aggregate.
//!
//! A batch is acknowledged by the broker before the place in the outbox moves. Whoever dies in between makes the next leader
//! send the batch again. A leader that lost its place without knowing can only repeat what the next one sends too, so the first
//! copies still come in order.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;
use vectis_contracts::events::topics;
use vectis_contracts::ports::event_log::{Delivered, EventLog, LogError, Record};
use vectis_db::dead_letters::{self, DeadLetter};
use vectis_db::{Db, DbError};
use vectis_kernel::Ctx;

use crate::back_off::BackOff;
use crate::{incoming, traces};

/// The relay's name among the readers of the outbox.
pub const READER: &str = "relay";

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long one look at the outbox may wait for something.
const PATIENCE: Duration = Duration::from_secs(5);

/// From one log to another.
pub struct Relay {
    /// Where letters go that the broker will never take.
    pub db: Db,
    /// The outbox.
    pub outbox: Arc<dyn EventLog>,
    /// The broker.
    pub broker: Arc<dyn EventLog>,
    /// Most events sent at once.
    pub batch: usize,
}

/// Why the relay starts over.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Relay {
    /// Relays until told to stop; ends the batch it is in. Every failure is logged, waited out and begun anew; nothing is lost
    /// by it.
    pub async fn run(&self, stop: CancellationToken) {
        let mut back_off = BackOff::new(FIRST_WAIT, LONGEST_WAIT);
        while !stop.is_cancelled() {
            let Err(error) = self.pass_on(&stop, &mut back_off).await else { return };
            metrics::counter!("vectis_relay_failures_total").increment(1);
            let wait = back_off.next();
            tracing::warn!(%error, wait_ms = wait.as_millis(), "the relay is held up; it will try again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn pass_on(&self, stop: &CancellationToken, back_off: &mut BackOff) -> Result<(), RelayError> {
        let topics = topics();
        self.broker.ensure_topics(&topics).await?;
        let mut source = self.outbox.subscribe(READER, &topics).await?;
        loop {
            let batch = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                batch = source.next(self.batch, PATIENCE) => batch?,
            };
            if batch.is_empty() {
                continue;
            }
            let (started, since) = (Instant::now(), SystemTime::now());
            self.append(&batch).await?;
            traces::sent(batch.iter().map(|delivered| &delivered.record), since);
            source.commit().await?;
            back_off.reset();
            metrics::counter!("vectis_relay_events_total").increment(batch.len() as u64);
            metrics::histogram!("vectis_relay_batch_seconds").record(started.elapsed().as_secs_f64());
        }
    }

    /// Sends a batch; what the broker will never take becomes a dead letter, and the rest goes on.
    async fn append(&self, batch: &[Delivered]) -> Result<(), RelayError> {
        let records: Vec<Record> = batch.iter().map(|delivered| delivered.record.clone()).collect();
        let mut from = 0;
        while from < records.len() {
            match self.broker.append(&records[from..]).await {
                Ok(()) => return Ok(()),
                Err(LogError::Refused { index, reason }) => {
                    let refused = &batch[from + index];
                    self.put_away(refused, &reason).await?;
                    from += index + 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn put_away(&self, refused: &Delivered, reason: &str) -> Result<(), DbError> {
        let letter = letter(&Ctx::system(READER), READER, refused, reason, 1);
        tracing::error!(event.id = %letter.event_id, reason, "the broker refuses an event; it is a dead letter now");
        let mut tx = self.db.begin().await?;
        dead_letters::put(&mut tx, &[letter]).await?;
        tx.commit().await
    }
}

/// A record as a dead letter.
pub(crate) fn letter(
    ctx: &Ctx,
    consumer: &str,
    delivered: &Delivered,
    reason: &str,
    attempts: i32,
) -> DeadLetter {
    let event_id = match incoming::read(delivered) {
        Ok(event) => event.id,
        Err(no_event) => no_event.id,
    };
    let record = &delivered.record;
    DeadLetter {
        id: ctx.new_id(),
        consumer: consumer.to_owned(),
        event_id,
        topic: record.topic.clone(),
        partition: delivered.partition,
        log_offset: delivered.offset,
        record_key: record.key.clone(),
        headers: record.headers.clone(),
        payload: record.payload.clone(),
        reason: reason.to_owned(),
        attempts,
        created_at: ctx.now(),
    }
}
