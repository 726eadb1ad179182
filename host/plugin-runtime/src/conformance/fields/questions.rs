//! The calls of a request: parents with the facts a field needs, arguments of the declared types.

use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;
use vectis_contracts::plugin_fields::{DeclaredField, FieldKind, FieldParent};

use super::{Declared, Question};
use crate::conformance::dice::Dice;
use crate::conformance::exam::Asked;

const RANDOM: usize = 40;
/// Letters of a question that are shown.
const MOST_SHOWN: usize = 160;

/// By hand and by dice; mutations last, so that what they change changes no answer before.
pub(super) fn all(declared: &Declared, dice: &mut Dice) -> Vec<Asked<Question>> {
    let mut questions = Vec::new();
    for field in declared {
        by_hand(field, &mut questions);
    }
    let reads: Vec<_> = declared.iter().filter(|field| field.kind != FieldKind::Mutation).collect();
    if !reads.is_empty() {
        let random = (0..RANDOM).map(|number| {
            let question = by_dice(reads[dice.below(reads.len())], dice);
            Asked::extreme(format!("random call {}", number + 1), question)
        });
        questions.extend(random);
    }
    questions.sort_by_key(|asked| asked.question.field.kind == FieldKind::Mutation);
    questions
}

fn by_hand(field: &Arc<DeclaredField>, questions: &mut Vec<Asked<Question>>) {
    let with = |count: usize, arguments: &Map<String, Value>| Question {
        field: field.clone(),
        parents: (0..count).map(|number| parent(field, number, 0)).collect(),
        arguments: arguments.clone(),
    };
    let (name, is_field) = (&field.name, field.kind == FieldKind::Field);
    let plain = field.arguments.first().cloned().unwrap_or_default();
    let counts: &[usize] = if is_field { &[1, 2, 10, 100] } else { &[0] };
    for count in counts {
        let of = if is_field { format!(" of {count} parents") } else { String::new() };
        questions.push(Asked::ordinary(format!("{name}{of}"), with(*count, &plain)));
    }
    for (number, arguments) in field.arguments.iter().enumerate().skip(1) {
        let question = with(if is_field { 3 } else { 0 }, arguments);
        questions.push(Asked::extreme(format!("{name} with arguments {}", number + 1), question));
    }
    if is_field {
        let most = field.needs.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
        for number in 1..most {
            let question = Question { parents: vec![parent(field, 0, number)], ..with(1, &plain) };
            questions.push(Asked::ordinary(format!("{name} with facts {}", number + 1), question));
        }
    }
}

fn by_dice(field: &Arc<DeclaredField>, dice: &mut Dice) -> Question {
    let count = if field.kind == FieldKind::Field { 1 + dice.below(20) } else { 0 };
    Question {
        field: field.clone(),
        parents: (0..count).map(|number| parent(field, number, dice.below(1_000))).collect(),
        arguments: if field.arguments.is_empty() { Map::new() } else { dice.pick(&field.arguments) },
    }
}

/// A parent with the facts the field needs, each the value at this place of those that it may have.
fn parent(field: &DeclaredField, number: usize, fact: usize) -> FieldParent {
    let facts = field.needs.iter().map(|(name, values)| {
        let value = values.get(fact % values.len().max(1)).cloned().unwrap_or_default();
        (name.clone(), value)
    });
    FieldParent { id: Uuid::from_u128(0xF1E1_0000 + number as u128), facts: facts.collect() }
}

/// So many parents of the first field there is, their facts mixed.
pub(super) fn batch(declared: &Declared, lines: usize) -> Option<Question> {
    let field = declared.iter().find(|field| field.kind == FieldKind::Field)?;
    Some(mixed(field, lines))
}

/// Parents that differ in all that they may differ in.
pub(super) fn mixed(field: &Arc<DeclaredField>, count: usize) -> Question {
    Question {
        field: field.clone(),
        parents: (0..count).map(|number| parent(field, number, number)).collect(),
        arguments: field.arguments.first().cloned().unwrap_or_default(),
    }
}

pub(super) fn short(question: &Question) -> String {
    let Question { field, parents, arguments } = question;
    let arguments = Value::Object(arguments.clone()).to_string();
    let facts = parents.first().map(|parent| Value::Object(parent.facts.clone()).to_string());
    let parents = facts.map(|facts| format!(" of {} parents, the first {facts}", parents.len()));
    let text = format!("{}{} {arguments}", field.name, parents.unwrap_or_default());
    text.chars().take(MOST_SHOWN).collect()
}
