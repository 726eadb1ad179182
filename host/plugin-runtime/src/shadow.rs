//! The last real questions of each entry point, when they are to be remembered, and putting them to a new version beside
//! the one that answers now. Nothing of it reaches a caller.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use vectis_contracts::points::{
    ApprovalFacts, ApprovalPoint, DecisionFacts, OrderFacts, OrderProcessPoint, PointError, PricingPoint,
    PricingQuestion, TaxPoint, TaxingQuestion,
};

use crate::adapters::{Adapter, ApprovalAdapter, OrderProcessAdapter, PricingAdapter, TaxAdapter};
use crate::lifecycle::Recipe;
use crate::point::Point;
use crate::refusal::Fault;

/// Most differences that are told of.
const MOST_TOLD: usize = 10;

/// Something that was asked.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Price(PricingQuestion),
    Tax(TaxingQuestion),
    Place(OrderFacts),
    Step(OrderFacts, String),
    Plan(ApprovalFacts),
    Decide(DecisionFacts),
}

/// The last questions of an entry point, with the channel each was asked in.
pub(crate) struct Recorder {
    most: usize,
    asked: Mutex<VecDeque<(String, Arc<Question>)>>,
}

impl Recorder {
    /// Remembers at most so many; none for 0.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, asked: Mutex::default() }
    }

    /// Remembers a question, if any are; only then it is made.
    pub(crate) fn remember(&self, channel: &str, question: impl FnOnce() -> Question) {
        if self.most == 0 {
            return;
        }
        let question = Arc::new(question());
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        while asked.len() >= self.most {
            asked.pop_front();
        }
        asked.push_back((channel.to_owned(), question));
    }

    /// What was asked in a channel, oldest first.
    pub(crate) fn asked_in(&self, channel: &str) -> Vec<Arc<Question>> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|(at, _)| at == channel).map(|(_, question)| question.clone()).collect()
    }
}

/// What two versions answer differently, a sentence each. Both are started only for this.
pub(crate) fn differences(
    point: Point,
    (old, new): (Recipe, Recipe),
    questions: &[Arc<Question>],
) -> Result<Vec<String>, Fault> {
    match point {
        Point::Pricing => {
            compare::<PricingAdapter>(old, new, questions, |adapter, question| match question {
                Question::Price(asked) => prices(adapter, asked),
                _ => Vec::new(),
            })
        }
        Point::Tax => compare::<TaxAdapter>(old, new, questions, |adapter, question| match question {
            Question::Tax(asked) => taxes(adapter, asked),
            _ => Vec::new(),
        }),
        Point::OrderProcess => {
            compare::<OrderProcessAdapter>(old, new, questions, |adapter, question| match question {
                Question::Place(facts) => vec![told("a new order", adapter.place(facts))],
                Question::Step(facts, to) => {
                    vec![told(&format!("from {} to {to}", facts.state), adapter.step(facts, to))]
                }
                _ => Vec::new(),
            })
        }
        // What a plugin adds to the API is its own, and may change with it; a rate comes from a carrier, who is not asked for
        // a trial; a task does its work; and an event is not passed on a second time.
        Point::Fields | Point::ShippingRate | Point::Task | Point::Observer => Ok(Vec::new()),
        Point::Approval => {
            compare::<ApprovalAdapter>(old, new, questions, |adapter, question| match question {
                Question::Plan(facts) => vec![told(&facts.grand_total.to_string(), adapter.plan(facts))],
                Question::Decide(facts) => {
                    vec![told(&format!("step {}", facts.step.name), adapter.may_decide(facts))]
                }
                _ => Vec::new(),
            })
        }
    }
}

fn compare<A: Adapter>(
    old: Recipe,
    new: Recipe,
    questions: &[Arc<Question>],
    ask: impl Fn(&A, &Question) -> Vec<String>,
) -> Result<Vec<String>, Fault> {
    // The version that runs may refuse to be started again; then there is nothing to compare with.
    let Ok(old) = A::start(old) else { return Ok(Vec::new()) };
    let new = A::start(new)?;
    let mut found = Vec::new();
    for question in questions {
        let (before, after) = (ask(&old, question), ask(&new, question));
        let pairs = before.iter().zip(&after).filter(|(before, after)| before != after);
        for (before, after) in pairs {
            let difference = format!("{before} becomes {after}");
            // The same question may have been asked many times.
            if !found.contains(&difference) {
                found.push(difference);
            }
        }
        if before.len() != after.len() {
            found.push(format!("{} becomes {}", before.join(", "), after.join(", ")));
        }
        if found.len() >= MOST_TOLD {
            found.truncate(MOST_TOLD);
            break;
        }
    }
    Ok(found)
}

/// One text per line of the question.
fn prices(pricing: &PricingAdapter, question: &PricingQuestion) -> Vec<String> {
    match pricing.price(question) {
        Err(error) => vec![failed(&error)],
        Ok(answers) => {
            let line = |(line, answer): (&vectis_contracts::points::PricingLine, &Option<_>)| match answer {
                Some(priced) => told_price(&line.sku, &line.quantity, priced),
                None => format!("{} × {}: no price", line.quantity, line.sku),
            };
            question.lines.iter().zip(&answers).map(line).collect()
        }
    }
}

fn told_price(
    sku: &str,
    quantity: &vectis_kernel::Quantity,
    priced: &vectis_contracts::points::PricedAnswer,
) -> String {
    let price = priced.unit_price;
    format!("{quantity} × {sku}: {} {}", price.to_decimal(), price.currency)
}

fn taxes(tax: &TaxAdapter, question: &TaxingQuestion) -> Vec<String> {
    match tax.tax(question) {
        Err(error) => vec![failed(&error)],
        Ok(answer) => {
            let amount = |amount: &vectis_contracts::points::TaxAmount| {
                let name = answer.kinds.get(amount.kind).map_or("", |kind| &kind.name);
                format!("line {}: {} {name}", amount.line, amount.amount)
            };
            answer.amounts.iter().map(amount).collect()
        }
    }
}

fn told<T: Debug>(what: &str, answer: Result<T, PointError>) -> String {
    match answer {
        Ok(answer) => format!("{what}: {answer:?}"),
        Err(error) => format!("{what}: {}", failed(&error)),
    }
}

/// Without the version, in which the two always differ.
fn failed(error: &PointError) -> String {
    match error {
        PointError::Failed { message, .. } => format!("an error ({message})"),
        PointError::InvalidAnswer { what, .. } => format!("an invalid answer ({what})"),
        other => other.to_string(),
    }
}
