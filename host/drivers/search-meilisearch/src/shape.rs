//! What documents, settings, searches and answers look like to the server. Pure.

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::fold::{name_key, sku_code};
use vectis_contracts::ports::search_index::{
    CATEGORY, Document, Found, IndexError, MOST_FACET_VALUES, MOST_MATCHES, Order, Query,
};
use vectis_contracts::search::MAX_WORDS;
use vectis_kernel::ids::ProductId;

/// Changes when settings or documents look otherwise.
pub(crate) const FORM: &str = "1";

/// Settings of an index: which fields are searched, in order of weight; which are filtered, counted and sorted by.
pub(crate) fn settings(facets: &[String]) -> Value {
    let filterable = std::iter::once(CATEGORY).chain(facets.iter().map(String::as_str));
    let filterable: Vec<String> = std::iter::once("audience".to_owned())
        .chain(filterable.map(|facet| format!("facets.{facet}")))
        .collect();
    json!({
        "searchableAttributes": ["codes", "name", "skus", "variantNames", "facetWords", "description"],
        "filterableAttributes": filterable,
        "sortableAttributes": ["id", "nameKey"],
        "displayedAttributes": ["id"],
        "rankingRules": ["sort", "words", "typo", "attribute", "proximity", "exactness", "nameKey:asc"],
        "typoTolerance": {
            "enabled": true,
            "minWordSizeForTypos": { "oneTypo": 5, "twoTypos": 9 },
            "disableOnAttributes": ["codes", "skus"],
        },
        "pagination": { "maxTotalHits": MOST_MATCHES },
        "faceting": { "maxValuesPerFacet": MOST_FACET_VALUES, "sortFacetValuesBy": { "*": "count" } },
    })
}

/// A document.
pub(crate) fn document(document: &Document) -> Value {
    let facets = document.facets.iter().map(|(facet, values)| {
        let values: Vec<String> = values.iter().map(|value| encode(value)).collect();
        (facet.clone(), json!(values))
    });
    let facets: serde_json::Map<String, Value> = facets.collect();
    json!({
        "id": document.id.0,
        "name": document.name,
        "nameKey": name_key(&document.name),
        "description": document.description,
        "skus": document.skus,
        "codes": document.skus.iter().map(|sku| sku_code(sku)).collect::<Vec<_>>(),
        "variantNames": document.variant_names,
        "facetWords": document.facets.values().flatten().collect::<Vec<_>>(),
        "facets": facets,
        "audience": document.audience.iter().map(|audience| encode(audience)).collect::<Vec<_>>(),
    })
}

/// A search.
pub(crate) fn search(query: &Query) -> Value {
    let one_of = |field: &str, values: &[String]| -> Value {
        let conditions = values.iter().map(|value| format!("{field} = \"{}\"", encode(value)));
        json!(conditions.collect::<Vec<_>>())
    };
    // Alternatives stand in a list, the lists must all hold.
    let filters = query.filters.iter().map(|(facet, values)| one_of(&format!("facets.{facet}"), values));
    let filter: Vec<Value> = std::iter::once(one_of("audience", &query.audience)).chain(filters).collect();
    let sort: &[&str] = match query.order {
        Order::Newest => &["id:desc"],
        Order::Name => &["nameKey:asc", "id:asc"],
        Order::Relevance if query.text.is_empty() => &["nameKey:asc", "id:asc"],
        Order::Relevance => &[],
    };
    json!({
        "q": plain(&query.text),
        "filter": filter,
        "facets": query.facets.iter().map(|facet| format!("facets.{facet}")).collect::<Vec<_>>(),
        "sort": sort,
        "offset": query.skip,
        "limit": query.take,
        "attributesToRetrieve": ["id"],
        "matchingStrategy": "all",
    })
}

/// Words without what the server takes for more than a word: quotes make a phrase, a minus before a word excludes it.
fn plain(text: &str) -> String {
    let words =
        text.split_whitespace().map(|word| word.trim_start_matches(|sign: char| !sign.is_alphanumeric()));
    let words = words.filter(|word| !word.is_empty()).take(MAX_WORDS);
    words.map(|word| word.replace('"', " ")).collect::<Vec<_>>().join(" ")
}

/// An answer.
pub(crate) fn found(answer: &Value, query: &Query) -> Result<Found, IndexError> {
    let nonsense = || IndexError::Unavailable("its answer is none of a search".to_owned());
    let id = |hit: &Value| hit["id"].as_str().and_then(|id| Uuid::parse_str(id).ok()).map(ProductId);
    let hits = answer["hits"].as_array().ok_or_else(nonsense)?;
    let ids: Option<Vec<ProductId>> = hits.iter().map(id).collect();
    let total = answer["estimatedTotalHits"].as_u64().ok_or_else(nonsense)?;
    let counted = |facet: &String| {
        let distribution = answer["facetDistribution"][format!("facets.{facet}")].as_object();
        let count = |count: &Value| u32::try_from(count.as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
        let values = distribution.into_iter().flatten();
        let mut values: Vec<(String, u32)> =
            values.filter_map(|(value, matches)| Some((decode(value)?, count(matches)))).collect();
        values.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        (facet.clone(), values)
    };
    Ok(Found {
        ids: ids.ok_or_else(nonsense)?,
        total: u32::try_from(total).unwrap_or(MOST_MATCHES).min(MOST_MATCHES),
        facets: query.facets.iter().map(counted).collect(),
    })
}

/// A value as the server compares it: it knows no case, and its filters have quotes. Small letters and digits stay, all else
/// becomes numbers.
fn encode(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        return value.to_owned();
    }
    let numbers = value.bytes().map(|byte| format!("{byte:02x}"));
    std::iter::once("~".to_owned()).chain(numbers).collect()
}

fn decode(value: &str) -> Option<String> {
    let Some(numbers) = value.strip_prefix('~') else { return Some(value.to_owned()) };
    let byte = |at: usize| u8::from_str_radix(numbers.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..numbers.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests;
