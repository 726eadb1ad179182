//! Candidates that do not apply: whatever they say, the price is that without them. And candidates that only just apply.

use vectis_contracts::points::{PriceCandidate, PriceLevel, PricingQuestion};

use super::cart::{at, in_ms, of, one, price, tier};
use super::{APPLIES, INCLUSIVE, ORDER, PricingExam};
use crate::conformance::dice::Dice;
use crate::conformance::exam::{Sitting, difference, must};

const QUANTITY: i64 = 10_000;

pub(super) fn put(sitting: &Sitting<'_, PricingExam>) {
    let valid = |from: Option<i64>, to: Option<i64>, candidate: PriceCandidate| PriceCandidate {
        valid_from: from.and_then(in_ms),
        valid_to: to.and_then(in_ms),
        ..candidate
    };
    for (how, micros) in [("cheaper", 1_000_000), ("dearer", 9_000_000)] {
        for (whose, candidate) in
            [("the same list", price(micros)), ("a managed price", at(PriceLevel::Managed, micros))]
        {
            let outside = [
                ("expired", valid(Some(-9_000), Some(-1), candidate.clone())),
                ("just ended", valid(None, Some(0), candidate.clone())),
                ("not yet in force", valid(Some(1), None, candidate.clone())),
                (
                    "above the quantity",
                    PriceCandidate { min_quantity: tier(0, QUANTITY + 1).min_quantity, ..candidate },
                ),
            ];
            for (what, outsider) in outside {
                let name = format!("beside a {how} one of {whose} that is {what}");
                changes_nothing(sitting, &name, &outsider);
            }
        }
    }
    on_the_edge(
        sitting,
        "at its minimum as a thousandth above",
        &one(QUANTITY, &[tier(5, QUANTITY)]),
        &one(QUANTITY + 1, &[tier(5, QUANTITY)]),
    );
    let beginning = [valid(Some(0), None, price(5_000_000))];
    let begun = [valid(Some(-1), None, price(5_000_000))];
    on_the_edge(
        sitting,
        "in its first millisecond as in the second",
        &one(QUANTITY, &beginning),
        &one(QUANTITY, &begun),
    );
    let last = [valid(None, Some(1), price(5_000_000))];
    on_the_edge(sitting, "in its last millisecond as before", &one(QUANTITY, &last), &one(QUANTITY, &begun));
    candidates_in_any_order(sitting);
}

/// One line with a good price costs the same beside a candidate that does not apply, wherever that stands.
fn changes_nothing(sitting: &Sitting<'_, PricingExam>, name: &str, outsider: &PriceCandidate) {
    let good = price(5_000_000);
    let alone = one(QUANTITY, std::slice::from_ref(&good));
    for (place, candidates) in
        [("after it", [good.clone(), outsider.clone()]), ("before it", [outsider.clone(), good])]
    {
        let question = one(QUANTITY, &candidates);
        sitting.case(format!("a price {name}, {place}"), APPLIES, &question, || {
            let (without, with) = (paid(sitting, &alone)?, paid(sitting, &question)?);
            must(without == with, || format!("{with:?} with {}, {without:?} without", of(outsider)))
        });
    }
}

/// Both questions have a price, or neither has.
fn on_the_edge(
    sitting: &Sitting<'_, PricingExam>,
    name: &str,
    edge: &PricingQuestion,
    inside: &PricingQuestion,
) {
    sitting.case(format!("a candidate applies {name}"), INCLUSIVE, edge, || {
        let (at_edge, within) = (paid(sitting, edge)?, paid(sitting, inside)?);
        must(at_edge.is_some() == within.is_some(), || {
            format!("{at_edge:?} at the edge, {within:?} inside it")
        })
    });
}

fn candidates_in_any_order(sitting: &Sitting<'_, PricingExam>) {
    let mut candidates: Vec<_> =
        [(1, 10), (10, 8), (50, 7)].map(|(from, units)| tier(units * 1_000_000, from * 1_000)).into();
    candidates.extend([at(PriceLevel::Account, 6_000_000), at(PriceLevel::Group, 5_000_000)]);
    let first = one(QUANTITY, &candidates);
    let mut dice = Dice::new(sitting.seed);
    for number in 1..=6 {
        let mixed: Vec<_> =
            dice.order(candidates.len()).into_iter().map(|at| candidates[at].clone()).collect();
        let question = one(QUANTITY, &mixed);
        sitting.case(format!("candidates in another order, {number}"), ORDER, &question, || {
            let (before, now) = (paid(sitting, &first)?, paid(sitting, &question)?);
            must(before == now, || difference(&before, &now))
        });
    }
}

/// What the one line costs.
fn paid(sitting: &Sitting<'_, PricingExam>, question: &PricingQuestion) -> Result<Option<i64>, String> {
    let answer = sitting.answer(question)?;
    Ok(answer.first().copied().flatten().map(|priced| priced.unit_price.micros))
}
