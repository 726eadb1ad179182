//! The words of a search and the shape of the category tree. Pure.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};

use vectis_contracts::products::ProductCode;
use vectis_kernel::ids::CategoryId;
use vectis_kernel::{Failure, Refusal};

/// Longest word kept; a longer one is found by its beginning.
const MAX_WORD: usize = 64;
/// Most words of one search that count.
const MAX_QUERY_WORDS: usize = 20;
/// Most categories of a catalogue.
pub(crate) const MAX_CATEGORIES: usize = 10_000;

/// The distinct words of a text: runs of letters and digits, in lower case. Texts and searches are cut alike.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let runs = text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.map(|run| {
        run.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).take(MAX_WORD).collect()
    })
    .collect()
}

/// A Postgres text search query: every word must begin a word of the text.
pub(crate) fn prefix_query(text: &str) -> String {
    let words = words(text).into_iter().take(MAX_QUERY_WORDS);
    words.map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ")
}

/// A category as the tree knows it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: CategoryId,
    pub(crate) parent_id: Option<CategoryId>,
    pub(crate) slug: String,
}

/// The id of the parent that category `slug` may be put below.
pub(crate) fn parent_for(
    tree: &[Node],
    slug: &str,
    parent_slug: Option<&str>,
) -> Result<Option<CategoryId>, Failure<ProductCode>> {
    let own = tree.iter().find(|node| node.slug == slug);
    if own.is_none() && tree.len() >= MAX_CATEGORIES {
        let message = format!("There are {MAX_CATEGORIES} categories already, which is the most.");
        return Err(Failure::refused(ProductCode::TooMany, message));
    }
    let Some(parent_slug) = parent_slug else { return Ok(None) };
    // A category below itself is a loop even before it exists.
    let below_itself = || {
        let message =
            format!("Category {slug:?} cannot stand below {parent_slug:?}, which is itself or below it.");
        Failure::Refused(vec![Refusal::at(ProductCode::Cycle, "parentSlug", message)])
    };
    if parent_slug == slug {
        return Err(below_itself());
    }
    let Some(parent) = tree.iter().find(|node| node.slug == parent_slug) else {
        let message = format!("There is no category {parent_slug:?}.");
        return Err(Failure::at(ProductCode::CategoryNotFound, "parentSlug", message));
    };
    if own.is_some_and(|own| ancestors(tree, parent).contains(&own.id)) {
        return Err(below_itself());
    }
    Ok(Some(parent.id))
}

/// Everything a category stands below, to the root.
fn ancestors(tree: &[Node], node: &Node) -> HashSet<CategoryId> {
    let parents: HashMap<CategoryId, Option<CategoryId>> =
        tree.iter().map(|node| (node.id, node.parent_id)).collect();
    let mut found = HashSet::new();
    let mut next = node.parent_id;
    while let Some(id) = next.filter(|id| found.insert(*id)) {
        next = parents.get(&id).copied().flatten();
    }
    found
}
