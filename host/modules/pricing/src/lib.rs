//! Prices: lists, managed prices, exchange rates; gathering what could apply and asking the pricing strategy.
//!
//! *Owns*: the schema `pricing`. *Depends on*: `contracts`, `db`. *Invariants*: the engine gathers, the strategy decides;
//! a quote is one statement and one call whatever the number of lines; a price of another currency is offered only when a
//! rate for it is in force, and says that it was converted; a list with prices keeps its currency. *Start reading at*:
//! `quote.rs`, then `model.rs`.

mod events;
mod exchange_rates_set;
mod managed_prices_set;
mod model;
mod price_entries_set;
mod price_list_upsert;
mod quote;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::points::Strategies;
use vectis_contracts::pricing::{PriceFeed, Pricing};
use vectis_db::{Db, ModuleMigrations};

/// The schema `pricing`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "pricing", migrator: sqlx::migrate!("../../../migrations/pricing") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// Who prices.
    pub strategies: Arc<dyn Strategies>,
}

/// What the module gives.
pub struct Built {
    /// Prices.
    pub pricing: Arc<dyn Pricing>,
    /// Prices as others make them.
    pub price_feed: Arc<dyn PriceFeed>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let pricing = Arc::new(service::PgPricing::new(deps));
    Built { pricing: pricing.clone(), price_feed: pricing }
}
