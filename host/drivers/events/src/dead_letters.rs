//! Dead letters once more: through the same handler, in a unit of work that takes the letter away.

use uuid::Uuid;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError};
use vectis_contracts::ports::event_log::{Delivered, EventLog, Record};
use vectis_contracts::ports::event_observers::{EventObservers, Observed, SubscriptionId};
use vectis_db::dead_letters::{self, DeadLetter};
use vectis_db::{Db, DbError};
use vectis_kernel::Ctx;

use crate::incoming;

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redriven {
    /// Its event has been taken in; the letter is gone.
    TakenIn,
    /// Somebody else had it at the same time.
    Gone,
    /// It failed again, for this reason; it stays.
    Failed(String),
}

/// Tries a letter again.
pub async fn redrive(db: &Db, handler: &dyn EventHandler, letter: &DeadLetter) -> Result<Redriven, DbError> {
    let mut tx = db.begin().await?;
    if !dead_letters::take(&mut tx, letter.id).await? {
        return Ok(Redriven::Gone);
    }
    let outcome = match incoming::read(&as_delivered(letter)) {
        Ok(event) => handler.handle(&mut tx, &Ctx::system("redrive"), &[event]).await,
        Err(no_event) => Err(HandleError::Refused(no_event.reason)),
    };
    match outcome {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redriven::TakenIn)
        }
        Err(error) => {
            tx.rollback().await?;
            failed_again(db, letter.id, error).await
        }
    }
}

async fn failed_again(db: &Db, id: Uuid, error: HandleError) -> Result<Redriven, DbError> {
    let reason = error.to_string();
    dead_letters::tried_again(db, id, &reason).await?;
    Ok(Redriven::Failed(reason))
}

/// Tells a plugin of the event again. Between its answer and the end of the letter nothing is held, so whoever dies there has
/// it told once more.
pub(crate) async fn tell_again(
    db: &Db,
    observers: &dyn EventObservers,
    id: &SubscriptionId,
    letter: &DeadLetter,
) -> Result<Redriven, DbError> {
    let failed = |reason: String| failed_again(db, letter.id, HandleError::Failed(reason));
    let event = match incoming::read(&as_delivered(letter)) {
        Ok(event) => event,
        Err(no_event) => return failed(no_event.reason).await,
    };
    match observers.tell(id, Ctx::system("redrive").now(), &[event]).await {
        Ok(outcomes) => match outcomes.into_iter().next() {
            Some(Observed::Taken) | None => {
                let mut tx = db.begin().await?;
                let is_there = dead_letters::take(&mut tx, letter.id).await?;
                tx.commit().await?;
                Ok(if is_there { Redriven::TakenIn } else { Redriven::Gone })
            }
            Some(Observed::Retry(reason) | Observed::GiveUp(reason)) => failed(reason).await,
        },
        Err(untold) => failed(untold.to_string()).await,
    }
}

/// The record it was.
pub fn as_delivered(letter: &DeadLetter) -> Delivered {
    Delivered {
        record: Record {
            topic: letter.topic.clone(),
            key: letter.record_key.clone(),
            headers: letter.headers.clone(),
            payload: letter.payload.clone(),
        },
        partition: letter.partition,
        offset: letter.log_offset,
    }
}

/// Sends a letter of the relay to the broker again.
pub async fn send_again(db: &Db, broker: &dyn EventLog, letter: &DeadLetter) -> Result<Redriven, DbError> {
    let mut tx = db.begin().await?;
    if !dead_letters::take(&mut tx, letter.id).await? {
        return Ok(Redriven::Gone);
    }
    match broker.append(&[as_delivered(letter).record]).await {
        Ok(()) => {
            tx.commit().await?;
            Ok(Redriven::TakenIn)
        }
        Err(error) => {
            tx.rollback().await?;
            failed_again(db, letter.id, HandleError::Failed(error.to_string())).await
        }
    }
}
