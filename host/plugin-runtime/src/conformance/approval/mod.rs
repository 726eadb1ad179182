//! How `vectis.approval` is examined.

mod deciding;
mod questions;

use vectis_contracts::points::{ApprovalFacts, ApprovalPoint, ApprovalStep, DecisionFacts, PointError};

use crate::adapters::ApprovalAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERS: Promise =
    Promise("A cart is planned, whatever is in it; an error is for a cart that could never be approved.");
pub(crate) const ORDER: Promise =
    Promise("The steps come in the order in which they are decided, the same every time.");
pub(crate) const DISTINCT: Promise =
    Promise("No two steps of a plan are alike: who approves one has not approved the other.");
pub(crate) const NOT_OWN: Promise =
    Promise("Nobody decides about the own order: who submitted a cart is objected to.");
pub(crate) const NOT_TWICE: Promise =
    Promise("Nobody approves a step twice: who has approved it is objected to.");
pub(crate) const REACHABLE: Promise = Promise(
    "A plan can be carried out by others than who submitted: each step's approvers can reach its quorum.",
);

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 6] = [ANSWERS, ORDER, DISTINCT, NOT_OWN, NOT_TWICE, REACHABLE];

pub(crate) struct ApprovalExam;

/// A question: which steps a cart needs, or whether somebody may decide one.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Plan(ApprovalFacts),
    Decide(DecisionFacts),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Steps(Vec<ApprovalStep>),
    Objection(Option<String>),
}

impl Exam for ApprovalExam {
    type Adapter = ApprovalAdapter;
    type Question = Question;
    type Answer = Answer;
    type Ground = ();

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = ORDER;

    fn ground(_: &Origin, _: &ApprovalAdapter, _: &Words) {}

    fn questions((): &(), words: &Words, dice: &mut Dice) -> Vec<Asked<Question>> {
        questions::all(words, dice)
    }

    fn ask(adapter: &ApprovalAdapter, question: &Question) -> Result<Answer, PointError> {
        match question {
            Question::Plan(facts) => adapter.plan(facts).map(Answer::Steps),
            Question::Decide(facts) => adapter.may_decide(facts).map(Answer::Objection),
        }
    }

    fn short(question: &Question) -> String {
        questions::short(question)
    }

    fn judge(_: &Words, question: &Question, answer: &Answer) -> Result<(), Broken> {
        match (question, answer) {
            (Question::Plan(facts), Answer::Steps(steps)) => deciding::judge_plan(facts, steps),
            (Question::Decide(facts), Answer::Objection(None)) => deciding::judge_consent(facts),
            _ => Ok(()),
        }
    }

    fn reordered(_: &ApprovalAdapter, _: &Question, _: &mut Dice) -> Option<Result<Answer, PointError>> {
        None
    }

    fn batch((): &(), _: usize) -> Option<Question> {
        None
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        deciding::put(sitting);
    }
}
