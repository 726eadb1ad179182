//! How `vectis.pricing` is examined.

mod applying;
mod cart;
mod questions;

use vectis_contracts::points::{PointError, PriceCandidate, PricedAnswer, PricingPoint, PricingQuestion};

use self::cart::{Cart, rearranged, tier};
use crate::adapters::PricingAdapter;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::{Asked, Broken, Exam, Sitting};
use crate::conformance::promise::Promise;
use crate::conformance::subject::Origin;

pub(crate) const ANSWERS: Promise = Promise(
    "A line that has no price is `NO_PRICE`, never an error: an error is for a plugin that cannot work.",
);
pub(crate) const ORDER: Promise =
    Promise("The order of the lines, and of a line's candidates, means nothing.");
pub(crate) const NO_GUESS: Promise = Promise(
    "A price comes from a candidate that applies to the line, or from what the configuration says about the SKU or variant; a \
     line with neither has no price.",
);
pub(crate) const APPLIES: Promise = Promise(
    "A price never comes from a candidate that is not in force, nor from one whose minimum is above the quantity of all lines \
     together.",
);
pub(crate) const INCLUSIVE: Promise = Promise(
    "A candidate applies from its minimum on and from `valid_from_ms` on, both inclusive, and no longer at `valid_to_ms`.",
);

#[cfg(test)]
pub(crate) const PROMISES: [Promise; 5] = [ANSWERS, ORDER, NO_GUESS, APPLIES, INCLUSIVE];

pub(crate) struct PricingExam;

impl Exam for PricingExam {
    type Adapter = PricingAdapter;
    type Question = PricingQuestion;
    type Answer = Vec<Option<PricedAnswer>>;
    type Ground = ();

    const ANSWERS: Promise = ANSWERS;
    const ORDER: Promise = ORDER;

    fn ground(_: &Origin, _: &PricingAdapter, _: &Words) {}

    fn questions((): &(), words: &Words, dice: &mut Dice) -> Vec<Asked<PricingQuestion>> {
        questions::all(words, dice)
    }

    fn ask(adapter: &PricingAdapter, question: &PricingQuestion) -> Result<Self::Answer, PointError> {
        adapter.price(question)
    }

    fn short(question: &PricingQuestion) -> String {
        cart::short(question)
    }

    fn judge(words: &Words, question: &PricingQuestion, answer: &Self::Answer) -> Result<(), Broken> {
        let together = together(question);
        for (index, (line, priced)) in question.lines.iter().zip(answer).enumerate() {
            let Some(priced) = priced else { continue };
            let micros = priced.unit_price.micros;
            if let Some(candidate) = priced.candidate.and_then(|named| question.candidates.get(named))
                && !applies(&candidate, question, together)
            {
                let found = format!("line {index} costs {micros} millionths from {}", cart::of(&candidate));
                return Err((APPLIES, found));
            }
            let mut own = question.candidates.range(line.candidates.clone());
            let is_known = words.texts.contains(&line.sku);
            if !is_known && !own.any(|candidate| applies(&candidate, question, together)) {
                let found = format!("line {index} costs {micros} millionths, and no candidate of it applies");
                return Err((NO_GUESS, found));
            }
        }
        Ok(())
    }

    fn reordered(
        adapter: &PricingAdapter,
        question: &PricingQuestion,
        dice: &mut Dice,
    ) -> Option<Result<Self::Answer, PointError>> {
        let order = dice.order(question.lines.len());
        let other = rearranged(question, &order, dice);
        Some(adapter.price(&other).map(|answer| {
            let mut back = vec![None; order.len()];
            for (position, priced) in order.into_iter().zip(answer) {
                back[position] = priced;
            }
            back
        }))
    }

    /// Which of two equal candidates is named may depend on the order; what is paid may not.
    fn is_same(one: &Self::Answer, other: &Self::Answer) -> bool {
        let paid = |priced: &Option<PricedAnswer>| priced.map(|priced| priced.unit_price.micros);
        one.iter().map(paid).eq(other.iter().map(paid))
    }

    fn batch((): &(), lines: usize) -> Option<PricingQuestion> {
        let mut cart = Cart::new();
        for (index, step) in (0..lines).zip((0..50).cycle()) {
            let tiers = [(1, 9_000_000), (10, 8_000_000), (40, 7_000_000 + step * 10_000)];
            let candidates = tiers.map(|(from, micros)| tier(micros, from * 1_000));
            cart.line(&format!("KIT-{index}"), 1_000 + step * 1_000, &candidates);
        }
        Some(cart.question)
    }

    fn own_cases(sitting: &Sitting<'_, Self>) {
        applying::put(sitting);
    }
}

/// The quantity of all lines, wide enough for any.
fn together(question: &PricingQuestion) -> i128 {
    question.lines.iter().map(|line| i128::from(line.quantity.milli())).sum()
}

fn applies(candidate: &PriceCandidate, question: &PricingQuestion, together: i128) -> bool {
    let from = candidate.valid_from.is_none_or(|from| from <= question.at);
    let to = candidate.valid_to.is_none_or(|to| question.at < to);
    from && to && i128::from(candidate.min_quantity.milli()) <= together
}
