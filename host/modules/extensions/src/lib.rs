//! Extensions: what plugins keep in the shop, the facts they tell others, and when their tasks are due.
//!
//! *Owns*: the schema `extensions`. *Depends on*: `contracts`, `db`. *Invariants*: a plugin sees its own entries only; what it
//! keeps is bounded, also under races; what has expired is never seen; a schedule is run by one process at a time, and whoever
//! has lost it writes nothing. *Start reading at*: `service.rs`, then `store.rs`; `schedules.rs`.

mod events;
mod schedules;
mod service;
mod store;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::extensions::Extensions;
use vectis_contracts::plugin_schedules::{PluginSchedules, ScheduleTerms};
use vectis_contracts::plugin_tables::PluginTables;
use vectis_db::{Db, ModuleMigrations, PluginSchemas};

/// The schema `extensions`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "extensions", migrator: sqlx::migrate!("../../../migrations/extensions") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// How schedules are kept.
    pub schedules: ScheduleTerms,
}

/// What the module gives.
pub struct Built {
    /// The store of the plugins.
    pub extensions: Arc<dyn Extensions>,
    /// The plugins' own tables.
    pub tables: Arc<dyn PluginTables>,
    /// When their tasks are due.
    pub schedules: Arc<dyn PluginSchedules>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let schedules = Arc::new(schedules::PgSchedules::new(&deps));
    let tables = Arc::new(tables::PgTables(PluginSchemas::new(deps.db.pool().clone())));
    Built { extensions: Arc::new(service::PgExtensions::new(deps)), tables, schedules }
}
