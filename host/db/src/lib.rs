//! The only infrastructure a module sees: the unit of work, migrations, outbox, inbox, idempotency.
//!
//! *Owns*: the pool, the schema `events`, the schemas of plugins, the private PostgreSQL of a machine without one. *Depends on*: `kernel`.
//! *Invariants*: one command is one [`Tx`]; a fact and its outbox row commit together; a retried command has one effect
//! and one answer; the number of statements never grows with the number of rows. *Start reading at*: [`Db`], then
//! [`outbox`].

mod closing;
mod pool;
mod retry;
mod unit_of_work;

pub mod bus;
pub mod dead_letters;
pub mod embedded;
pub mod idempotency;
pub mod inbox;
pub mod knocks;
pub mod migrations;
pub mod outbox;
pub mod plugin_schemas;
pub mod statements;
pub mod subscribers;
pub mod testing;

pub use bus::Bus;
pub use embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
pub use migrations::{EVENTS_MIGRATIONS, ModuleMigrations, migrate};
pub use plugin_schemas::PluginSchemas;
pub use pool::{PoolSettings, connect, connect_url};
pub use retry::retrying;
pub use unit_of_work::{Batch, Db, DbError, Tx, Writing, conn};
