//! Plugins as the shop decides about them: which version of which plugin is in force, and what each replica runs. Files and
//! code are the plugin runtime's business.
//!
//! *Owns*: the schema `plugins`. *Depends on*: `contracts`, `db`. *Invariants*: every write to the releases counts their
//! revision up from the one its writer has seen, in the same transaction, and leaves an entry in the audit trail; what
//! replicas report decides nothing. *Start reading at*: [`build`], then `service.rs`.

mod events;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::plugin_releases::PluginReleases;
use vectis_db::{Db, ModuleMigrations};

/// The schema `plugins`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "plugins", migrator: sqlx::migrate!("../../../migrations/plugins") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
}

/// What the module gives.
pub struct Built {
    /// Releases and replicas.
    pub releases: Arc<dyn PluginReleases>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { releases: Arc::new(service::PgPluginReleases::new(deps)) }
}
