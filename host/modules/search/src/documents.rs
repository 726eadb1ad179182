//! From what is known of a product to what can be found of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vectis_contracts::ports::search_index::{CATEGORY, Document, EVERYBODY};
use vectis_contracts::products::ProductFacts;

/// Values of one facet of one product.
const MOST_VALUES: usize = 100;
/// Bytes of a value.
const LONGEST_VALUE: usize = 200;

/// The document of a published product, with those of its custom fields that are facets.
pub(crate) fn document(facts: ProductFacts, facets: &[String]) -> Document {
    let mut of_document = BTreeMap::from([(CATEGORY.to_owned(), facts.category_slugs.into_iter().collect())]);
    for facet in facets {
        let values = values(&facts.custom_fields[facet.as_str()]);
        if !values.is_empty() {
            of_document.insert(facet.clone(), values);
        }
    }
    Document {
        id: facts.id,
        name: facts.name,
        description: facts.description,
        skus: facts.skus,
        variant_names: facts.variant_names,
        facets: of_document,
        audience: vec![EVERYBODY.to_owned()],
    }
}

/// A text, a number, a yes or no, or a list of them.
fn values(field: &Value) -> BTreeSet<String> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let texts: Vec<String> = match field {
        Value::Array(items) => items.iter().filter_map(one).collect(),
        single => one(single).into_iter().collect(),
    };
    let clean = |text: String| -> String {
        let printable = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        let text: String = printable.collect();
        text[..text.floor_char_boundary(LONGEST_VALUE)].trim().to_owned()
    };
    texts.into_iter().map(clean).filter(|text| !text.is_empty()).take(MOST_VALUES).collect()
}

#[cfg(test)]
mod tests;
