//! The search index inside the database: text search for words and prefixes, trigrams for misspelled ones.
//!
//! *Owns*: the schema `search_index`. *Depends on*: `contracts`, `db`. *Invariants*: documents and searches are cut and folded
//! alike, by [`text`]; a search reads one slot only, and that to its end; however much matches, a search looks at a bounded
//! number of documents. *Start reading at*: [`PgIndex`], then `store.rs`.

mod index;
mod spelling;
mod store;
mod text;

use vectis_db::ModuleMigrations;

pub use index::PgIndex;

/// The schema `search_index`.
pub static MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "search_index", migrator: sqlx::migrate!("../../../migrations/search_index") };
