//! One command, one transaction.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;

use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use vectis_kernel::Event;

use crate::Bus;
use crate::closing::{self, Answer, Stamp};

/// The database failed. Its message is for logs, never for callers.
#[derive(Debug, thiserror::Error)]
#[error("database: {0}")]
pub struct DbError(#[from] pub sqlx::Error);

/// The database, as every use case gets it. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: PgPool,
    bus: Bus,
}

impl Db {
    /// Over a pool, with a bus of its own that nobody listens to yet.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, bus: Bus::default() }
    }

    /// For reads that need no transaction.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Where guards and observers of events register.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Opens a unit of work, READ COMMITTED. Dropping it rolls back.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let inner = self.pool.begin().await?;
        let (batches, events, stamps) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Tx { inner, db: self.clone(), batches, events, stamps, answer: None })
    }
}

/// An open unit of work. Opaque: contracts pass it on, stores reach the connection through [`conn`], and only the use
/// case that opened it commits it. What waits for its end is written then: batches, and in one statement facts and answer.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    db: Db,
    batches: Vec<Box<dyn Batch>>,
    events: Vec<Event>,
    stamps: Vec<Stamp>,
    answer: Option<Answer>,
}

/// What a batch does when its unit of work ends.
pub type Writing<'a> = Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'a>>;

/// Rows of a module that wait for the end of the unit of work, so that what several commands add is one statement.
pub trait Batch: Any + Send {
    /// Writes them.
    fn write(self: Box<Self>, tx: &mut Tx) -> Writing<'_>;
}

impl Tx {
    /// Makes everything written true at once, then tells the observers of the events among it.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if !self.close().await? {
            let reason = "the answer of a key that was not claimed came second";
            return Err(DbError(sqlx::Error::Protocol(reason.to_owned())));
        }
        self.finish().await
    }

    /// Forgets everything written.
    pub async fn rollback(self) -> Result<(), DbError> {
        Ok(self.inner.rollback().await?)
    }

    /// The batch of this kind, empty at first.
    pub fn batch<B: Batch + Default>(&mut self) -> &mut B {
        let mut present = self.batches.iter();
        let place = present.position(|batch| (&**batch as &dyn Any).is::<B>()).unwrap_or_else(|| {
            self.batches.push(Box::<B>::default());
            self.batches.len() - 1
        });
        let batch: &mut dyn Any = &mut *self.batches[place];
        batch.downcast_mut().expect("the batch at this place is of this kind")
    }

    /// Writes what waits for the end. False when the same request has been answered meanwhile: nothing may be committed.
    pub(crate) async fn close(&mut self) -> Result<bool, sqlx::Error> {
        for batch in std::mem::take(&mut self.batches) {
            batch.write(self).await?;
        }
        closing::write(&mut self.inner, &self.events, &self.stamps, self.answer.as_ref()).await
    }

    /// Commits what is closed and tells the observers.
    pub(crate) async fn finish(self) -> Result<(), DbError> {
        self.inner.commit().await?;
        self.db.bus.tell(&self.events);
        Ok(())
    }

    pub(crate) fn db(&self) -> &Db {
        &self.db
    }

    /// Keeps facts for the end of the unit of work.
    pub(crate) fn keep(&mut self, event: &Event, stamp: Stamp) {
        self.events.push(event.clone());
        self.stamps.push(stamp);
    }

    /// Keeps the answer for the end of the unit of work.
    pub(crate) fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

/// The connection under a unit of work. For stores only.
pub fn conn(tx: &mut Tx) -> &mut PgConnection {
    &mut tx.inner
}
