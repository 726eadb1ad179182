//! A pricing strategy for tests: the most specific level wins, then the higher priority, then the highest tier reached.

use std::sync::{Arc, Mutex};

use vectis_contracts::points::{
    ApprovalPoint, OrderProcessPoint, PointError, PricedAnswer, PricingPoint, PricingQuestion, Strategies,
    TaxPoint,
};
use vectis_kernel::Ctx;
use vectis_kernel::ids::ChannelId;

/// What the strategy does instead of pricing.
type Answers = Result<Vec<Option<PricedAnswer>>, PointError>;

#[derive(Default)]
pub(super) struct FakeStrategies(Arc<FakePricing>);

#[derive(Default)]
struct FakePricing {
    asked: Mutex<Vec<PricingQuestion>>,
    instead: Mutex<Option<Answers>>,
}

impl FakeStrategies {
    /// From now on the strategy gives this answer, whatever it is asked.
    pub(super) fn answer(&self, answers: Answers) {
        *self.0.instead.lock().unwrap() = Some(answers);
    }

    /// The questions so far.
    pub(super) fn asked(&self) -> Vec<PricingQuestion> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Strategies for FakeStrategies {
    fn pricing(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn PricingPoint>, PointError> {
        Ok(self.0.clone())
    }

    fn tax(&self, _: &Ctx, _: ChannelId) -> Result<Vec<Arc<dyn TaxPoint>>, PointError> {
        Err(missing())
    }

    fn order_process(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn OrderProcessPoint>, PointError> {
        Err(missing())
    }

    fn approval(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn ApprovalPoint>, PointError> {
        Err(missing())
    }
}

impl PricingPoint for FakePricing {
    fn name(&self) -> &str {
        "fake/main@1.0.0"
    }

    fn price(&self, question: &PricingQuestion) -> Answers {
        self.asked.lock().unwrap().push(question.clone());
        match self.instead.lock().unwrap().clone() {
            Some(answers) => answers,
            None => Ok(best(question)),
        }
    }
}

fn best(question: &PricingQuestion) -> Vec<Option<PricedAnswer>> {
    let best = question.lines.iter().map(|line| {
        let reached = line
            .candidates
            .clone()
            .filter(|index| question.candidates.get(*index).unwrap().min_quantity <= line.quantity)
            .min_by_key(|index| {
                let candidate = question.candidates.get(*index).unwrap();
                (candidate.level, -candidate.priority, -candidate.min_quantity.milli())
            });
        reached.map(|index| PricedAnswer {
            unit_price: question.candidates.get(index).unwrap().unit_price,
            candidate: Some(index),
        })
    });
    best.collect()
}

pub(super) fn missing() -> PointError {
    PointError::Missing { point: "vectis.pricing", channel: "trade".to_owned() }
}
