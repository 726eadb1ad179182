//! The audit trail: what was done, to what, by whom, from where.
//!
//! *Owns*: schema `audit`. *Depends on*: `kernel`, `db`, `contracts`. *Invariants*: entries are only ever added, in the
//! transaction of the change they tell of; the database itself refuses to change or remove one. *Start reading at*:
//! [`build`], then `service.rs`.

mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_db::{Db, ModuleMigrations};

/// The schema of this module.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "audit", migrator: sqlx::migrate!("../../../migrations/audit") };

/// What the module needs.
pub struct Deps {
    /// Where the trail is kept.
    pub db: Db,
}

/// What the module gives.
pub struct Built {
    /// The audit trail.
    pub audit: Arc<dyn Audit>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { audit: Arc::new(service::PgAudit { db: deps.db }) }
}
