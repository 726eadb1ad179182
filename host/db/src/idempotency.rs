//! The same request twice: one effect, one answer. The key, its owner, the parameters' hash and the answer are stored in
//! the transaction of the effect and kept for seven days.
//!
//! A use case calls [`find`] first in its unit of work and [`record`] last, or does with one statement less: [`conclude`]
//! instead of both. Without a key in the context none of them sends a statement.

use serde::Serialize;
use serde::de::DeserializeOwned;
use vectis_kernel::{Ctx, IdempotencyKey, IdempotencyMismatch};

use crate::closing::Answer;
use crate::{Db, DbError, Tx, conn};

/// How long an answer is kept.
const RETENTION: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's mistake; found with [`vectis_kernel::InternalError::find`] where answers are made.
    #[error("{0}")]
    Mismatch(#[source] IdempotencyMismatch),
    /// A use case committed after [`find`] without [`record`].
    #[error("the command with idempotency key {0:?} was committed without an answer")]
    Unanswered(String),
    /// The answer cannot be written as, or read from, JSON.
    #[error("the stored answer does not fit: {0}")]
    Answer(#[from] serde_json::Error),
    /// The database failed.
    #[error("database: {0}")]
    Db(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error)
    }
}

impl From<DbError> for Error {
    fn from(DbError(error): DbError) -> Self {
        Self::Db(error)
    }
}

/// The answer given before under the context's key, if any. Otherwise claims the key: a concurrent request with the same
/// key waits here until this unit of work ends, then sees its answer (or, had it been rolled back, claims the key itself).
pub async fn find<T: DeserializeOwned>(tx: &mut Tx, ctx: &Ctx) -> Result<Option<T>, Error> {
    let Some(given) = &ctx.idempotency else {
        return Ok(None);
    };
    if claim(tx, ctx, given).await? {
        return Ok(None);
    }
    // Its own statement on purpose: under READ COMMITTED it sees what the insert above has waited for.
    let stored = sqlx::query!(
        "SELECT parameters_hash, answer \
         FROM events.idempotency \
         WHERE actor_key = $1 AND key = $2",
        ctx.actor_key(),
        given.key
    )
    .fetch_one(conn(tx))
    .await?;
    check_parameters(given, &stored.parameters_hash)?;
    let answer = stored.answer.ok_or_else(|| Error::Unanswered(given.key.clone()))?;
    Ok(Some(serde_json::from_value(answer)?))
}

/// The answer given before under the context's key, if any, without claiming the key: for use cases whose gathering would
/// refuse what is already done (the cart has since become an order). [`find`] still comes first in the unit of work.
pub async fn answered<T: DeserializeOwned>(db: &Db, ctx: &Ctx) -> Result<Option<T>, Error> {
    let Some(given) = &ctx.idempotency else {
        return Ok(None);
    };
    let stored = sqlx::query!(
        "SELECT parameters_hash, answer AS \"answer!\" \
         FROM events.idempotency \
         WHERE actor_key = $1 AND key = $2 AND answer IS NOT NULL AND created_at >= $3",
        ctx.actor_key(),
        given.key,
        ctx.now() - RETENTION
    )
    .fetch_optional(db.pool())
    .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    check_parameters(given, &stored.parameters_hash)?;
    Ok(Some(serde_json::from_value(stored.answer)?))
}

fn check_parameters(given: &IdempotencyKey, stored: &[u8]) -> Result<(), Error> {
    if given.parameters_hash == stored {
        Ok(())
    } else {
        Err(Error::Mismatch(IdempotencyMismatch { key: given.key.clone() }))
    }
}

/// Inserts the key, or takes over one that has outlived its retention. False when it is held already.
async fn claim(tx: &mut Tx, ctx: &Ctx, given: &IdempotencyKey) -> Result<bool, sqlx::Error> {
    let claimed = sqlx::query!(
        "INSERT INTO events.idempotency AS held (actor_key, key, parameters_hash, created_at) \
         VALUES ($1, $2, $3, $4) \
         ON CONFLICT (actor_key, key) DO UPDATE \
         SET parameters_hash = EXCLUDED.parameters_hash, answer = NULL, created_at = EXCLUDED.created_at \
         WHERE held.created_at < $5",
        ctx.actor_key(),
        given.key,
        &given.parameters_hash[..],
        ctx.now(),
        ctx.now() - RETENTION
    )
    .execute(conn(tx))
    .await?;
    Ok(claimed.rows_affected() == 1)
}

/// Keeps the answer under the context's key when the unit of work commits.
pub async fn record<T: Serialize>(tx: &mut Tx, ctx: &Ctx, answer: &T) -> Result<(), Error> {
    let Some(given) = &ctx.idempotency else {
        return Ok(());
    };
    let answered_at = ctx.now();
    tx.answer(Answer {
        actor_key: ctx.actor_key(),
        key: given.key.clone(),
        parameters_hash: given.parameters_hash,
        answer: serde_json::to_value(answer)?,
        answered_at,
        outlived: answered_at - RETENTION,
    });
    Ok(())
}

/// Records the answer and commits, without [`find`] before: the key is claimed with the answer, last of all. When the same
/// request has been answered by then, everything is rolled back and that answer is the one. For use cases that lock what
/// they write and whose refusals are followed by a look at [`answered`].
pub async fn conclude<T: Serialize + DeserializeOwned>(mut tx: Tx, ctx: &Ctx, answer: T) -> Result<T, Error> {
    record(&mut tx, ctx, &answer).await?;
    if tx.close().await? {
        tx.finish().await?;
        return Ok(answer);
    }
    let db = tx.db().clone();
    tx.rollback().await?;
    let twins = answered(&db, ctx).await?;
    let key = ctx.idempotency.as_ref().map(|given| given.key.clone());
    twins.ok_or_else(|| Error::Unanswered(key.unwrap_or_default()))
}

/// Gives back a key that [`find`] has claimed in a unit of work of its own, when nothing was done under it.
pub async fn release(tx: &mut Tx, ctx: &Ctx) -> Result<(), Error> {
    let Some(given) = &ctx.idempotency else {
        return Ok(());
    };
    sqlx::query!(
        "DELETE FROM events.idempotency \
         WHERE actor_key = $1 AND key = $2 AND answer IS NULL",
        ctx.actor_key(),
        given.key
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Forgets answers older than the retention; returns how many.
pub async fn purge(tx: &mut Tx, ctx: &Ctx) -> Result<u64, Error> {
    let purged = sqlx::query!(
        "DELETE FROM events.idempotency \
         WHERE created_at < $1",
        ctx.now() - RETENTION
    )
    .execute(conn(tx))
    .await?;
    Ok(purged.rows_affected())
}
