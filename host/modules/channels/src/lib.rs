//! Channels: selling surfaces, and which plugin's entry point answers which extension point in each.
//!
//! *Owns*: the schema `channels`. *Depends on*: `contracts`, `db`. *Invariants*: a channel's base currency is among its
//! currencies; guests never order in a company channel; every write to the bindings counts their revision up in the same
//! transaction. *Start reading at*: [`build`], then `service.rs`.

mod events;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::channels::Channels;
use vectis_db::{Db, ModuleMigrations};

/// The schema `channels`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "channels", migrator: sqlx::migrate!("../../../migrations/channels") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
}

/// What the module gives.
pub struct Built {
    /// Channels and bindings.
    pub channels: Arc<dyn Channels>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { channels: Arc::new(service::PgChannels::new(deps)) }
}
