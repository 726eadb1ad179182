use vectis_kernel::{Currency, UnitPrice};

use crate::tiers::{Tier, mine_tiers, price_at};

fn price(pence: i64) -> UnitPrice {
    UnitPrice::from_micros(pence * 10_000, Currency::GBP)
}

/// `(quantity, pence, how often)`
fn tiers(observed: &[(i64, i64, usize)]) -> Vec<(i64, i64)> {
    let lines: Vec<_> = observed
        .iter()
        .flat_map(|(quantity, pence, count)| std::iter::repeat_n((*quantity, price(*pence)), *count))
        .collect();
    mine_tiers(&lines).iter().map(|tier| (tier.min_quantity, tier.unit_price.micros / 10_000)).collect()
}

#[test]
fn a_tier_starts_at_the_first_quantity_that_earned_the_lower_price() {
    let found = tiers(&[(1, 295, 9), (6, 295, 20), (24, 295, 3), (32, 255, 10), (64, 255, 8)]);

    assert_eq!(found, [(1, 295), (32, 255)]);
}

#[test]
fn several_tiers_are_found_and_outliers_ignored() {
    let found = tiers(&[
        (1, 1275, 9),
        (6, 1275, 3),
        (6, 1095, 1),
        (12, 1095, 8),
        (16, 900, 2),
        (20, 1095, 4),
        (100, 800, 5),
    ]);

    assert_eq!(found, [(1, 1275), (12, 1095), (100, 800)]);
}

#[test]
fn a_tier_must_explain_more_than_two_lines() {
    assert_eq!(tiers(&[(1, 295, 9), (100, 255, 2)]), [(1, 295)]);
    assert_eq!(tiers(&[(1, 295, 9), (100, 255, 3)]), [(1, 295), (100, 255)]);
}

#[test]
fn a_higher_price_for_more_pieces_is_no_tier() {
    assert_eq!(tiers(&[(1, 200, 5), (100, 300, 4)]), [(1, 200)]);
}

#[test]
fn of_equally_frequent_prices_the_higher_is_the_list_price() {
    assert_eq!(tiers(&[(6, 200, 5), (6, 300, 5)]), [(1, 300)]);
}

#[test]
fn no_lines_make_no_tiers() {
    assert_eq!(tiers(&[]), []);
}

#[test]
fn a_quantity_is_priced_by_the_highest_tier_it_reaches() {
    let tiers =
        [Tier { min_quantity: 1, unit_price: price(295) }, Tier { min_quantity: 32, unit_price: price(255) }];

    let prices = [1, 31, 32, 1000].map(|quantity| price_at(&tiers, quantity));

    assert_eq!(prices, [295, 295, 255, 255].map(|pence| Some(price(pence))));
    assert_eq!(price_at(&[], 1), None);
}
