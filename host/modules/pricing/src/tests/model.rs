use proptest::prelude::*;
use vectis_contracts::points::PriceLevel;
use vectis_contracts::pricing::QuotedPrice;

use super::*;
use crate::model::{self, Candidates, Source};

fn source(prices: &[(u128, i64)], rate: Option<Decimal>) -> Source {
    Source {
        level: PriceLevel::Default,
        price_list_id: None,
        priority: 0,
        valid_from: None,
        valid_to: None,
        rate,
        variant_ids: prices.iter().map(|(number, _)| variant(*number)).collect(),
        min_quantities: prices.iter().map(|_| units(1)).collect(),
        price_micros: prices.iter().map(|(_, micros)| *micros).collect(),
    }
}

#[test]
fn a_price_that_conversion_makes_too_large_is_left_out() {
    let sources = vec![source(&[(1, 5), (2, i64::MAX), (3, 7)], Some(decimal("2")))];
    let lines = [(variant(1), 1), (variant(2), 1), (variant(3), 1)];

    let question = model::quote_question(&query(&lines), Candidates::new(sources, Currency::EUR), now());

    let prices: Vec<_> = question.candidates.iter().map(|candidate| candidate.unit_price.micros).collect();
    let ranges: Vec<_> = question.lines.iter().map(|line| line.candidates.clone()).collect();
    assert_eq!(prices, [10, 14]);
    assert_eq!(ranges, [0..1, 0..0, 1..2]);
}

#[test]
fn a_rung_that_returns_to_an_earlier_price_stays() {
    let quote = |price| {
        let unit_price = eur(price);
        Some(QuotedPrice { unit_price, level: None, price_list_id: None, min_quantity: Quantity::ZERO })
    };
    let rungs = vec![vec![units(1), units(2), units(3), units(4)]];

    let ladders = model::ladders(&rungs, &[None, quote("5"), quote("4"), quote("5")]);

    let begins: Vec<_> = ladders[0].iter().map(|tier| tier.min_quantity).collect();
    assert_eq!(begins, [units(2), units(3), units(4)]);
}

proptest! {
    #[test]
    fn a_converted_price_is_within_half_a_millionth_of_the_exact_one(
        micros in 0..=i64::MAX,
        mantissa in 1..=1_000_000_000_000_000_000i64,
    ) {
        let rate = Decimal::new(mantissa, 8);
        let exact = i128::from(micros) * i128::from(mantissa);
        match model::price_in(Currency::EUR, micros, Some(rate)) {
            Some(price) => {
                let off = i128::from(price.micros) * 100_000_000 - exact;
                prop_assert!((-49_999_999..=50_000_000).contains(&off), "off by {off}");
            }
            None => prop_assert!(exact / 100_000_000 >= i128::from(i64::MAX)),
        }
    }

    #[test]
    fn every_line_sees_exactly_the_candidates_of_its_variant(
        first in prop::collection::vec((0..20u128, 0..1_000i64), 0..40),
        second in prop::collection::vec((0..20u128, 0..1_000i64), 0..40),
        asked in prop::collection::vec(0..25u128, 1..30),
    ) {
        let sources = vec![source(&first, None), source(&second, None)];
        let lines: Vec<_> = asked.iter().map(|number| (variant(*number), 1)).collect();

        let question = model::quote_question(&query(&lines), Candidates::new(sources, Currency::EUR), now());

        for (number, line) in asked.iter().zip(&question.lines) {
            let mut expected: Vec<_> =
                first.iter().chain(&second).filter(|(own, _)| own == number).map(|(_, micros)| *micros).collect();
            let mut found: Vec<_> =
                question.candidates.range(line.candidates.clone()).map(|c| c.unit_price.micros).collect();
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
