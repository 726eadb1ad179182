use proptest::prelude::*;

use super::*;
use crate::model::{Collected, net_and_gross};

/// Taxes of up to the whole amount, in parts, with the amount's sign.
fn amount_and_parts() -> impl Strategy<Value = (i64, Vec<i64>)> {
    (-1_000_000..1_000_000i64, prop::collection::vec(0..1_000i64, 0..5)).prop_map(|(amount, parts)| {
        let share = |part: i64| amount * part / 5_000;
        (amount, parts.into_iter().map(share).collect())
    })
}

proptest! {
    #[test]
    fn net_and_tax_are_gross_and_parts_are_the_tax(
        given in prop::collection::vec(amount_and_parts(), 1..20),
        prices_include_tax in any::<bool>(),
    ) {
        let lines: Vec<_> = given.iter().map(|(amount, _)| (*amount, "standard")).collect();
        let query = TaxQuery { prices_include_tax, ..query(&lines) };
        let amounts: Vec<_> =
            given.iter().enumerate().flat_map(|(line, (_, parts))| parts.iter().map(move |p| (line, *p))).collect();
        let mut collected = Collected::new(&query);

        collected.add(&query.lines, &answer("VAT", &amounts)).unwrap();
        let assessment = collected.finish(&query).unwrap();

        for ((amount, parts), line) in given.iter().zip(&assessment.lines) {
            prop_assert_eq!(line.net.plus(line.tax).unwrap(), line.gross);
            prop_assert_eq!(line.tax, eur(parts.iter().sum()));
            prop_assert_eq!(Money::sum(Currency::EUR, line.parts.iter().map(|(_, m)| *m)).unwrap(), line.tax);
            prop_assert_eq!(if prices_include_tax { line.gross } else { line.net }, eur(*amount));
            prop_assert!(line.net.minor == 0 || line.net.minor.signum() == amount.signum());
        }
    }

    #[test]
    fn contained_tax_is_refused_exactly_when_it_is_more_than_the_amount(amount in any::<i64>(), tax in any::<i64>()) {
        let same_sign = tax == 0 || tax.signum() == amount.signum();
        let fits = same_sign && tax.unsigned_abs() <= amount.unsigned_abs();
        prop_assume!(same_sign);

        prop_assert_eq!(net_and_gross(eur(amount), eur(tax), true).is_ok(), fits);
    }
}
