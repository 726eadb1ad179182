//! The catalogue: products, variants, categories, packages, quantity limits.
//!
//! *Owns*: the schema `products`. *Depends on*: `contracts`, `db`. *Invariants*: slugs of categories and packages never
//! change; a SKU never moves to another product; the category tree has no loop; `product.category_slugs` and
//! `product.words` are written with what they are made of; every command and every read is a constant number of
//! statements. *Start reading at*: [`build`], then `upsert.rs`.

mod activate;
mod category;
mod check;
mod events;
mod model;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod upsert;

use std::sync::Arc;

use vectis_contracts::audit::Audit;
use vectis_contracts::products::Products;
use vectis_db::{Db, ModuleMigrations};

/// The schema `products`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "products", migrator: sqlx::migrate!("../../../migrations/products") };

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Where changes are recorded.
    pub audit: Arc<dyn Audit>,
}

/// What the module gives.
pub struct Built {
    /// The catalogue.
    pub products: Arc<dyn Products>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    Built { products: Arc::new(service::PgProducts::new(deps)) }
}
