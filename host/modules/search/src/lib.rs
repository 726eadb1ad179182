//! Search: the catalogue in indexes that can be asked by words and facets, kept up by the products' events.
//!
//! *Owns*: the schema `search`, which says how far each index has come. *Depends on*: `contracts`, `db`. *Invariants*: an index
//! holds published products only and no price; who may find what is said by the host, never by the client; the index inside
//! the database is always kept, so that it can answer for the one outside; facts of a product are read and written under one
//! lock per index, so that none is ever older than what stands there. *Start reading at*: `service.rs` for a search,
//! `indexing.rs` for the way in.

mod breaker;
mod documents;
mod events;
mod indexing;
mod service;
mod store;

use std::sync::Arc;
use std::time::Duration;

use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::ports::search_index::SearchIndex;
use vectis_contracts::products::Products;
use vectis_contracts::search::{ProductSearch, SearchIndexing};
use vectis_db::{Db, ModuleMigrations};

/// The schema `search`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "search", migrator: sqlx::migrate!("../../../migrations/search") };

/// What is decided by the operator.
#[derive(Clone, Debug)]
pub struct Config {
    /// Custom fields of products that are facets.
    pub facets: Vec<String>,
    /// How long the index outside may take for a search.
    pub budget: Duration,
    /// How far behind the catalogue it may be.
    pub most_behind: Duration,
}

/// What the module needs.
pub struct Deps {
    /// The database.
    pub db: Db,
    /// Whose facts are indexed.
    pub products: Arc<dyn Products>,
    /// The index inside the database.
    pub inside: Arc<dyn SearchIndex>,
    /// The one outside, asked first.
    pub outside: Option<Arc<dyn SearchIndex>>,
    /// What is decided by the operator.
    pub config: Config,
}

/// What the module gives.
pub struct Built {
    /// Finds products.
    pub search: Arc<dyn ProductSearch>,
    /// Keeps the indexes.
    pub indexing: Arc<dyn SearchIndexing>,
    /// Takes the products' events in.
    pub handler: Arc<dyn EventHandler>,
}

/// Puts the module together.
pub fn build(deps: Deps) -> Built {
    let Deps { db, products, inside, outside, config } = deps;
    let indexing = Arc::new(indexing::Indexing {
        db: db.clone(),
        products: products.clone(),
        inside: inside.clone(),
        outside: outside.clone(),
        facets: config.facets.clone(),
    });
    let outside = outside.map(|index| service::Outside::new(index, &config));
    let search = service::Searching { db, products, inside, outside, facets: config.facets };
    Built { search: Arc::new(search), handler: Arc::new(events::Changes(indexing.clone())), indexing }
}
