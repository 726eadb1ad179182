//! What was taken is given back, and addresses are not written down.

use vectis_contracts::points::{TaxingLine, TaxingQuestion};
use vectis_kernel::Money;

use super::questions::{POSTAL_CODE, line};
use super::{RETURNS, TaxExam};
use crate::conformance::exam::{Sitting, must};
use crate::conformance::promise::PRIVATE_LOGS;

pub(super) fn put(sitting: &Sitting<'_, TaxExam>) {
    for (home, number) in sitting.ground.iter().zip(1..) {
        for minor in [1, 3, 25, 99, 1_999, 10_000, 1_234_567] {
            for is_gross in [false, true] {
                let mut sale = home.question([line(minor, &home.category)]);
                sale.prices_include_tax = is_gross;
                let basis = if is_gross { "gross" } else { "net" };
                given_back(sitting, format!("place {number}: the return of {basis} {minor}"), &sale);
            }
        }
        let mut private = home.question([line(10_000, &home.category)]);
        POSTAL_CODE.clone_into(&mut private.destination.postal_code);
        sitting.case(format!("place {number}: what is logged of an address"), PRIVATE_LOGS, &private, || {
            let (_, lines) = sitting.subject.logged(|| sitting.ask(&private));
            let found = lines.iter().find(|line| line.contains(POSTAL_CODE));
            must(found.is_none(), || format!("the postal code in {found:?}"))
        });
    }
}

fn given_back(sitting: &Sitting<'_, TaxExam>, name: String, sale: &TaxingQuestion) {
    let negative = |line: &TaxingLine| TaxingLine {
        amount: Money::new(-line.amount.minor, line.amount.currency),
        ..line.clone()
    };
    let back = TaxingQuestion { lines: sale.lines.iter().map(negative).collect(), ..sale.clone() };
    sitting.case(name, RETURNS, &back, || {
        let (taken, given) = (sitting.answer(sale)?.taxes, sitting.answer(&back)?.taxes);
        let negated = |taxes: &std::collections::BTreeMap<_, i64>| -> Vec<i64> {
            taxes.values().map(|minor| -minor).filter(|minor| *minor != 0).collect()
        };
        let plain = |taxes: &std::collections::BTreeMap<_, i64>| -> Vec<i64> {
            taxes.values().copied().filter(|minor| *minor != 0).collect()
        };
        let (taken, given): (Vec<_>, Vec<_>) =
            (taken.iter().map(negated).collect(), given.iter().map(plain).collect());
        must(taken == given, || format!("{given:?}, and the sale taken back is {taken:?}"))
    });
}
