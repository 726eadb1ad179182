//! How `vectis.observer` is examined.

mod questions;

use std::time::Duration;

use vectis_contracts::points::PointError;
use vectis_contracts::ports::event_observers::Observed;

use crate::adapters::{ObserverAdapter, ObserverQuestion};
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting, difference, must, why};
use crate::conformance::promise::{DEADLINE, PRIVATE_LOGS, Promise};
use crate::conformance::run::Found;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERED: Promise = Promise(
    "Every event of the batch gets an answer, in the order of the batch, and one that is not taken says why.",
);
pub(crate) const HELD_BACK: Promise =
    Promise("No event is taken behind one of the same aggregate that is to be tried again.");
pub(crate) const OTHERS: Promise = Promise(
    "An event of a type or with data that the observer does not know is no reason to fail the others.",
);

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 3] = [ANSWERED, HELD_BACK, OTHERS];

/// Most events of a call.
const MOST: usize = 100;

pub(crate) struct ObserverExam;

impl Exam for ObserverExam {
    type Adapter = ObserverAdapter;
    type Question = ObserverQuestion;
    type Answer = Vec<Observed>;
    type Ground = ();

    const ANSWERS: Promise = ANSWERED;
    const ORDER: Promise = ANSWERED;

    fn ground(_: &Origin, _: &ObserverAdapter, _: &Words) {}

    fn questions((): &(), words: &Words, dice: &mut Dice) -> Vec<Asked<ObserverQuestion>> {
        questions::all(words, dice)
    }

    fn ask(adapter: &ObserverAdapter, question: &ObserverQuestion) -> Result<Vec<Observed>, PointError> {
        adapter.ask(question)
    }

    fn short(question: &ObserverQuestion) -> String {
        let types: Vec<_> = question.events.iter().take(5).map(|event| event.event_type.as_str()).collect();
        format!("{} events: {}", question.events.len(), types.join(", "))
    }

    /// The host has refused whatever breaks a rule by itself.
    fn judge(_: &Words, question: &ObserverQuestion, answer: &Vec<Observed>) -> Result<(), Broken> {
        if answer.len() != question.events.len() {
            return Err((ANSWERED, format!("{} answers", answer.len())));
        }
        Ok(())
    }

    /// Events of other aggregates have no order among them.
    fn reordered(
        adapter: &ObserverAdapter,
        question: &ObserverQuestion,
        dice: &mut Dice,
    ) -> Option<Result<Vec<Observed>, PointError>> {
        if !questions::are_apart(&question.events) {
            return None;
        }
        let order = dice.order(question.events.len());
        let events = order.iter().map(|at| question.events[*at].clone()).collect();
        let answer = adapter.ask(&ObserverQuestion { events, ..question.clone() });
        Some(answer.map(|outcomes| {
            let mut back: Vec<_> = order.into_iter().zip(outcomes).collect();
            back.sort_by_key(|(at, _)| *at);
            back.into_iter().map(|(_, outcome)| outcome).collect()
        }))
    }

    fn batch((): &(), lines: usize) -> Option<ObserverQuestion> {
        (lines <= MOST).then(|| questions::of(questions::apart(lines)))
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        beside_strangers(sitting);
        behind_another(sitting);
        without_time(sitting);
        private_logs(sitting);
    }
}

/// What becomes of an event by itself is what becomes of it beside one that nobody knows.
fn beside_strangers(sitting: &Sitting<'_, ObserverExam>) {
    for (name, stranger) in questions::strangers() {
        let known = questions::apart(2);
        let both = questions::of(vec![known[0].clone(), stranger, known[1].clone()]);
        sitting.case(format!("{name} between two that are known"), OTHERS, &both, || {
            let alone = known.iter().map(|event| sitting.answer(&questions::of(vec![event.clone()])));
            let alone: Vec<_> = alone.collect::<Result<Vec<_>, _>>()?.concat();
            let together = sitting.answer(&both)?;
            let beside = vec![together[0].clone(), together[2].clone()];
            must(alone == beside, || difference(&alone, &beside))
        });
    }
}

/// The host refuses an answer that lets one overtake another, so an answer is a good one.
fn behind_another(sitting: &Sitting<'_, ObserverExam>) {
    for first in 0..20 {
        let question = questions::of(questions::of_one_order(first));
        let name = format!("three events of one order, the first with number {first}");
        sitting.case(name, HELD_BACK, &question, || sitting.answer(&question).map(drop));
    }
}

/// Whatever there is no time for is to be tried again; the rest is as ever.
fn without_time(sitting: &Sitting<'_, ObserverExam>) {
    let question = questions::of(questions::apart(MOST));
    for (name, budget) in [("a nanosecond", 1), ("a hundred microseconds", 100_000)] {
        sitting.case(format!("{MOST} events with {name} of time"), DEADLINE, &question, || {
            let unhurried = sitting.answer(&question)?;
            let within = sitting.subject.within(Duration::from_nanos(budget))?;
            match ObserverExam::ask(&within, &question) {
                Ok(outcomes) => in_part(&unhurried, &outcomes),
                Err(PointError::Failed { retryable: true, .. }) => Ok(()),
                Err(error) => Err(format!("an error that is not retryable: {}", why(&error))),
            }
        });
    }
}

fn in_part(unhurried: &[Observed], outcomes: &[Observed]) -> Found {
    let wrong = unhurried
        .iter()
        .zip(outcomes)
        .find(|(with_time, outcome)| with_time != outcome && !matches!(outcome, Observed::Retry(_)));
    wrong.map_or(Ok(()), |(with_time, outcome)| Err(difference(with_time, outcome)))
}

fn private_logs(sitting: &Sitting<'_, ObserverExam>) {
    let question = questions::of(vec![questions::private()]);
    sitting.case("an event that holds a person's data", PRIVATE_LOGS, &question, || {
        let (_, lines) = sitting.subject.logged(|| sitting.ask(&question));
        let told = lines.into_iter().find(|line| questions::PRIVATE.iter().any(|word| line.contains(word)));
        told.map_or(Ok(()), Err)
    });
}
