//! Configurations that are wrong in one place.

use serde_json::{Map, Value, json};

use crate::adapters::Adapter;
use crate::conformance::exam::must;
use crate::conformance::promise::{NO_PANIC, STARTS, STRICT_CONFIG};
use crate::conformance::run::Run;
use crate::conformance::subject::Origin;

/// A key that no plugin has.
const UNKNOWN: &str = "conformance_kit_unknown_key";

/// Puts the cases.
pub(crate) fn put<A: Adapter>(origin: &Origin, run: &Run) {
    let keys = origin.config.as_object().cloned().unwrap_or_default();
    refused::<A>(origin, run, "with an unknown key", &with(&keys, UNKNOWN, json!(1)));
    for (name, config) in
        [("that is a list", json!([1])), ("that is a text", json!("text")), ("that is a number", json!(7))]
    {
        refused::<A>(origin, run, name, &config);
    }
    for (key, value) in &keys {
        let other_type = if value.is_object() { json!([[]]) } else { json!({ UNKNOWN: 1 }) };
        refused::<A>(origin, run, &format!("whose {key} is of another type"), &with(&keys, key, other_type));
        let mut without = keys.clone();
        without.remove(key);
        borne::<A>(origin, run, &format!("without {key}"), &Value::Object(without));
        for (name, extreme) in extremes(value) {
            borne::<A>(origin, run, &format!("whose {key} is {name}"), &with(&keys, key, extreme));
        }
    }
    run.case("starts again", STARTS, origin.config.to_string(), || {
        (0..20).try_for_each(|_| origin.start_with::<A>(&origin.config).map(drop).map_err(|fault| fault.why))
    });
}

fn with(keys: &Map<String, Value>, key: &str, value: Value) -> Value {
    let mut keys = keys.clone();
    keys.insert(key.to_owned(), value);
    Value::Object(keys)
}

/// Values of the same type at its ends.
fn extremes(value: &Value) -> Vec<(&'static str, Value)> {
    match value {
        Value::Number(_) => {
            vec![("0", json!(0)), ("the largest number", json!(i64::MAX)), ("the smallest", json!(i64::MIN))]
        }
        Value::String(_) => vec![("empty", json!("")), ("not ASCII", json!("Ünïcode 🦀 \u{202e}"))],
        Value::Array(_) => vec![("empty", json!([]))],
        Value::Object(_) => vec![("empty", json!({}))],
        Value::Bool(_) | Value::Null => Vec::new(),
    }
}

fn refused<A: Adapter>(origin: &Origin, run: &Run, name: &str, config: &Value) {
    run.case(format!("a configuration {name}"), STRICT_CONFIG, config.to_string(), || {
        match origin.start_with::<A>(config) {
            Ok(_) => Err("it was taken".to_owned()),
            Err(fault) => must(!fault.why.starts_with("panicked at "), || fault.why),
        }
    });
}

/// Taken or refused, both are good.
fn borne<A: Adapter>(origin: &Origin, run: &Run, name: &str, config: &Value) {
    run.case(format!("a configuration {name}"), NO_PANIC, config.to_string(), || {
        match origin.start_with::<A>(config) {
            Err(fault) if fault.why.starts_with("panicked at ") => Err(fault.why),
            _ => Ok(()),
        }
    });
}
