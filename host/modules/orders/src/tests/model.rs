use proptest::prelude::*;
use vectis_contracts::orders::OrderTotals;
use vectis_kernel::{Currency, Money, Quantity};

use crate::model::{TotalsChange, changed_totals, owed, returned_amounts, returned_share};

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn totals(lines_net: i64, tax: i64, credited: i64) -> OrderTotals {
    OrderTotals {
        lines_net: gbp(lines_net),
        charges_net: gbp(0),
        tax_total: gbp(tax),
        grand_total: gbp(lines_net + tax),
        paid: gbp(0),
        credited: gbp(credited),
    }
}

#[test]
fn a_third_of_a_pound_goes_back_in_proportion_and_the_last_piece_takes_the_rest() {
    let bought = Quantity::from_milli(3_000);
    let piece = |before| {
        let now = Quantity::from_milli(1_000);
        returned_share(gbp(100), bought, Quantity::from_milli(before), now).minor
    };

    assert_eq!([piece(0), piece(1_000), piece(2_000)], [33, 34, 33]);
}

#[test]
fn nothing_is_owed_once_more_than_the_total_is_credited() {
    assert_eq!(owed(&totals(100, 20, 30)).unwrap(), gbp(90));
    assert_eq!(owed(&totals(100, 20, 130)).unwrap(), gbp(0));
}

#[test]
fn changed_totals_add_up() {
    let change = TotalsChange { lines_net: gbp(-40), charges_net: gbp(15), tax: gbp(-5) };

    let after = changed_totals(&totals(100, 20, 7), change).unwrap();

    assert_eq!(after.grand_total, gbp(60 + 15 + 15));
    assert_eq!(after.credited, gbp(7));
}

#[test]
fn totals_in_two_currencies_are_refused() {
    let change = TotalsChange { lines_net: Money::new(1, Currency::EUR), charges_net: gbp(0), tax: gbp(0) };

    assert!(changed_totals(&totals(100, 20, 0), change).is_err());
}

proptest! {
    /// However a line is given back piece by piece, the pieces add up to what was charged, and none goes against it.
    #[test]
    fn pieces_add_up_to_what_was_charged(
        amount in -1_000_000_000_000_i64..1_000_000_000_000,
        pieces in prop::collection::vec(1_i64..5_000_000, 1..30),
    ) {
        let bought = Quantity::from_milli(pieces.iter().sum());
        let mut before = Quantity::ZERO;
        let mut sum = 0;
        for piece in pieces {
            let now = Quantity::from_milli(piece);
            let share = returned_share(gbp(amount), bought, before, now).minor;
            prop_assert!(share == 0 || share.signum() == amount.signum());
            prop_assert!(share.abs() <= amount.abs());
            sum += share;
            before = before.checked_add(now).unwrap();
        }
        prop_assert_eq!(sum, amount);
    }
}

#[test]
fn a_returned_piece_of_a_price_with_tax_gives_back_exactly_that_price() {
    // 6 × 5.79 with 20 % in it: 34.74 = 28.95 + 5.79.
    let (line, six) = ((gbp(2_895), gbp(579)), Quantity::from_milli(6_000));
    let one = Quantity::from_milli(1_000);

    let pieces: Vec<(i64, i64)> = (0..6)
        .map(|before| returned_amounts(line, six, Quantity::from_milli(before * 1_000), one).unwrap())
        .map(|(net, tax)| (net.minor, tax.minor))
        .collect();

    assert!(pieces.iter().all(|(net, tax)| net + tax == 579), "{pieces:?}");
    assert_eq!(pieces.iter().map(|(net, _)| net).sum::<i64>(), 2_895);
}
