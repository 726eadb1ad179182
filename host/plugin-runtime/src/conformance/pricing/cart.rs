//! Questions for prices, put together line by line.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;
use vectis_contracts::points::{PriceCandidate, PriceLevel, PricingLine, PricingQuestion};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::{AccountId, ChannelId, LocationId, PriceListId, VariantId};
use vectis_kernel::{Currency, Quantity, UnitPrice};

use crate::conformance::dice::Dice;

/// The instant questions are asked at: 2026-01-15 12:00 UTC.
pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_768_478_400_000).unwrap_or_default()
}

/// The present and so many milliseconds.
pub(super) fn in_ms(ms: i64) -> Option<DateTime<Utc>> {
    Some(now() + TimeDelta::milliseconds(ms))
}

/// A batch under construction.
#[derive(Clone)]
pub(super) struct Cart {
    pub(super) question: PricingQuestion,
}

impl Cart {
    /// Of a company, in euro.
    pub(super) fn new() -> Self {
        let question = PricingQuestion {
            channel_id: ChannelId(Uuid::from_u128(1)),
            account_id: Some(AccountId(Uuid::from_u128(2))),
            location_id: Some(LocationId(Uuid::from_u128(3))),
            currency: Currency::EUR,
            at: now(),
            lines: Vec::new(),
            candidates: PriceCandidates::new(Currency::EUR),
        };
        Self { question }
    }

    pub(super) fn line(&mut self, sku: &str, quantity_milli: i64, candidates: &[PriceCandidate]) {
        let first = self.question.candidates.len();
        candidates.iter().for_each(|candidate| self.question.candidates.push(candidate));
        // A variant nobody has seen; the same SKU is the same variant.
        let variant = sku.bytes().fold(77_u128, |sum, byte| sum.wrapping_mul(257).wrapping_add(byte.into()));
        self.question.lines.push(PricingLine {
            variant_id: VariantId(Uuid::from_u128(variant)),
            sku: sku.to_owned(),
            quantity: Quantity::from_milli(quantity_milli),
            candidates: first..self.question.candidates.len(),
        });
    }

    pub(super) fn with(mut self, sku: &str, quantity_milli: i64, candidates: &[PriceCandidate]) -> Self {
        self.line(sku, quantity_milli, candidates);
        self
    }

    pub(super) fn in_currency(mut self, code: &str) -> Self {
        self.question.currency = code.parse().unwrap_or(Currency::EUR);
        self.question.candidates =
            PriceCandidates::of(self.question.currency, self.question.candidates.iter());
        self
    }
}

/// One line.
pub(super) fn one(quantity_milli: i64, candidates: &[PriceCandidate]) -> PricingQuestion {
    Cart::new().with("KIT-ONE", quantity_milli, candidates).question
}

/// A price of the channel's list, from the first unit on, for ever.
pub(super) fn price(micros: i64) -> PriceCandidate {
    PriceCandidate {
        level: PriceLevel::Default,
        price_list_id: Some(PriceListId(Uuid::from_u128(10))),
        priority: 0,
        min_quantity: Quantity::from_milli(0),
        unit_price: UnitPrice::from_micros(micros, Currency::EUR),
        converted: false,
        valid_from: None,
        valid_to: None,
    }
}

/// A price of the same list from a quantity on.
pub(super) fn tier(micros: i64, min_milli: i64) -> PriceCandidate {
    PriceCandidate { min_quantity: Quantity::from_milli(min_milli), ..price(micros) }
}

/// A price of another level, and so of another list.
pub(super) fn at(level: PriceLevel, micros: i64) -> PriceCandidate {
    let list = (level != PriceLevel::Managed).then(|| PriceListId(Uuid::from_u128(20 + level as u128)));
    PriceCandidate { level, price_list_id: list, ..price(micros) }
}

pub(super) const LEVELS: [PriceLevel; 5] =
    [PriceLevel::Managed, PriceLevel::Location, PriceLevel::Account, PriceLevel::Group, PriceLevel::Default];

/// The same lines, each with the same candidates, all in another order.
pub(super) fn rearranged(question: &PricingQuestion, order: &[usize], dice: &mut Dice) -> PricingQuestion {
    let candidates = PriceCandidates::new(question.currency);
    let mut other = PricingQuestion { lines: Vec::new(), candidates, ..question.clone() };
    for position in order {
        let line = &question.lines[*position];
        let own: Vec<_> = question.candidates.range(line.candidates.clone()).collect();
        let first = other.candidates.len();
        dice.order(own.len()).into_iter().for_each(|index| other.candidates.push(&own[index]));
        other.lines.push(PricingLine { candidates: first..other.candidates.len(), ..line.clone() });
    }
    other
}

/// A candidate in few words.
pub(super) fn of(candidate: &PriceCandidate) -> String {
    let PriceCandidate { level, min_quantity, unit_price, valid_from, valid_to, .. } = candidate;
    let mut text = format!("{level:?} {} from {min_quantity}", unit_price.micros);
    for (word, instant) in [("since", valid_from), ("until", valid_to)] {
        if let Some(instant) = instant {
            let _ = write!(text, " {word} {}", instant.timestamp_millis());
        }
    }
    text
}

/// A question in few words.
pub(super) fn short(question: &PricingQuestion) -> String {
    let count = question.lines.len();
    let mut text = format!("{count} lines in {} at {}", question.currency, question.at.timestamp_millis());
    for line in question.lines.iter().take(3) {
        let own: Vec<_> = question.candidates.range(line.candidates.clone()).collect();
        let sku: String = line.sku.chars().take(20).collect();
        let _ = write!(
            text,
            "; {} of {sku:?} for [{}",
            line.quantity,
            own.iter().take(4).map(of).collect::<Vec<_>>().join(", ")
        );
        text.push_str(if own.len() > 4 { ", …]" } else { "]" });
    }
    if count > 3 {
        text.push_str("; …");
    }
    text
}
