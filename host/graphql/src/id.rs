//! Global ids: `order:0198…`, checked for their kind where they come in, so that an account's id can never be sent for an
//! order's.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{
    ContextSelectionSet, ID, InputType, InputValueError, InputValueResult, OutputType, Positioned,
    ServerResult, Value,
};
use uuid::Uuid;
use vectis_kernel::ids::EntityId;

/// An id of one kind, as the API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalId<I>(pub I);

impl<I: EntityId> GlobalId<I> {
    /// From the API's text; the error is a sentence for the caller.
    pub fn parse(text: &str) -> Result<Self, String> {
        let not_one =
            || format!("{:?} is not an id of a {}", text.chars().take(80).collect::<String>(), I::KIND);
        let (kind, id) = text.split_once(':').ok_or_else(not_one)?;
        let id = Uuid::parse_str(id).map_err(|_| not_one())?;
        if kind == I::KIND { Ok(Self(I::from(id))) } else { Err(not_one()) }
    }

    /// The API's text.
    pub fn text(self) -> String {
        let id: Uuid = self.0.into();
        format!("{}:{id}", I::KIND)
    }
}

impl<I: EntityId> InputType for GlobalId<I> {
    type RawValueType = I;

    fn type_name() -> Cow<'static, str> {
        <ID as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::String(text)) => Self::parse(&text).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other.unwrap_or_default())),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }

    fn as_raw_value(&self) -> Option<&I> {
        Some(&self.0)
    }
}

impl<I: EntityId> OutputType for GlobalId<I> {
    fn type_name() -> Cow<'static, str> {
        <ID as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as InputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.text()))
    }
}
