//! Durations in buckets, and back.

use super::*;

#[test]
fn every_duration_is_in_a_bucket_that_ends_within_an_eighth_of_it() {
    let mut last = 0;
    for nanos in (0..100_000).chain([1 << 20, (1 << 30) - 1, 123_456_789_012]) {
        let bucket = bucket(nanos);
        let end = u64::try_from(upper_end(bucket).as_nanos()).unwrap();
        assert!(end >= nanos && end - nanos <= nanos / 8, "{nanos} in a bucket up to {end}");
        assert!(bucket >= last, "{nanos}");
        last = bucket;
    }
    assert_eq!(bucket(u64::MAX), BUCKETS - 1);
}

#[test]
fn quantiles_are_those_of_what_was_counted() {
    let stats = Stats::new(0);
    assert_eq!(stats.calls(Point::Tax, "t").p99, None);

    for micros in 1..=100 {
        stats.count(Duration::from_micros(micros));
    }
    stats.fail("it was away");

    let calls = stats.calls(Point::Tax, "t");
    assert_eq!((calls.calls, calls.errors, calls.total), (100, 1, Duration::from_micros(5_050)));
    let near = |found: Option<Duration>, micros: u64| {
        let (found, wanted) = (found.unwrap(), Duration::from_micros(micros));
        found >= wanted && found <= wanted + wanted / 8
    };
    assert!(near(calls.p50, 50) && near(calls.p99, 99), "{calls:?}");
    assert_eq!(calls.last_error.as_deref(), Some("it was away"));
}
