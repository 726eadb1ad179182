//! Approvals: the bookkeeping of a plan that the approval strategy made. Who may decide is the strategy's word; that a
//! decision counts once, and only for the version that was read, is kept here.
//!
//! *Owns*: the schema `approvals`. *Depends on*: `contracts`, `db`. *Invariants*: a cart waits for one request at a time;
//! one employee decides a step once; decisions move a request by a conditional `UPDATE` of its version, so two that arrive
//! together never both count towards the same state; one rejection ends it. *Start reading at*: `model.rs`, then
//! `service.rs`.

mod events;
mod model;
mod service;
mod steps;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::approvals::Approvals;
use vectis_contracts::audit::Audit;
use vectis_db::{Db, ModuleMigrations};

/// The schema `approvals`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "approvals", migrator: sqlx::migrate!("../../../migrations/approvals") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
}

/// What the module gives.
pub struct Built {
    /// Requests and decisions.
    pub approvals: Arc<dyn Approvals>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { approvals: Arc::new(service::PgApprovals::new(deps)) }
}
