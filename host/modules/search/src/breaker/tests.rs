use super::*;

#[test]
fn after_three_failures_nobody_asks_until_one_has_seen() {
    let breaker = Breaker::default();
    let now = Instant::now();

    breaker.failed(now);
    breaker.failed(now);
    assert!(breaker.allows(now));
    breaker.failed(now);

    assert!(!breaker.allows(now));
    assert!(!breaker.allows(now + PAUSE - Duration::from_millis(1)));
    assert!(breaker.allows(now + PAUSE));
    assert!(!breaker.allows(now + PAUSE));
    breaker.succeeded();
    assert!(breaker.allows(now + PAUSE));
}

#[test]
fn failures_count_in_a_row_only() {
    let breaker = Breaker::default();
    let now = Instant::now();

    for _ in 0..5 {
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
    }

    assert!(breaker.allows(now));
}
