//! Carts: editable intentions of guests, retail customers and employees, up to 10,000 lines.
//!
//! *Owns*: the schema `carts`. *Depends on*: `contracts`, `db`. *Invariants*: every write of a cart or its lines goes
//! through a conditional `UPDATE` of the cart's version, so two writers never lose each other's lines; a stored line has
//! passed the quantity rules of the whole cart and has a price that was quoted for its owner; a refused command has
//! written nothing; bulk commands send the same number of statements at 1 and at 10,000 lines. *Start reading at*:
//! `command.rs`, how every command runs, then `add.rs`.

mod accept;
mod add;
mod command;
mod create;
mod details;
mod events;
mod gather;
mod lifecycle;
mod merge;
mod overrides;
mod owner;
mod plan;
mod quote;
mod remove;
mod resolve;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod update;

use std::sync::Arc;

use vectis_contracts::accounts::Accounts;
use vectis_contracts::audit::Audit;
use vectis_contracts::carts::Carts;
use vectis_contracts::channels::Channels;
use vectis_contracts::pricing::Pricing;
use vectis_contracts::products::Products;
use vectis_db::{Db, ModuleMigrations};

/// The schema `carts`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "carts", migrator: sqlx::migrate!("../../../migrations/carts") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// For the rules of the selling surface.
    pub channels: Arc<dyn Channels>,
    /// For the buyer behind an employee's cart, and the account's addresses.
    pub accounts: Arc<dyn Accounts>,
    /// For SKUs, packages and quantity limits.
    pub products: Arc<dyn Products>,
    /// For the price a line shows.
    pub pricing: Arc<dyn Pricing>,
}

/// What the module gives.
pub struct Built {
    /// Carts.
    pub carts: Arc<dyn Carts>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { carts: Arc::new(service::PgCarts::new(deps)) }
}
