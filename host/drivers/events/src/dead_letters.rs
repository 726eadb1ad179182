//! Dead letters once more: through the same handler, in a unit of work that takes the letter away.

use uuid::Uuid;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError};
use vectis_contracts::ports::event_log::{Delivered, EventLog, Record};
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
