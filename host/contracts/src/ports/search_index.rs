//! A search index: documents of published products, found by words, narrowed by facets. It answers ids only: what a caller
//! sees of a product, its prices before all, comes from the modules that own it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use vectis_kernel::ids::ProductId;

/// The facet that every document has: slugs of the categories that a product stands in.
pub const CATEGORY: &str = "category";
/// The audience of what everybody may see who may see the shop.
pub const EVERYBODY: &str = "everybody";
/// Matches that are counted, ordered and paged through; a search that finds more says so.
pub const MOST_MATCHES: u32 = 10_000;
/// Values of one facet that are answered, the most frequent ones.
pub const MOST_FACET_VALUES: usize = 100;

/// A product as an index keeps it. Nothing in it is a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The product.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Plain text.
    pub description: String,
    /// SKUs of its variants on sale.
    pub skus: Vec<String>,
    /// Their names.
    pub variant_names: Vec<String>,
    /// Values by facet, [`CATEGORY`] among them.
    pub facets: BTreeMap<String, BTreeSet<String>>,
    /// Who may find it; nobody when empty.
    pub audience: Vec<String>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What fits best comes first; without text as [`Order::Name`].
    #[default]
    Relevance,
    /// By name, whatever its case and accents.
    Name,
    /// The newest product first.
    Newest,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that all must be found, the last one by its beginning; everything when empty.
    pub text: String,
    /// Who asks: a document is found only by an audience of its own.
    pub audience: Vec<String>,
    /// One of the values in each of these facets.
    pub filters: Vec<(String, Vec<String>)>,
    /// Facets to count.
    pub facets: Vec<String>,
    /// In which order.
    pub order: Order,
    /// Matches to pass over.
    pub skip: u32,
    /// Matches to answer.
    pub take: u32,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In order.
    pub ids: Vec<ProductId>,
    /// All matches, [`MOST_MATCHES`] at most.
    pub total: u32,
    /// Matches by value, for each facet asked for: the most frequent first, then by value.
    pub facets: Vec<(String, Vec<(String, u32)>)>,
}

/// Which of two: the documents that searches are answered from, or those of a re-index under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// Answers searches.
    Live,
    /// Takes its place with [`SearchIndex::swap`].
    Next,
}

/// Why an index did not do it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It does not answer, or not in time.
    #[error("the search index cannot be reached: {0}")]
    Unavailable(String),
    /// It answers, but has no documents at all, not even none: it was never filled, or was wiped.
    #[error("the search index is not there: {0}")]
    Missing(String),
    /// It will never do this.
    #[error("the search index refuses: {0}")]
    Refused(String),
}

/// The index.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// `postgres` or `meilisearch`; its state is kept under it.
    fn name(&self) -> &'static str;
    /// Stands for its settings and the form of its documents: when it changes, all documents must be written anew.
    fn form(&self) -> String;
    /// Finds.
    async fn search(&self, query: &Query) -> Result<Found, IndexError>;
    /// Writes documents in place of those of the same ids, and removes others. When it returns, searches of this copy see
    /// it. Doing it twice is as good as once.
    async fn write(&self, copy: Copy, documents: &[Document], gone: &[ProductId]) -> Result<(), IndexError>;
    /// How many documents a copy has; `None` when there is no such copy.
    async fn count(&self, copy: Copy) -> Result<Option<u64>, IndexError>;
    /// Makes an empty next copy in place of any there was.
    async fn prepare_next(&self) -> Result<(), IndexError>;
    /// Puts the next copy in the place of the live one, between one search and the next, and drops the old one.
    async fn swap(&self) -> Result<(), IndexError>;
}
