//! Added fields on the wire: a question and its answers as JSON. The types stand in the SDL, which the host knows; a call is
//! for a whole request, so its cost does not count per line.

#![expect(unsafe_code, unused_qualifications, non_local_definitions, reason = "what #[sabi_trait] generates")]

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RStr, RString};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::abi::contain::Guarded;
use crate::abi::error::WireError;
use crate::abi::module::read_config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;
use crate::points::fields::{Arguments, Fields, FieldsCtx, Parent};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A field on a type of the platform: an answer per parent.
    Field,
    /// A field of `Query`: one answer.
    Query,
    /// A field of `Mutation`: one answer.
    Mutation,
}

/// A question. Grows by optional members only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub kind: Kind,
    /// `Product.warrantyMonths`, or the name of an operation.
    pub field: String,
    #[serde(default)]
    pub parents: Vec<Parent>,
    #[serde(default)]
    pub arguments: Arguments,
    pub ctx: FieldsCtx,
}

#[sabi_trait]
pub trait FieldsWire: Send + Sync {
    /// A [`Question`] as JSON; the answers as a JSON array. `budget_ns` is how long the call may take; 0 for as long as it
    /// likes.
    #[sabi(last_prefix_field)]
    fn answer(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError>;
}

pub type FieldsObj = FieldsWire_TO<'static, RBox<()>>;

impl<T: Fields> FieldsWire for Guarded<T> {
    fn answer(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        self.call(|plugin| {
            let mut question: Question = serde_json::from_str(question_json.as_str())
                .map_err(|error| Error::input(format!("the question cannot be read: {error}")))?;
            question.ctx.deadline = Deadline::after(budget_ns);
            let answers = answer_with(plugin, &question)?;
            serde_json::to_string(&answers)
                .map(RString::from)
                .map_err(|error| Error::internal(format!("the answer cannot be written: {error}")))
        })
    }
}

fn answer_with<T: Fields>(plugin: &T, question: &Question) -> Result<Vec<Value>, Error> {
    let Question { kind, field, parents, arguments, ctx } = question;
    match kind {
        Kind::Field => plugin.resolve(ctx, field, parents, arguments),
        Kind::Query => Ok(vec![plugin.query(ctx, field, arguments)?]),
        Kind::Mutation => Ok(vec![plugin.mutate(ctx, field, arguments)?]),
    }
}

/// Puts a strategy behind its vtable and guard.
pub fn build<T: Fields>(config_json: &str, host: Host) -> Result<FieldsObj, Error> {
    let plugin = T::new(read_config(config_json)?, host)?;
    Ok(FieldsWire_TO::from_value(Guarded::new(plugin), TD_Opaque))
}

/// Asks a plugin; its answers as the JSON text it wrote.
pub fn answer(plugin: &FieldsObj, budget_ns: u64, question_json: &str) -> Result<String, Error> {
    Ok(plugin.answer(budget_ns, question_json.into()).into_result()?.into())
}
