//! Tax strategies for tests: each has a stage and one answer to everything.

use std::sync::{Arc, Mutex};

use vectis_contracts::points::{
    ApprovalPoint, OrderProcessPoint, PointError, PricingPoint, Strategies, TaxAnswer, TaxPoint,
    TaxingQuestion,
};
use vectis_kernel::Ctx;
use vectis_kernel::ids::ChannelId;

type Answer = Result<TaxAnswer, PointError>;

#[derive(Default)]
pub(super) struct FakeStrategies(Mutex<Vec<Arc<FakeTax>>>);

pub(super) struct FakeTax {
    stage: u32,
    answer: Answer,
    asked: Mutex<Vec<TaxingQuestion>>,
}

impl FakeStrategies {
    /// Takes all strategies away.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// Adds a strategy behind those of its stage.
    pub(super) fn add(&self, stage: u32, answer: Answer) -> Arc<FakeTax> {
        let tax = Arc::new(FakeTax { stage, answer, asked: Mutex::default() });
        let mut all = self.0.lock().unwrap();
        all.push(tax.clone());
        all.sort_by_key(|tax| tax.stage);
        tax
    }
}

impl FakeTax {
    /// The only question so far.
    pub(super) fn asked(&self) -> TaxingQuestion {
        let asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

impl TaxPoint for FakeTax {
    fn name(&self) -> &str {
        "fake/main@1.0.0"
    }

    fn stage(&self) -> u32 {
        self.stage
    }

    fn tax(&self, question: &TaxingQuestion) -> Answer {
        self.asked.lock().unwrap().push(question.clone());
        self.answer.clone()
    }
}

impl Strategies for FakeStrategies {
    fn tax(&self, _: &Ctx, _: ChannelId) -> Result<Vec<Arc<dyn TaxPoint>>, PointError> {
        let all = self.0.lock().unwrap();
        if all.is_empty() {
            return Err(missing());
        }
        Ok(all.iter().map(|tax| tax.clone() as Arc<dyn TaxPoint>).collect())
    }

    fn pricing(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn PricingPoint>, PointError> {
        Err(missing())
    }

    fn order_process(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn OrderProcessPoint>, PointError> {
        Err(missing())
    }

    fn approval(&self, _: &Ctx, _: ChannelId) -> Result<Arc<dyn ApprovalPoint>, PointError> {
        Err(missing())
    }
}

pub(super) fn missing() -> PointError {
    PointError::Missing { point: "vectis.tax", channel: "trade".to_owned() }
}
