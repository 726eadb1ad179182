//! The answers of plugins put into the answer of the executor, each held against its declared type. What is null where it may
//! not be takes what holds it with it, up to the next thing that may be null.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, Type, TypeKind};
use async_graphql::{Name, PathSegment, Pos, ServerError, Value};
use serde_json::Value as Json;
use vectis_contracts::plugin_fields::Unanswered;

use crate::error::coded;
use crate::mixing::gather::{self, Parents};
use crate::mixing::plan::{Call, Plan, Selected, Shape, Step, What, Within};
use crate::mixing::{Added, CORE, RESERVED, scalars};

/// Errors of added fields that one answer tells; more would say the same again.
const MAX_ERRORS: usize = 100;

/// The answers of one call, in the order of its parents.
pub(super) type Answers = Result<Vec<Json>, Unanswered>;

/// It is null and may not be; so what holds it is null.
pub(super) struct Null;

/// Puts answers in their places.
pub(super) struct Fill<'a> {
    pub(super) plan: &'a Plan,
    pub(super) added: &'a Added,
    pub(super) parents: &'a [Parents],
    pub(super) answers: &'a [Answers],
    pub(super) errors: Vec<ServerError>,
    path: Vec<PathSegment>,
}

impl<'a> Fill<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        added: &'a Added,
        parents: &'a [Parents],
        answers: &'a [Answers],
    ) -> Self {
        Self { plan, added, parents, answers, errors: Vec::new(), path: Vec::new() }
    }

    /// An object of the platform.
    pub(super) fn object(
        &mut self,
        within: &Within,
        members: &mut IndexMap<Name, Value>,
    ) -> Result<(), Null> {
        let mut has_added = false;
        for step in &within.steps {
            let Some(value) = members.get_mut(&step.key) else { continue };
            self.path.push(PathSegment::Field(step.key.to_string()));
            let outcome = match &step.what {
                What::Inside(inside) => self.visit(inside, value, &step.ty),
                What::Added { call, pos, shape } => {
                    has_added = true;
                    self.added(step, (*call, *pos, shape), members)
                }
            };
            self.path.pop();
            outcome?;
        }
        if has_added {
            members.retain(|key, _| !key.starts_with(RESERVED));
        }
        Ok(())
    }

    fn visit(&mut self, within: &Within, value: &mut Value, ty: &Type) -> Result<(), Null> {
        let outcome = match (&mut *value, &ty.base) {
            (Value::List(items), BaseType::List(inner)) => {
                items.iter_mut().enumerate().try_for_each(|(index, item)| {
                    self.path.push(PathSegment::Index(index));
                    let outcome = self.visit(within, item, inner);
                    self.path.pop();
                    outcome
                })
            }
            (Value::Object(members), _) => self.object(within, members),
            _ => Ok(()),
        };
        if outcome.is_err() && ty.nullable {
            *value = Value::Null;
            return Ok(());
        }
        outcome
    }

    fn added(
        &mut self,
        step: &Step,
        (call, pos, shape): (usize, Pos, &Shape),
        members: &mut IndexMap<Name, Value>,
    ) -> Result<(), Null> {
        let index = match gather::id(members) {
            Some(id) => self.parents[call].get_index_of(id),
            None => Some(0), // An operation has one answer.
        };
        let (calls, answers) = (&self.plan.calls, self.answers);
        let outcome = match (&answers[call], index) {
            (Ok(answers), Some(index)) => match answers.get(index) {
                Some(answer) => self.typed(&calls[call], answer, &step.ty, shape, pos),
                None => self.lie(&calls[call], pos, "no answer"),
            },
            (Err(unanswered), _) => self.fail(pos, unanswered.error.to_string()),
            (Ok(_), None) => {
                self.fail(pos, format!("{} cannot be asked: its parent has no id", calls[call].field))
            }
        };
        let value = or_null(outcome, &step.ty)?;
        members.insert(step.key.clone(), value);
        Ok(())
    }

    /// An answer as its type has it.
    fn typed(
        &mut self,
        call: &Call,
        answer: &Json,
        ty: &Type,
        shape: &Shape,
        pos: Pos,
    ) -> Result<Value, Null> {
        let outcome = match (&ty.base, answer) {
            (_, Json::Null) if ty.nullable => return Ok(Value::Null),
            (_, Json::Null) => self.lie(call, pos, &format!("null for {ty}")),
            (BaseType::List(inner), Json::Array(items)) => self.list(call, items, inner, shape, pos),
            (BaseType::List(_), _) => self.lie(call, pos, &format!("{} for {ty}", brief(answer))),
            (BaseType::Named(name), _) => match (self.added.kind(&CORE, name), answer) {
                (Some(TypeKind::Object(_)), Json::Object(members)) => {
                    self.members(call, name, members, shape)
                }
                (Some(TypeKind::Object(_)), _) => self.lie(call, pos, &format!("{} for {ty}", brief(answer))),
                _ => match scalars::leaf(self.added, name, answer) {
                    Some(value) => Ok(value),
                    None => self.lie(call, pos, &format!("{} for {ty}", brief(answer))),
                },
            },
        };
        or_null(outcome, ty)
    }

    fn list(
        &mut self,
        call: &Call,
        items: &[Json],
        inner: &Type,
        shape: &Shape,
        pos: Pos,
    ) -> Result<Value, Null> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.path.push(PathSegment::Index(index));
            let outcome = self.typed(call, item, inner, shape, pos);
            self.path.pop();
            list.push(outcome?);
        }
        Ok(Value::List(list))
    }

    fn members(
        &mut self,
        call: &Call,
        type_name: &Name,
        members: &serde_json::Map<String, Json>,
        shape: &Shape,
    ) -> Result<Value, Null> {
        let mut object = IndexMap::with_capacity(shape.fields.len());
        for Selected { key, pos, field, shape } in &shape.fields {
            let Some((name, ty)) = field else {
                object.insert(key.clone(), Value::String(type_name.to_string()));
                continue;
            };
            self.path.push(PathSegment::Field(key.to_string()));
            let outcome =
                self.typed(call, members.get(name.as_str()).unwrap_or(&Json::Null), ty, shape, *pos);
            self.path.pop();
            object.insert(key.clone(), outcome?);
        }
        Ok(Value::Object(object))
    }

    /// The plugin says something that is not of the declared type.
    fn lie<T>(&mut self, call: &Call, pos: Pos, what: &str) -> Result<T, Null> {
        let Call { plugin, field, .. } = call;
        self.fail(pos, format!("{plugin} gave an invalid answer at {field}: {what}"))
    }

    fn fail<T>(&mut self, pos: Pos, message: String) -> Result<T, Null> {
        if self.errors.len() < MAX_ERRORS {
            let mut error = failed(message, pos);
            error.path.clone_from(&self.path);
            self.errors.push(error);
        }
        Err(Null)
    }
}

/// A plugin did not answer, or not as it declared.
pub(super) fn failed(message: String, pos: Pos) -> ServerError {
    coded("PLUGIN_FAILED", message).into_server_error(pos)
}

fn or_null(outcome: Result<Value, Null>, ty: &Type) -> Result<Value, Null> {
    if outcome.is_err() && ty.nullable { Ok(Value::Null) } else { outcome }
}

/// The beginning of a value, for a sentence.
pub(super) fn brief(value: &Json) -> String {
    const LETTERS: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LETTERS {
        text
    } else {
        text.chars().take(LETTERS).chain("…".chars()).collect()
    }
}
