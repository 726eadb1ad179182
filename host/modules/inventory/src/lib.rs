//! Stock: warehouses, levels, the ledger, reservations of carts and orders.
//!
//! *Owns*: the schema `inventory`. *Depends on*: `contracts`, `db`. *Invariants*: no level ever promises more than is on
//! hand; levels are changed only under their row locks, taken in the order (variant, warehouse) after those of
//! reservations; the ledger adds up to the levels, the lines of reservations to what levels promise; every command is a
//! constant number of statements. *Start reading at*: [`build`], then `reserve.rs` with `model.rs` beside it.

mod adjust;
mod count;
mod events;
mod give_back;
mod model;
mod reserve;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod warehouse;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::inventory::{Inventory, StockFeed};
use vectis_db::{Db, ModuleMigrations};

/// The schema `inventory`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "inventory", migrator: sqlx::migrate!("../../../migrations/inventory") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
}

/// What the module gives.
pub struct Built {
    /// Stock.
    pub inventory: Arc<dyn Inventory>,
    /// Stock as others count it.
    pub stock_feed: Arc<dyn StockFeed>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let inventory = Arc::new(service::PgInventory::new(deps));
    Built { inventory: inventory.clone(), stock_feed: inventory }
}
