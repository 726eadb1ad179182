//! Search: products by words and facets, from an index that is kept up with the catalogue.

use async_trait::async_trait;
use vectis_kernel::ids::ProductId;
use vectis_kernel::{Ctx, Failure};

use crate::fold::sku_code;
use crate::ports::search_index::Order;

/// Name of the reader of the event log that keeps the index, for ever.
pub const CONSUMER: &str = "search-index";
/// Longest text to search for, in characters.
pub const MAX_TEXT: usize = 500;
/// Words of a text that count.
pub const MAX_WORDS: usize = 10;
/// Facets that can be filtered by in one search.
pub const MAX_FILTERS: usize = 20;
/// Values of one filter.
pub const MAX_VALUES: usize = 100;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductQuery {
    /// Words of name, description, category or SKU; all of them must be found.
    pub text: String,
    /// One of the values in each of these facets; for categories, of those below them too.
    pub filters: Vec<(String, Vec<String>)>,
    /// Facets to count.
    pub facets: Vec<String>,
    /// In which order.
    pub order: Order,
    /// Matches to pass over.
    pub skip: u32,
    /// How many to answer, 1 to 100.
    pub take: u32,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductsFound {
    /// In order.
    pub ids: Vec<ProductId>,
    /// Whether more follow.
    pub has_next: bool,
    /// All matches, [`MOST_MATCHES`](crate::ports::search_index::MOST_MATCHES) at most.
    pub total: u32,
    /// Matches by value, for each facet asked for.
    pub facets: Vec<(String, Vec<(String, u32)>)>,
    /// Whether the first choice of an index did not answer, and another did in its place.
    pub degraded: bool,
}

/// How an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexStatus {
    /// `postgres`, `meilisearch`
    pub index: &'static str,
    /// Documents that searches are answered from; why they cannot be counted.
    pub documents: Result<Option<u64>, String>,
    /// Whether it has ever been filled, with the settings in force.
    pub is_current: bool,
    /// Documents of a re-index under way.
    pub rebuilt: Option<u64>,
    /// Changes of products that it does not have yet.
    pub waiting: u64,
    /// For how long the oldest of them has waited, in seconds.
    pub behind_s: u64,
}

vectis_kernel::refusal_codes! {
    /// Why a search was refused.
    SearchCode {
        /// A text too long, a facet there is none of; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// No index of this name.
        IndexNotFound = "INDEX_NOT_FOUND": NotFound,
        /// The index is being written anew by another process.
        Busy = "BUSY": Conflict,
        /// The index does not do it.
        Unavailable = "UNAVAILABLE": Unavailable,
    }
}

/// Products by words and facets.
#[async_trait]
pub trait ProductSearch: Send + Sync {
    /// Finds what the caller may see: published products only.
    async fn search(&self, ctx: &Ctx, query: ProductQuery) -> Result<ProductsFound, Failure<SearchCode>>;
}

/// Told how many documents have been written.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// What keeps indexes up with the catalogue.
#[async_trait]
pub trait SearchIndexing: Send + Sync {
    /// Names of all indexes.
    fn indexes(&self) -> Vec<&'static str>;
    /// Writes an index anew beside the one that answers, from where the last try came to, and swaps them. How many
    /// documents it has.
    async fn reindex(&self, index: &str, progress: Progress<'_>) -> Result<u64, Failure<SearchCode>>;
    /// How every index is.
    async fn status(&self, ctx: &Ctx) -> Result<Vec<IndexStatus>, Failure<SearchCode>>;
    /// Fills the indexes that never were, that were wiped, or whose form has changed; then takes over what waits for an
    /// index outside. To be called again and again.
    async fn keep_up(&self, ctx: &Ctx) -> Result<(), Failure<SearchCode>>;
}

/// Whether a SKU begins as a text or a word of it, whatever their case and what stands between letters and digits.
pub fn matches_sku(text: &str, sku: &str) -> bool {
    let sku = sku_code(sku);
    let begins = |text: &str| {
        let text = sku_code(text);
        text.chars().count() >= 2 && sku.starts_with(&text)
    };
    begins(text) || text.split_whitespace().any(begins)
}

#[cfg(test)]
mod tests;
