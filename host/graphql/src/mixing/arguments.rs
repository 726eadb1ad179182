//! Arguments as a plugin gets them: variables and defaults put in, single values in lists where lists are declared.

use async_graphql::parser::types::{
    BaseType, Field, InputValueDefinition, OperationDefinition, Type, TypeKind,
};
use async_graphql::{Positioned, Variables};
use async_graphql_value::{ConstValue, Value};
use serde_json::{Map, Value as Json};

use crate::mixing::{Added, CORE};

/// What arguments of a request are made of.
pub(super) struct Arguments<'d> {
    pub(super) operation: &'d OperationDefinition,
    pub(super) variables: &'d Variables,
    pub(super) added: &'d Added,
}

impl Arguments<'_> {
    /// Those of a field.
    pub(super) fn of(
        &self,
        field: &Field,
        declared: &[Positioned<InputValueDefinition>],
    ) -> Map<String, Json> {
        let given = |name: &str| field.get_argument(name).and_then(|value| self.value(&value.node));
        self.complete(declared, given)
    }

    /// Declared inputs with what was given, or else their defaults.
    fn complete(
        &self,
        declared: &[Positioned<InputValueDefinition>],
        mut given: impl FnMut(&str) -> Option<Json>,
    ) -> Map<String, Json> {
        let mut complete = Map::new();
        for input in declared {
            let input = &input.node;
            let default =
                || input.default_value.as_ref().and_then(|value| value.node.clone().into_json().ok());
            if let Some(value) = given(&input.name.node).or_else(default) {
                complete.insert(input.name.node.to_string(), self.coerce(value, &input.ty.node));
            }
        }
        complete
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

    fn coerce(&self, value: Json, ty: &Type) -> Json {
        match (&ty.base, value) {
            (_, Json::Null) => Json::Null,
            (BaseType::List(inner), Json::Array(items)) => {
                items.into_iter().map(|item| self.coerce(item, inner)).collect::<Vec<_>>().into()
            }
            (BaseType::List(inner), single) => vec![self.coerce(single, inner)].into(),
            (BaseType::Named(name), Json::Object(mut members)) => match self.added.kind(&CORE, name) {
                Some(TypeKind::InputObject(input)) => {
                    Json::Object(self.complete(&input.fields, |name| members.remove(name)))
                }
                _ => Json::Object(members),
            },
            // An id may be sent as a number.
            (BaseType::Named(name), Json::Number(number)) if name == "ID" => Json::String(number.to_string()),
            (BaseType::Named(_), scalar) => scalar,
        }
    }
}

fn json(value: ConstValue) -> Option<Json> {
    value.into_json().ok()
}
