//! Whether taxes are what their rates say.

use std::collections::BTreeMap;

use vectis_kernel::round_half_away;

const PPM: i128 = 1_000_000;

/// Of the kinds with a rate: each takes its rate of the amount, or, in amounts that include tax, all together take what makes
/// the amount. Kinds without a rate are taxes per piece, of which nothing can be said.
pub(super) fn judge(
    is_gross: bool,
    amount: i64,
    before: i64,
    taxes: &BTreeMap<(String, String, i64), i64>,
) -> Result<(), String> {
    let rated: Vec<(i64, i64)> = taxes
        .iter()
        .filter(|((_, _, ppm), _)| *ppm != 0)
        .map(|((_, _, ppm), minor)| (*ppm, *minor))
        .collect();
    if rated.is_empty() {
        return Ok(());
    }
    let (amount, before) = (i128::from(amount), i128::from(before));
    let bases = if is_gross { [amount, amount - before] } else { [amount, amount + before] };
    let fits = |base: &i128| if is_gross { fits_gross(*base, &rated) } else { fits_net(*base, &rated) };
    if bases.iter().any(fits) {
        return Ok(());
    }
    let sum: i128 = rated.iter().map(|(ppm, _)| i128::from(*ppm)).sum();
    let expected = bases.map(|base| match is_gross {
        true => round_half_away(base * sum, PPM + sum),
        false => rated.iter().map(|(ppm, _)| round_half_away(base * i128::from(*ppm), PPM)).sum(),
    });
    let found: i128 = rated.iter().map(|(_, minor)| i128::from(*minor)).sum();
    let [first, second] = expected;
    let which = if first == second { first.to_string() } else { format!("{first} or {second}") };
    Err(format!("its rates come to {which}, it is taxed {found} (rates and taxes: {rated:?})"))
}

fn fits_net(base: i128, rated: &[(i64, i64)]) -> bool {
    rated.iter().all(|(ppm, minor)| i128::from(*minor) == round_half_away(base * i128::from(*ppm), PPM))
}

/// The parts may each be off by what rounding moves between them; a single one may not.
fn fits_gross(base: i128, rated: &[(i64, i64)]) -> bool {
    let sum: i128 = rated.iter().map(|(ppm, _)| i128::from(*ppm)).sum();
    let slack = rated.len() as i128 - 1;
    let is_near = |exact: i128, minor: i128| (exact - minor).abs() <= slack;
    let total: i128 = rated.iter().map(|(_, minor)| i128::from(*minor)).sum();
    let each = rated
        .iter()
        .all(|(ppm, minor)| is_near(round_half_away(base * i128::from(*ppm), PPM + sum), i128::from(*minor)));
    each && is_near(round_half_away(base * sum, PPM + sum), total)
}
