use chrono::{DateTime, Utc};

use super::{Timing, TimingError};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn next(timing: &Timing, after: &str) -> String {
    timing.next_after(at(after)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[test]
fn a_period_is_counted_from_1970_on() {
    let hourly = Timing::every("6h").unwrap();

    assert_eq!(next(&hourly, "2026-01-15T07:30:01Z"), "2026-01-15T12:00:00Z");
    assert_eq!(next(&hourly, "2026-01-15T12:00:00Z"), "2026-01-15T18:00:00Z");
    assert_eq!(next(&hourly, "2026-01-15T11:59:59.999Z"), "2026-01-15T12:00:00Z");
}

#[test]
fn a_pattern_is_read_in_its_time_zone_through_the_changes_of_the_clock() {
    let nightly = Timing::cron("30 2 * * *", Some("Europe/Berlin")).unwrap();

    assert_eq!(next(&nightly, "2026-01-15T12:00:00Z"), "2026-01-16T01:30:00Z");
    assert_eq!(next(&nightly, "2026-07-15T12:00:00Z"), "2026-07-16T00:30:00Z");
    // On 29 March there is no 02:30: it is due once the clock is past it, and not twice.
    let spring = nightly.next_after(at("2026-03-28T12:00:00Z"));
    assert_eq!(spring, at("2026-03-29T01:00:00Z"));
    assert_eq!(nightly.next_after(spring), at("2026-03-30T00:30:00Z"));
    // On 25 October there are two.
    let autumn = nightly.next_after(at("2026-10-24T12:00:00Z"));
    assert_eq!(autumn, at("2026-10-25T00:30:00Z"));
    assert_eq!(nightly.next_after(autumn), at("2026-10-26T01:30:00Z"));
}

#[test]
fn without_a_time_zone_a_pattern_means_utc() {
    let sundays = Timing::cron("0 3 * * SUN", None).unwrap();

    assert_eq!(next(&sundays, "2026-01-15T12:00:00Z"), "2026-01-18T03:00:00Z");
}

#[test]
fn what_is_written_is_read_again() {
    for timing in
        [Timing::every("90m").unwrap(), Timing::cron("*/5  8-18 * * 1-5", Some("Asia/Tokyo")).unwrap()]
    {
        assert_eq!(Timing::read(&timing.to_string()).unwrap(), timing);
    }
    assert_eq!(Timing::every("60m").unwrap().to_string(), "every 1h");
    assert!(matches!(Timing::read("sometimes"), Err(TimingError::Unreadable(_))));
}

#[test]
fn what_says_no_times_is_refused() {
    assert!(matches!(Timing::every("hourly"), Err(TimingError::NoDuration(_))));
    assert!(matches!(Timing::every("59s"), Err(TimingError::TooOften(_))));
    assert!(matches!(Timing::every("367d"), Err(TimingError::TooSeldom(_))));
    assert!(matches!(Timing::cron("* * * * * *", None), Err(TimingError::NoPattern { .. })));
    assert!(matches!(Timing::cron("@hourly", None), Err(TimingError::NoPattern { .. })));
    assert!(matches!(Timing::cron("61 3 * * *", None), Err(TimingError::NoPattern { .. })));
    assert!(matches!(Timing::cron("0 3 30 2 *", None), Err(TimingError::Never(_))));
    assert!(matches!(Timing::cron("0 3 * * *", Some("Mars/Base")), Err(TimingError::NoTimeZone(_))));
}
