//! The JSON Schema of each event type. An event against its schema is a bug of the module that emits it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonschema::Validator;
use vectis_kernel::Event;

struct Registered {
    text: String,
    validator: Validator,
}

/// Schemas are constants of the program, so one registry serves the whole process.
static SCHEMAS: RwLock<BTreeMap<String, Arc<Registered>>> = RwLock::new(BTreeMap::new());

/// What is wrong with a schema or with an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The schema's text is not a JSON Schema.
    #[error("the schema of {event_type} is not valid: {reason}")]
    NotASchema {
        /// Of which type.
        event_type: String,
        /// Why.
        reason: String,
    },
    /// Another schema is registered for the type; a changed schema is a new version.
    #[error("{0} already has another schema")]
    AlreadyDifferent(String),
    /// No schema is registered for the type.
    #[error("no schema is registered for {0}")]
    UnknownType(&'static str),
    /// The payload does not follow its schema.
    #[error("payload of {event_type} is invalid: {}", reasons.join("; "))]
    InvalidPayload {
        /// Of which type.
        event_type: &'static str,
        /// Each with the place in the payload.
        reasons: Vec<String>,
    },
}

/// Registers `(event type, JSON Schema)` pairs. Registering the same again changes nothing.
pub fn register_schemas(schemas: &[(&str, &str)]) -> Result<(), SchemaError> {
    let mut registry = SCHEMAS.write().unwrap_or_else(PoisonError::into_inner);
    for (event_type, text) in schemas {
        match registry.get(*event_type) {
            Some(registered) if registered.text == *text => {}
            Some(_) => return Err(SchemaError::AlreadyDifferent((*event_type).to_owned())),
            None => {
                let registered =
                    Registered { text: (*text).to_owned(), validator: compile(event_type, text)? };
                registry.insert((*event_type).to_owned(), Arc::new(registered));
            }
        }
    }
    Ok(())
}

fn compile(event_type: &str, text: &str) -> Result<Validator, SchemaError> {
    let not_a_schema = |reason: String| SchemaError::NotASchema { event_type: event_type.to_owned(), reason };
    let schema = serde_json::from_str(text).map_err(|error| not_a_schema(error.to_string()))?;
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .map_err(|error| not_a_schema(error.to_string()))
}

/// Checks an event's payload against the schema of its type.
pub(super) fn check(event: &Event) -> Result<(), SchemaError> {
    let event_type = event.event_type;
    let registered = SCHEMAS.read().unwrap_or_else(PoisonError::into_inner).get(event_type).cloned();
    let registered = registered.ok_or(SchemaError::UnknownType(event_type))?;
    let reasons: Vec<String> = registered
        .validator
        .iter_errors(&event.payload)
        .map(|error| format!("{error} at {:?}", error.instance_path().to_string()))
        .collect();
    if reasons.is_empty() { Ok(()) } else { Err(SchemaError::InvalidPayload { event_type, reasons }) }
}
