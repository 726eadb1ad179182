//! One effect per idempotency key, for commands whose effect stands in no transaction of ours: a plugin's mutation. The key is
//! claimed and committed before, the answer stored after.

use std::error::Error;

use serde_json::Value;
use vectis_db::{Db, idempotency};
use vectis_kernel::{Ctx, InternalError};

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The key is ours, or there is none: do it.
    Ours,
    /// It was done before; the answer given then.
    Done(Value),
    /// Somebody is at it, or broke off: nobody knows what was done.
    Underway,
}

/// Claims keys. Without a key in the context nothing happens and no statement is sent.
#[derive(Clone)]
pub struct Once {
    db: Db,
}

impl Once {
    /// Over the database that holds the keys.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Claims the context's key and commits.
    pub async fn claim(&self, ctx: &Ctx) -> Result<Claim, InternalError> {
        if ctx.idempotency.is_none() {
            return Ok(Claim::Ours);
        }
        let mut tx = self.db.begin().await.map_err(broken)?;
        let found = match idempotency::find(&mut tx, ctx).await {
            Ok(Some(answer)) => Claim::Done(answer),
            Ok(None) => Claim::Ours,
            Err(idempotency::Error::Unanswered(_)) => Claim::Underway,
            Err(error) => return Err(broken(error)),
        };
        tx.commit().await.map_err(broken)?;
        Ok(found)
    }

    /// Stores the answer under the key that was claimed.
    pub async fn done(&self, ctx: &Ctx, answer: &Value) -> Result<(), InternalError> {
        if ctx.idempotency.is_none() {
            return Ok(());
        }
        let mut tx = self.db.begin().await.map_err(broken)?;
        idempotency::record(&mut tx, ctx, answer).await.map_err(broken)?;
        tx.commit().await.map_err(broken)
    }

    /// Gives the key back: nothing was done.
    pub async fn give_back(&self, ctx: &Ctx) -> Result<(), InternalError> {
        if ctx.idempotency.is_none() {
            return Ok(());
        }
        let mut tx = self.db.begin().await.map_err(broken)?;
        idempotency::release(&mut tx, ctx).await.map_err(broken)?;
        tx.commit().await.map_err(broken)
    }
}

fn broken(error: impl Into<Box<dyn Error + Send + Sync>>) -> InternalError {
    InternalError(error.into())
}
