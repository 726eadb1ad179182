//! Whether a value in a plugin's answer is of a scalar type, and how the API writes it.

use async_graphql::parser::types::TypeKind;
use async_graphql::{ScalarType, Value};
use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use crate::mixing::{Added, CORE};
use crate::scalars::{CurrencyCode, Decimal, Quantity};

/// The value of a scalar or enum as the API writes it, `None` when it is none.
pub(super) fn leaf(added: &Added, type_name: &str, value: &Json) -> Option<Value> {
    match (type_name, value) {
        ("Int", Json::Number(number)) => {
            let number = i32::try_from(number.as_i64()?).ok()?;
            Some(Value::from(number))
        }
        ("Float", Json::Number(_)) | ("Boolean", Json::Bool(_)) | ("String" | "ID", Json::String(_)) => {
            plain(value)
        }
        ("ID", Json::Number(number)) if number.is_i64() || number.is_u64() => {
            Some(Value::String(number.to_string()))
        }
        ("Int" | "Float" | "Boolean" | "String" | "ID", _) => None,
        ("JSON", _) => plain(value),
        ("Decimal", Json::String(_)) => written::<Decimal>(value),
        ("CurrencyCode", Json::String(_)) => written::<CurrencyCode>(value),
        ("Quantity", Json::String(_)) => written::<Quantity>(value),
        ("DateTime", Json::String(_)) => written::<DateTime<Utc>>(value),
        (_, Json::String(name)) => match added.kind(&CORE, type_name) {
            Some(TypeKind::Enum(values)) => {
                let found = values.values.iter().find(|value| value.node.value.node == name.as_str())?;
                Some(Value::Enum(found.node.value.node.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn plain(value: &Json) -> Option<Value> {
    Value::from_json(value.clone()).ok()
}

fn written<S: ScalarType>(value: &Json) -> Option<Value> {
    S::parse(plain(value)?).ok().map(|scalar| scalar.to_value())
}
