use proptest::collection::vec;
use proptest::{prop_assert, prop_assert_eq, proptest};
use vectis_plugin_api::tax::TaxLine;
use vectis_plugin_api::units::{PPM, share};

use crate::amounts::{Basis, Shares};

fn taxes(is_gross: bool, amount: i64, ppm: &[i64]) -> Vec<i64> {
    let basis = Basis { is_gross, is_compound: false };
    let shares = Shares::new(ppm.iter().copied());
    let line = TaxLine::new("standard", amount, 1_000);
    basis.amounts(&line, &shares).map(|amount| amount.unwrap()).collect()
}

proptest! {
    #[test]
    fn included_taxes_sum_up_exactly_and_keep_the_sign(
        gross in -1_000_000_000_000_i64..1_000_000_000_000, ppm in vec(0_i64..2_000_000, 1..6),
    ) {
        let parts = taxes(true, gross, &ppm);

        let sum: i64 = ppm.iter().sum();
        prop_assert_eq!(parts.iter().sum::<i64>(), share(gross, sum, PPM + sum).unwrap());
        prop_assert!(parts.iter().all(|part| *part == 0 || part.signum() == gross.signum()));
        prop_assert!(parts.iter().sum::<i64>().abs() <= gross.abs());
    }

    #[test]
    fn a_part_is_less_than_one_unit_per_rate_from_its_exact_share(
        gross in 0_i64..1_000_000_000, ppm in vec(1_i64..500_000, 1..5),
    ) {
        let parts = taxes(true, gross, &ppm);

        let tax: i64 = parts.iter().sum();
        let sum: i64 = ppm.iter().sum();
        for (part, ppm) in parts.iter().zip(&ppm) {
            let distance = (i128::from(*part) * i128::from(sum) - i128::from(tax) * i128::from(*ppm)).abs();
            prop_assert!(distance < i128::from(sum) * 5);
        }
    }

    #[test]
    fn taxes_of_the_opposite_amount_are_opposite(
        amount in -1_000_000_000_i64..1_000_000_000, ppm in vec(0_i64..500_000, 1..5), is_gross: bool,
    ) {
        let opposite: Vec<_> = taxes(is_gross, -amount, &ppm).into_iter().map(|tax| -tax).collect();

        prop_assert_eq!(opposite, taxes(is_gross, amount, &ppm));
    }

    #[test]
    fn one_rate_finds_in_the_gross_amount_what_it_put_there(
        net in 0_i64..1_000_000_000, ppm in 0_i64..500_000,
    ) {
        let tax = taxes(false, net, &[ppm])[0];

        prop_assert_eq!(taxes(true, net + tax, &[ppm]), [tax]);
    }
}
