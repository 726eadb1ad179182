//! `[search]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vectis_contracts::ports::search_index::CATEGORY;

use super::ConfigError;

/// Facets beside the categories.
const MOST_FACETS: usize = 50;

/// `[search]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Search {
    /// Custom fields of products that can be filtered by and counted.
    pub facets: Vec<String>,
}

impl Search {
    /// What the type cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_fine = |facet: &String| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
            (1..=100).contains(&facet.len()) && facet.chars().all(plain) && facet != CATEGORY
        };
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
