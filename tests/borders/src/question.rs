//! A cart of 1,000 lines with three tiers each: the question of `tests/bench/rows/plugin.rs`.

use vectis_plugin_api::Id;
use vectis_plugin_api::abi::pricing::PricingCall;
use vectis_plugin_api::pricing::{Candidate, Line, PriceLevel};

const LINES: u32 = 1_000;
/// Minimum quantities in thousandths and prices in millionths.
const TIERS: [(i64, i64); 3] = [(1_000, 180_000), (100_000, 162_000), (1_000_000, 135_000)];
const QUANTITY_MILLI: i64 = 150_000;

pub struct Question {
    skus: Vec<String>,
    candidates: Vec<Candidate>,
}

impl Question {
    pub fn new() -> Self {
        let tier = |(quantity, micros): (i64, i64)| {
            Candidate::new(PriceLevel::DEFAULT, micros).of_list(Id([7; 16]), 0).from_quantity(quantity)
        };
        let tiers = (0..LINES).flat_map(|_| TIERS);
        Self {
            skus: (1..=LINES).map(|number| format!("HEX-BOLT-{number:03}")).collect(),
            candidates: tiers.map(tier).collect(),
        }
    }

    pub fn call(&self) -> PricingCall<'_> {
        PricingCall { budget_ns: 1_000_000_000, ..PricingCall::new("EUR", Id::NIL, &self.candidates) }
    }

    pub fn lines(&self) -> Vec<Line<'_>> {
        let lines = (0..).step_by(TIERS.len()).zip(&self.skus);
        lines.map(|(first, sku)| Line::new(Id::NIL, sku, QUANTITY_MILLI).with_candidates(first, 3)).collect()
    }
}
