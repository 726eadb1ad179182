//! Integer arithmetic of amounts: no floats, one rounding rule (half away from zero).

/// Parts per million of a whole: a rate of 20 % is 200,000.
pub const PPM: i64 = 1_000_000;

/// `amount * numerator / denominator`, rounded half away from zero; `None` when the denominator is zero or the result does
/// not fit. `share(1999, 200_000, PPM)` is the 20 % tax on 19.99: 400.
pub fn share(amount: i64, numerator: i64, denominator: i64) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let product = i128::from(amount) * i128::from(numerator);
    let denominator = i128::from(denominator);
    let (quotient, remainder) = (product / denominator, product % denominator);
    let away = if (product < 0) == (denominator < 0) { 1 } else { -1 };
    let rounded = if remainder.abs() * 2 >= denominator.abs() { quotient + away } else { quotient };
    i64::try_from(rounded).ok()
}

/// A decimal number as an integer of `places` digits after the point: `parse("12.5", 2)` is 1250. `None` when the text is no
/// plain decimal number, has more digits after the point than that, or does not fit.
pub fn parse(text: &str, places: u32) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let ends_with_point = digits.ends_with('.');
    if whole.is_empty() || ends_with_point || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let missing = usize::try_from(places).ok()?.checked_sub(fraction.len())?;
    let magnitude: i64 = format!("{whole}{fraction}{}", "0".repeat(missing)).parse().ok()?;
    Some(if is_negative { -magnitude } else { magnitude })
}

/// The reverse of [`parse`]: `format(1250, 2)` is `12.50`.
pub fn format(value: i64, places: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let width = places as usize + 1;
    let digits = format!("{:0width$}", value.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - places as usize);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
