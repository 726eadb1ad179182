use std::fmt::Display;

use serde_json::Value;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::fields::{self as wire, FieldsObj, Kind, Question, build};
use crate::abi::id::Id;
use crate::error::Error;
use crate::points::fields::{Arguments, Fields, FieldsCtx, Parent};

/// Added fields behind their vtable.
pub struct FieldsHarness {
    object: FieldsObj,
    host: TestHost,
}

/// Constructs a plugin's fields from their configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn fields<T: Fields>(config_json: impl Display) -> Result<FieldsHarness, Error> {
    let host = TestHost::default();
    Ok(FieldsHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// `count` parents without facts; the ids are `Id([1; 16])`, `Id([2; 16])` and so on.
pub fn parents(count: u8) -> Vec<Parent> {
    (1..=count).map(|number| Parent::new::<String>(Id([number; 16]), [])).collect()
}

impl FieldsHarness {
    /// Asks for a field of the platform's types: `Product.warrantyMonths`.
    ///
    /// # Errors
    /// What the plugin said, or that it panicked.
    pub fn resolve(&self, field: &str, parents: &[Parent], arguments: Value) -> Result<Vec<Value>, Error> {
        self.ask(Kind::Field, field, parents, arguments)
    }

    /// Asks a query.
    ///
    /// # Errors
    /// What the plugin said, or that it panicked.
    pub fn query(&self, query: &str, arguments: Value) -> Result<Value, Error> {
        Ok(self.ask(Kind::Query, query, &[], arguments)?.remove(0))
    }

    /// Sends a mutation.
    ///
    /// # Errors
    /// What the plugin said, or that it panicked.
    pub fn mutate(&self, mutation: &str, arguments: Value) -> Result<Value, Error> {
        Ok(self.ask(Kind::Mutation, mutation, &[], arguments)?.remove(0))
    }

    /// The host the plugin runs on, to say what its services answer.
    pub fn host(&self) -> &TestHost {
        &self.host
    }

    /// What the plugin logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }

    fn ask(
        &self,
        kind: Kind,
        field: &str,
        parents: &[Parent],
        arguments: Value,
    ) -> Result<Vec<Value>, Error> {
        let Value::Object(arguments) = arguments else {
            return Err(Error::input("arguments are a JSON object"));
        };
        let question = Question {
            kind,
            field: field.to_owned(),
            parents: parents.to_vec(),
            arguments: Arguments(arguments),
            ctx: FieldsCtx { now_ms: NOW_MS, ..FieldsCtx::default() },
        };
        let question = serde_json::to_string(&question).map_err(|error| Error::input(error.to_string()))?;
        let answers = wire::answer(&self.object, 0, &question)?;
        serde_json::from_str(&answers).map_err(|error| Error::internal(error.to_string()))
    }
}
