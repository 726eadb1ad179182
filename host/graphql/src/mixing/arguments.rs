//! Arguments as a plugin gets them: variables and defaults put in, single values in lists where lists are declared.

use async_graphql::parser::types::{
    BaseType, Field, InputValueDefinition, OperationDefinition, Type, TypeKind,
};
use async_graphql::{Positioned, Variables};
use async_graphql_value::{ConstValue, Value};
use serde_json::{Map, Value as Json};

use crate::mixing::{Added, CORE, scalars};

/// What arguments of a request are made of.
pub(super) struct Arguments<'d> {
    pub(super) operation: &'d OperationDefinition,
    pub(super) variables: &'d Variables,
    pub(super) added: &'d Added,
}

impl Arguments<'_> {
    /// Those of a field; a sentence when one is not of its type.
    pub(super) fn of(
        &self,
        field: &Field,
        declared: &[Positioned<InputValueDefinition>],
    ) -> Result<Map<String, Json>, String> {
        complete(self.added, declared, |name| {
            field.get_argument(name).and_then(|value| self.value(&value.node))
        })
    }

    /// A value of the document; `None` for a variable that was left out.
    pub(super) fn value(&self, value: &Value) -> Option<Json> {
        match value {
            Value::Variable(name) => {
                let given = self.variables.get(name).cloned();
                let definition =
                    self.operation.variable_definitions.iter().find(|it| it.node.name.node == *name);
                let default = || definition?.node.default_value.as_ref().map(|value| value.node.clone());
                json(given.or_else(default)?)
            }
            Value::List(items) => {
                Some(items.iter().map(|item| self.value(item).unwrap_or_default()).collect::<Vec<_>>().into())
            }
            Value::Object(members) => {
                let member = |(name, value): (&async_graphql::Name, &Value)| {
                    Some((name.to_string(), self.value(value)?))
                };
                Some(Json::Object(members.iter().filter_map(member).collect()))
            }
            plain => json(plain.clone().into_const()?),
        }
    }
}

/// Declared inputs with what was given, or else their defaults.
fn complete(
    added: &Added,
    declared: &[Positioned<InputValueDefinition>],
    mut given: impl FnMut(&str) -> Option<Json>,
) -> Result<Map<String, Json>, String> {
    let mut complete = Map::new();
    for input in declared {
        let (name, ty) = (&input.node.name.node, &input.node.ty.node);
        let default = || input.node.default_value.as_ref().and_then(|value| json(value.node.clone()));
        if let Some(value) = given(name).or_else(default) {
            let value = coerce(added, value, ty).map_err(|what| format!("{name}: {what}"))?;
            complete.insert(name.to_string(), value);
        }
    }
    Ok(complete)
}

/// A value as its type has it. The schema's own validation lets numbers pass that are too large.
pub(super) fn coerce(added: &Added, value: Json, ty: &Type) -> Result<Json, String> {
    match (&ty.base, value) {
        (_, Json::Null) if ty.nullable => Ok(Json::Null),
        (BaseType::List(inner), Json::Array(items)) => {
            let items: Result<Vec<_>, _> = items.into_iter().map(|item| coerce(added, item, inner)).collect();
            Ok(items?.into())
        }
        (BaseType::List(inner), single) => Ok(vec![coerce(added, single, inner)?].into()),
        (BaseType::Named(name), value) => match (added.kind(&CORE, name), value) {
            (Some(TypeKind::InputObject(input)), Json::Object(mut members)) => {
                Ok(Json::Object(complete(added, &input.fields, |name| members.remove(name))?))
            }
            (_, value) => leaf(added, name, value).map_err(|value| format!("{value} is no {ty}")),
        },
    }
}

fn leaf(added: &Added, type_name: &str, value: Json) -> Result<Json, Json> {
    let value = match value {
        // They may be sent as numbers.
        Json::Number(number) if matches!(type_name, "ID" | "Decimal" | "Quantity") => {
            Json::String(number.to_string())
        }
        other => other,
    };
    if scalars::leaf(added, type_name, &value).is_some() { Ok(value) } else { Err(value) }
}

fn json(value: ConstValue) -> Option<Json> {
    value.into_json().ok()
}
