//! Accounts (buying companies), their sites, addresses, people, roles and groups; and their credit.
//!
//! *Owns*: schema `accounts`. *Depends on*: `kernel`, `db`, `contracts` (audit, identity). *Invariants*: a buyer meets
//! only the own account, and what belongs to another behaves as if it did not exist; nobody changes the own role or
//! order limit, and no employee gives a right that it does not hold; credit held never exceeds its limit and equals the
//! sum of its holds. *Start reading at*: [`build`], then `service.rs`, then `scope.rs`.

mod create;
mod credit;
mod events;
mod model;
mod people;
mod places;
mod roles;
mod scope;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod update;

use std::collections::BTreeSet;
use std::sync::Arc;

use vectis_contracts::accounts::Accounts;
use vectis_contracts::audit::Audit;
use vectis_contracts::identity::Identity;
use vectis_db::{Db, ModuleMigrations};
use vectis_kernel::Permission;

/// The schema of this module.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "accounts", migrator: sqlx::migrate!("../../../migrations/accounts") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// Where employees get their logins.
    pub identity: Arc<dyn Identity>,
    /// Permission keys that roles of employees may hold beside the platform's own: those the loaded plugins declare.
    /// Asked whenever a role is written.
    pub declared_permissions: Arc<dyn Fn() -> BTreeSet<Permission> + Send + Sync>,
}

/// What the module gives.
pub struct Built {
    /// Accounts and everything in them.
    pub accounts: Arc<dyn Accounts>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { accounts: Arc::new(service::PgAccounts { deps }) }
}
