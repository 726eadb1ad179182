//! How `vectis.order_process` is examined.

mod graph;
mod questions;

use vectis_contracts::points::{
    OrderEffect, OrderFacts, OrderProcessPoint, OrderStep, OrderTransition, PointError,
};

use crate::adapters::OrderProcessAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERS: Promise =
    Promise("An order or a step the process does not want is `Step::Refuse`, never an error.");
pub(crate) const THERE: Promise = Promise("A step that is allowed leads to the state that was asked for.");
pub(crate) const ENDS: Promise =
    Promise("Nothing leads out of a final state, and something leads out of every other.");
pub(crate) const CONNECTED: Promise =
    Promise("Every state is an end of a transition, unless orders are placed in it.");
pub(crate) const NAMES: Promise = Promise("From one state, each name leads to one state.");
pub(crate) const CONSTANT: Promise =
    Promise("States and transitions are the same, in the same order, in every instance of a configuration.");
pub(crate) const SENSE: Promise = Promise(
    "The effects of a step do not undo each other: it does not reserve and release stock, nor hold and release credit.",
);
pub(crate) const UNSHIPPED: Promise =
    Promise("Stock that has been shipped is not released: goods come back by a return.");

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 8] =
    [ANSWERS, THERE, ENDS, CONNECTED, NAMES, CONSTANT, SENSE, UNSHIPPED];

pub(crate) struct OrderProcessExam;

/// A question: where an order starts, or whether it may go to a state.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) facts: OrderFacts,
    /// `None` for placing.
    pub(crate) to: Option<String>,
}

impl Exam for OrderProcessExam {
    type Adapter = OrderProcessAdapter;
    type Question = Question;
    type Answer = OrderStep;
    type Ground = Vec<OrderTransition>;

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = CONSTANT;

    fn ground(_: &Origin, adapter: &OrderProcessAdapter, _: &Words) -> Self::Ground {
        adapter.transitions().to_vec()
    }

    fn questions(transitions: &Self::Ground, words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
        questions::all(transitions, words, dice)
    }

    fn ask(adapter: &OrderProcessAdapter, question: &Question) -> Result<OrderStep, PointError> {
        match &question.to {
            None => adapter.place(&question.facts),
            Some(to) => adapter.step(&question.facts, to),
        }
    }

    fn short(question: &Question) -> String {
        questions::short(question)
    }

    fn judge(_: &Words, question: &Question, answer: &OrderStep) -> Result<(), Broken> {
        let OrderStep::Go { state, effects } = answer else { return Ok(()) };
        if let Some(to) = question.to.as_ref().filter(|to| *to != state) {
            return Err((THERE, format!("{state}, asked for {to}")));
        }
        let undone = [
            (OrderEffect::ReserveStock, OrderEffect::ReleaseStock),
            (OrderEffect::HoldCredit, OrderEffect::ReleaseCredit),
        ];
        if undone.iter().any(|(one, other)| effects.contains(one) && effects.contains(other)) {
            return Err((SENSE, format!("{effects:?}")));
        }
        if question.facts.is_fully_shipped && effects.contains(&OrderEffect::ReleaseStock) {
            return Err((UNSHIPPED, format!("{effects:?} of an order that is fully shipped")));
        }
        Ok(())
    }

    fn reordered(
        _: &OrderProcessAdapter,
        _: &Question,
        _: &mut Dice,
    ) -> Option<Result<OrderStep, PointError>> {
        None
    }

    fn batch(_: &Self::Ground, _: usize) -> Option<Question> {
        None
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        graph::put(sitting);
    }
}
