//! One command, one transaction.

use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use vectis_kernel::Event;

use crate::Bus;

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
        Ok(Tx { inner, bus: self.bus.clone(), events: Vec::new() })
    }
}

/// An open unit of work. Opaque: contracts pass it on, stores reach the connection through [`conn`], and only the use
/// case that opened it commits it.
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    bus: Bus,
    events: Vec<Event>,
}

impl Tx {
    /// Makes everything written true at once, then tells the observers of the events among it.
    pub async fn commit(self) -> Result<(), DbError> {
        self.inner.commit().await?;
        self.bus.tell(&self.events);
        Ok(())
    }

    /// Forgets everything written.
    pub async fn rollback(self) -> Result<(), DbError> {
        Ok(self.inner.rollback().await?)
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Keeps events for the observers until the commit.
    pub(crate) fn keep(&mut self, events: &[Event]) {
        self.events.extend_from_slice(events);
    }
}

/// The connection under a unit of work. For stores only.
pub fn conn(tx: &mut Tx) -> &mut PgConnection {
    &mut tx.inner
}
