use vectis_plugin_api::units::{PPM, format, parse, share};

#[test]
fn shares_round_half_away_from_zero() {
    let half = |amount| share(amount, 1, 2).unwrap();

    assert_eq!([1, -1, 2, 3, -3].map(half), [1, -1, 1, 2, -2]);
    assert_eq!(share(1999, 200_000, PPM), Some(400));
    assert_eq!(share(1, 1, 3), Some(0));
    assert_eq!(share(-2, 1, 3), Some(-1));
    assert_eq!(share(1, 1, -2), Some(-1));
}

#[test]
fn shares_use_wide_intermediates_and_tell_when_the_result_does_not_fit() {
    assert_eq!(share(i64::MAX, PPM, PPM), Some(i64::MAX));
    assert_eq!(share(i64::MAX, 1, 2), Some(4_611_686_018_427_387_904));
    assert_eq!(share(i64::MIN, 1, 1), Some(i64::MIN));
    assert_eq!(share(i64::MAX, 2, 1), None);
    assert_eq!(share(1, 1, 0), None);
}

#[test]
fn decimals_are_read_with_their_places() {
    assert_eq!(parse("12.5", 2), Some(1250));
    assert_eq!(parse("-0.0125", 6), Some(-12_500));
    assert_eq!(parse("7", 0), Some(7));
    for text in ["", "-", ".5", "5.", "1e3", "+1", "1.234", "1,000", "99999999999999999999"] {
        assert_eq!(parse(text, 2), None, "{text}");
    }
}

#[test]
fn decimals_print_as_they_are_read() {
    for (value, places, text) in
        [(1250, 2, "12.50"), (-5, 2, "-0.05"), (0, 2, "0.00"), (7, 0, "7"), (-7, 0, "-7")]
    {
        assert_eq!(format(value, places), text);
        assert_eq!(parse(text, places), Some(value));
    }
}
