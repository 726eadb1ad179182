//! Configurations against an entry point's JSON schema: the pointer of what is wrong, and the key that was meant.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::refusal::{Fault, Step};

/// A schema ready to judge configurations.
#[derive(Debug)]
pub(crate) struct ConfigSchema {
    pub(crate) json: Value,
    validator: Validator,
}

impl ConfigSchema {
    /// Compiles a schema. References to other documents are not followed and fail.
    pub(crate) fn new(json: &Value) -> Result<Self, String> {
        let validator = jsonschema::validator_for(json).map_err(|error| error.to_string())?;
        Ok(Self { json: json.clone(), validator })
    }

    /// The first thing that is wrong, with its JSON pointer.
    pub(crate) fn check(&self, config: &Value) -> Result<(), Fault> {
        let Some(error) = self.validator.iter_errors(config).next() else {
            return Ok(());
        };
        let (pointer, message) = self.describe(&error);
        let place = if pointer.is_empty() { "the configuration" } else { &pointer };
        let why = format!("{place}: {message}");
        Err(Fault { step: Step::Config, why, pointer: Some(pointer) })
    }

    fn describe(&self, error: &ValidationError<'_>) -> (String, String) {
        let place = error.instance_path().as_str();
        let unexpected = match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected.first(),
            _ => None,
        };
        match (unexpected, error.kind()) {
            (Some(key), _) => {
                let pointer = format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"));
                (pointer, format!("unknown key{}", self.hint(error.schema_path().as_str(), key)))
            }
            (None, ValidationErrorKind::Required { property }) => {
                (place.to_owned(), format!("{property} is missing"))
            }
            (None, _) => (place.to_owned(), error.to_string()),
        }
    }

    /// `; did you mean percent?`, or all known keys when none is near.
    fn hint(&self, schema_path: &str, key: &str) -> String {
        let known = self.known_keys(schema_path);
        let distance = |known: &str| strsim::damerau_levenshtein(known, key);
        match known.iter().min_by_key(|known| distance(known)) {
            // A typing error changes a letter or two, or a third of a longer word.
            Some(nearest) if distance(nearest) <= (key.len() / 3).max(2) => {
                format!("; did you mean {nearest}?")
            }
            Some(_) => format!("; known are {}", known.join(", ")),
            None => String::new(),
        }
    }

    /// The properties beside the keyword that refused the key.
    fn known_keys(&self, schema_path: &str) -> Vec<&str> {
        let object = schema_path.rsplit_once('/').map_or("", |(object, _)| object);
        let properties =
            self.at(object).and_then(|object| object.get("properties")).and_then(Value::as_object);
        properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    /// The schema at a path on which references within the document are followed.
    fn at(&self, path: &str) -> Option<&Value> {
        path.split('/').skip(1).try_fold(&self.json, |schema, segment| {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let next = match schema {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                other => other.get(&name)?,
            };
            match next.as_str() {
                Some(reference) if name == "$ref" => self.json.pointer(reference.strip_prefix('#')?),
                _ => Some(next),
            }
        })
    }
}
