//! A version keeps its promise: what was released may gain optional properties, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::SCHEMAS;

/// The schemas as they were last released. Written anew by hand when a type is added or gains an optional property; the failing
/// test prints what belongs there.
const RELEASED: &str = include_str!("released.json");

/// Words that promise nothing to a machine.
const WORDS: [&str; 4] = ["title", "description", "examples", "$comment"];

/// What a reader of the old schema would miss in the new one, by place.
fn breaks(old: &Value, new: &Value, at: &str, found: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keywords: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for keyword in keywords.into_iter().filter(|keyword| !WORDS.contains(&keyword.as_str())) {
                let place = format!("{at}/{keyword}");
                match (old.get(keyword), new.get(keyword)) {
                    (Some(Value::Object(old)), Some(Value::Object(new)))
                        if keyword == "properties" || keyword == "$defs" =>
                    {
                        members(old, new, &place, found);
                    }
                    (Some(old), Some(new)) => breaks(old, new, &place, found),
                    (None, Some(_)) if keyword == "$defs" => {}
                    (Some(_), None) => found.push(format!("{place} is gone")),
                    (None, _) => found.push(format!("{place} is new")),
                }
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                breaks(old, new, &format!("{at}/{index}"), found);
            }
        }
        (old, new) if old == new => {}
        (old, new) => found.push(format!("{at} was {old} and is {new}")),
    }
}

/// Named schemas: old ones must be there and keep theirs. A new one is optional, because `required` may not change.
fn members(old: &Map<String, Value>, new: &Map<String, Value>, at: &str, found: &mut Vec<String>) {
    for (name, schema) in old {
        match new.get(name) {
            Some(now) => breaks(schema, now, &format!("{at}/{name}"), found),
            None => found.push(format!("{at}/{name} is gone")),
        }
    }
}

fn difference(old: &str, new: &str) -> Vec<String> {
    let mut found = Vec::new();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    breaks(&read(old), &read(new), "", &mut found);
    found
}

#[test]
fn no_released_version_has_changed_but_for_optional_properties() {
    let released: BTreeMap<String, Value> = serde_json::from_str(RELEASED).unwrap();
    let present: BTreeMap<String, Value> = SCHEMAS
        .iter()
        .map(|(event_type, text)| ((*event_type).to_owned(), serde_json::from_str(text).unwrap()))
        .collect();

    let mut broken = Vec::new();
    for (event_type, old) in &released {
        match present.get(event_type) {
            Some(new) => breaks(old, new, event_type, &mut broken),
            None => broken.push(format!("{event_type} is gone; it stays until nobody reads it")),
        }
    }
    assert!(broken.is_empty(), "a breaking change needs a new version:\n{}", broken.join("\n"));
    assert!(
        released == present,
        "compatible, but not in host/contracts/src/events/released.json yet; it should be:\n{}",
        serde_json::to_string_pretty(&present).unwrap()
    );
}

#[test]
fn the_judge_knows_what_breaks() {
    let old = r#"{"required": ["a"], "properties": {"a": {"type": "string", "description": "x"}, "b": {"enum": ["x"]}}}"#;
    let judged = |new: &str| difference(old, new);

    let same_words = old.replace("\"description\": \"x\"", "\"description\": \"y\"");
    let optional_more = old.replace("\"b\":", "\"c\": {\"type\": \"object\"}, \"b\":");
    assert_eq!(judged(&same_words), Vec::<String>::new());
    assert_eq!(judged(&optional_more), Vec::<String>::new());
    assert_eq!(judged(&old.replace("[\"a\"]", "[\"a\", \"b\"]")).len(), 1);
    assert_eq!(judged(&old.replace("[\"a\"]", "[]")).len(), 1);
    assert_eq!(judged(&old.replace("\"type\": \"string\"", "\"type\": \"integer\"")).len(), 1);
    assert_eq!(judged(&old.replace("\"b\":", "\"bb\":")), ["/properties/b is gone"]);
    assert_eq!(judged(&old.replace("[\"x\"]", "[\"x\", \"y\"]")).len(), 1);
    assert_eq!(
        judged(&old.replace("\"type\": \"string\"", "\"type\": \"string\", \"maxLength\": 3")).len(),
        1
    );
}
