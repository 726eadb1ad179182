//! Tax: exemptions, and asking the tax strategies stage by stage.
//!
//! *Owns*: the schema `tax`. *Depends on*: `contracts`, `db`. *Invariants*: the strategies decide, the engine adds up;
//! net + tax = gross on every line, and tax never turns a line's sign; an assessment is one statement at most.
//! *Start reading at*: `assess.rs`, then `model.rs`.

mod assess;
mod events;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::points::Strategies;
use vectis_contracts::tax::Tax;
use vectis_db::{Db, ModuleMigrations};

/// The schema `tax`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "tax", migrator: sqlx::migrate!("../../../migrations/tax") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
    /// Who taxes.
    pub strategies: Arc<dyn Strategies>,
}

/// What the module gives.
pub struct Built {
    /// Tax.
    pub tax: Arc<dyn Tax>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { tax: Arc::new(service::PgTax::new(deps)) }
}
