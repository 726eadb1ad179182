//! How the stand-in searches: slowly, one document after the other.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value, json};
use vectis_contracts::fold::fold;

/// Answers a search as the server does; a message where a filter or a sort is none.
pub(super) fn search(
    documents: &BTreeMap<String, Value>,
    settings: &Value,
    search: &Value,
) -> Result<Value, String> {
    let words = words(search["q"].as_str().unwrap_or_default());
    let searchable: Vec<&str> = listed(&settings["searchableAttributes"]);
    let mut hits: Vec<(Rank, &Value)> = Vec::new();
    for document in documents.values() {
        if passes(document, settings, &search["filter"])?
            && let Some(rank) = rank(document, &searchable, &words, settings)
        {
            hits.push((rank, document));
        }
    }
    let sort: Vec<&str> = listed(&search["sort"]);
    for rule in &sort {
        let field = rule.split(':').next().unwrap_or_default();
        if !listed(&settings["sortableAttributes"]).contains(&field) {
            return Err(format!("Attribute `{field}` is not sortable."));
        }
    }
    hits.sort_by(|(one_rank, one), (other_rank, other)| {
        let by_rules = sort.iter().map(|rule| compare(rule, one, other)).find(|order| order.is_ne());
        let by_rank = || one_rank.cmp(other_rank).then_with(|| compare("nameKey:asc", one, other));
        by_rules.unwrap_or_else(by_rank)
    });
    let most = settings["pagination"]["maxTotalHits"].as_u64().unwrap_or(1_000) as usize;
    let total = hits.len().min(most);
    let (offset, limit) = (number(&search["offset"]), number(&search["limit"]));
    let page =
        hits.iter().take(most).skip(offset).take(limit).map(|(_, document)| json!({ "id": document["id"] }));
    let mut distribution = serde_json::Map::new();
    for facet in listed(&search["facets"]) {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, document) in &hits {
            texts(at(document, facet)).into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
        }
        let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(value, count)| (Reverse(*count), *value));
        counts.truncate(settings["faceting"]["maxValuesPerFacet"].as_u64().unwrap_or(100) as usize);
        let counts: BTreeMap<&str, u64> = counts.into_iter().collect();
        distribution.insert(facet.to_owned(), json!(counts));
    }
    Ok(json!({
        "hits": page.collect::<Vec<_>>(), "query": search["q"], "processingTimeMs": 1, "limit": limit, "offset": offset,
        "estimatedTotalHits": total, "facetDistribution": distribution, "facetStats": {},
    }))
}

/// Slips, then the attribute that the words stand in, then whether they stand there whole.
type Rank = (usize, usize, usize);

fn listed(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap_or(0) as usize
}

fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(document, |value, part| &value[part])
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_str().map_or_else(|| listed(value), |text| vec![text])
}

fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .take(10)
        .collect()
}

fn compare(rule: &str, one: &Value, other: &Value) -> std::cmp::Ordering {
    let (field, direction) = rule.split_once(':').unwrap_or((rule, "asc"));
    let order = one[field].as_str().cmp(&other[field].as_str());
    if direction == "desc" { order.reverse() } else { order }
}

/// A list of conditions that all hold; a list in it holds when one of its conditions does.
fn passes(document: &Value, settings: &Value, filter: &Value) -> Result<bool, String> {
    for condition in filter.as_array().into_iter().flatten() {
        let choices = condition.as_array().cloned().unwrap_or_else(|| vec![condition.clone()]);
        let mut holds = false;
        for choice in choices.iter().filter_map(Value::as_str) {
            holds |= condition_holds(document, settings, choice)?;
        }
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn condition_holds(document: &Value, settings: &Value, condition: &str) -> Result<bool, String> {
    let none = || format!("Was expecting an operation at `{condition}`.");
    let (field, value) = condition.split_once(" = ").ok_or_else(none)?;
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or_else(none)?;
    if value.contains('"') {
        return Err(none());
    }
    if !listed(&settings["filterableAttributes"]).contains(&field) {
        return Err(format!("Attribute `{field}` is not filterable."));
    }
    Ok(texts(at(document, field)).iter().any(|text| text.to_lowercase() == value.to_lowercase()))
}

/// How well a document fits; `None` when a word is missing.
fn rank(document: &Value, searchable: &[&str], words: &[String], settings: &Value) -> Option<Rank> {
    if words.is_empty() {
        return Some((0, 0, 0));
    }
    each_word(document, searchable, words, settings).or_else(|| {
        // Neighbours may also stand as one word.
        (words.len() > 1).then(|| each_word(document, searchable, &[words.concat()], settings)).flatten()
    })
}

fn each_word(document: &Value, searchable: &[&str], words: &[String], settings: &Value) -> Option<Rank> {
    let mut whole = (0, 0, 0);
    for (place, word) in words.iter().enumerate() {
        let is_last = place + 1 == words.len();
        let found = searchable.iter().enumerate().filter_map(|(number, field)| {
            let strict = listed(&settings["typoTolerance"]["disableOnAttributes"]).contains(field);
            let texts = texts(&document[*field]);
            let there = texts
                .iter()
                .flat_map(|text| self::words(text))
                .filter_map(|there| fits(word, &there, is_last, strict));
            there.min().map(|(slips, part)| (slips, number, part))
        });
        let best = found.min()?;
        whole = (whole.0 + best.0, whole.1.max(best.1), whole.2 + best.2);
    }
    Some(whole)
}

/// Slips, and whether it is only the beginning.
fn fits(word: &str, there: &str, is_last: bool, strict: bool) -> Option<(usize, usize)> {
    if there == word {
        return Some((0, 0));
    }
    if is_last && there.starts_with(word) {
        return Some((0, 1));
    }
    let most = match word.chars().count() {
        _ if strict => 0,
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    };
    let slips = strsim::osa_distance(word, there);
    (slips <= most && word.chars().next() == there.chars().next()).then_some((slips, 0))
}
