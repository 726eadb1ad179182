//! `[search]`

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vectis_contracts::ports::search_index::CATEGORY;

use super::{ConfigError, Secret};

/// Facets beside the categories.
const MOST_FACETS: usize = 50;

/// `[search]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Custom fields of products that can be filtered by and counted.
    pub facets: Vec<String>,
    /// Where Meilisearch is. Empty: the database alone is searched.
    pub meilisearch_url: String,
    /// A key that may do everything with the two indexes, and see tasks.
    pub meilisearch_key: Secret,
    /// File that holds the key; used when `meilisearch_key` is empty.
    pub meilisearch_key_file: Option<PathBuf>,
    /// Name of the index; another for each shop on one server.
    pub meilisearch_index: String,
    /// How long Meilisearch may take for a search; then the database answers.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub meilisearch_budget: Duration,
    /// How far Meilisearch may be behind the catalogue; further, the database answers.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub meilisearch_behind: Duration,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            facets: Vec::new(),
            meilisearch_url: String::new(),
            meilisearch_key: Secret::default(),
            meilisearch_key_file: None,
            meilisearch_index: "products".to_owned(),
            meilisearch_budget: Duration::from_millis(300),
            meilisearch_behind: Duration::from_secs(30),
        }
    }
}

impl Search {
    /// What the type cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        let is_name = |name: &str| (1..=100).contains(&name.len()) && name.chars().all(plain);
        let is_fine = |facet: &String| is_name(facet) && facet != CATEGORY;
        if !is_name(&self.meilisearch_index) {
            let message = "search.meilisearch_index is not 1 to 100 letters, digits, _ and -";
            return Err(ConfigError::Invalid(message.to_owned()));
        }
        if let Some(facet) = self.facets.iter().find(|facet| !is_fine(facet)) {
            return Err(ConfigError::Invalid(format!(
                "search.facets names {facet:?}; a facet is a custom field of 1 to 100 letters, digits, _ and -, and not \
                 {CATEGORY:?}, which is one anyway"
            )));
        }
        if self.facets.len() > MOST_FACETS {
            return Err(ConfigError::Invalid(format!("search.facets names more than {MOST_FACETS} facets")));
        }
        Ok(())
    }
}
