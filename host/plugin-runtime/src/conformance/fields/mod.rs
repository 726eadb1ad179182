//! How `vectis.fields` is examined.

mod asking;
mod questions;

use std::sync::Arc;

use serde_json::{Map, Value};
use vectis_contracts::plugin_fields::{DeclaredField, FieldKind, FieldParent, FieldQuestion};
use vectis_contracts::points::PointError;

use crate::adapters::FieldsAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERS: Promise =
    Promise("Every declared field is answered; what a caller can mend stands in the answer.");
pub(crate) const TYPED: Promise = Promise("An answer is of the declared type, whatever was asked for.");
pub(crate) const ORDER: Promise =
    Promise("A field has a value for each parent, in the order of the parents.");
pub(crate) const ALONE: Promise =
    Promise("The value for a parent does not depend on who else is in the call.");
pub(crate) const UNKNOWN: Promise = Promise("A field that is not declared is answered with an error.");

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 5] = [ANSWERS, TYPED, ORDER, ALONE, UNKNOWN];

pub(crate) struct FieldsExam;

/// What the plugin declares.
pub(crate) type Declared = Vec<Arc<DeclaredField>>;

/// One call.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) field: Arc<DeclaredField>,
    pub(crate) parents: Vec<FieldParent>,
    pub(crate) arguments: Map<String, Value>,
}

impl Exam for FieldsExam {
    type Adapter = FieldsAdapter;
    type Question = Question;
    type Answer = Vec<Value>;
    type Ground = Declared;

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = ORDER;

    fn ground(origin: &Origin, _: &FieldsAdapter, words: &Words) -> Declared {
        let declared = origin.library.added.as_ref().map(|added| (origin.declared)(added, &words.texts));
        // A plugin whose definitions cannot be read was refused when it was loaded.
        declared.and_then(Result::ok).unwrap_or_default().into_iter().map(Arc::new).collect()
    }

    fn questions(declared: &Declared, _: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
        questions::all(declared, dice)
    }

    fn ask(adapter: &FieldsAdapter, question: &Question) -> Result<Vec<Value>, PointError> {
        asking::ask(adapter, question)
    }

    fn short(question: &Question) -> String {
        questions::short(question)
    }

    fn judge(_: &Words, question: &Question, answers: &Vec<Value>) -> Result<(), Broken> {
        answers.iter().try_for_each(|answer| (question.field.check)(answer)).map_err(|what| (TYPED, what))
    }

    fn is_repeatable(question: &Question) -> bool {
        question.field.kind != FieldKind::Mutation
    }

    fn reordered(
        adapter: &FieldsAdapter,
        question: &Question,
        dice: &mut Dice,
    ) -> Option<Result<Vec<Value>, PointError>> {
        if question.parents.len() < 2 {
            return None;
        }
        let order = dice.order(question.parents.len());
        let parents = order.iter().map(|position| question.parents[*position].clone()).collect();
        let answers = asking::ask(adapter, &Question { parents, ..question.clone() });
        Some(answers.map(|answers| {
            let mut first = vec![Value::Null; answers.len()];
            for (position, answer) in order.into_iter().zip(answers) {
                first[position] = answer;
            }
            first
        }))
    }

    fn batch(declared: &Declared, lines: usize) -> Option<Question> {
        questions::batch(declared, lines)
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        asking::put(sitting);
    }
}

impl Question {
    fn wire(&self) -> FieldQuestion {
        FieldQuestion {
            plugin: String::new(),
            kind: self.field.kind,
            field: self.field.name.clone(),
            parents: self.parents.clone(),
            arguments: self.arguments.clone(),
        }
    }
}
