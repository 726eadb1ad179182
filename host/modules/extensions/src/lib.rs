//! Extensions: what plugins keep in the shop, and the facts they tell others.
//!
//! *Owns*: the schema `extensions`. *Depends on*: `contracts`, `db`. *Invariants*: a plugin sees its own entries only; what it
//! keeps is bounded, also under races; what has expired is never seen. *Start reading at*: `service.rs`, then `store.rs`.

mod events;
mod service;
mod store;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::extensions::Extensions;
use vectis_contracts::plugin_tables::PluginTables;
use vectis_db::{Db, ModuleMigrations, PluginSchemas};

/// The schema `extensions`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "extensions", migrator: sqlx::migrate!("../../../migrations/extensions") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
}

/// What the module gives.
pub struct Built {
    /// The store of the plugins.
    pub extensions: Arc<dyn Extensions>,
    /// The plugins' own tables.
    pub tables: Arc<dyn PluginTables>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let tables = Arc::new(tables::PgTables(PluginSchemas::new(deps.db.pool().clone())));
    Built { extensions: Arc::new(service::PgExtensions::new(deps)), tables }
}
