//! When something is tried again, and what a webhook wants; without a database.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;
use vectis_contracts::webhooks::{AttemptOutcome, DeliveryStatus};
use vectis_kernel::ids::{WebhookDeliveryId, WebhookId};

use crate::Config;
use crate::model::{Fate, fate, given_up};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn outcome(attempts: i32, status_code: Option<u16>) -> AttemptOutcome {
    AttemptOutcome {
        delivery_id: WebhookDeliveryId(Uuid::from_u128(1)),
        webhook_id: WebhookId(Uuid::from_u128(2)),
        fence: i64::from(attempts),
        attempts,
        status_code,
        error: None,
        response: None,
        retry_after: None,
        took: Duration::ZERO,
    }
}

#[test]
fn a_delivery_is_tried_ten_times_within_a_day() {
    let config = Config::default();
    let wait = |attempts: i32| {
        let fate = fate(&config, &outcome(attempts, Some(500)), start(), 0.5);
        (fate.next_attempt_at.unwrap() - start()).num_seconds()
    };

    let waits: Vec<i64> = (1..10).map(wait).collect();

    assert_eq!(waits, [5, 20, 80, 320, 1_280, 5_120, 20_480, 28_800, 28_800]);
    assert_eq!(waits.iter().sum::<i64>() / 3_600, 23);
    let last = fate(&config, &outcome(10, None), start(), 0.5);
    assert_eq!((last.status, last.next_attempt_at), (DeliveryStatus::Failed, None));
}

#[test]
fn chance_moves_a_wait_by_a_tenth() {
    let config = Config { retry_wait: Duration::from_secs(100), ..Config::default() };
    let wait = |chance| {
        let fate = fate(&config, &outcome(1, None), start(), chance);
        (fate.next_attempt_at.unwrap() - start()).num_seconds()
    };

    assert_eq!([wait(0.0), wait(1.0)], [90, 110]);
}

#[test]
fn what_the_receiver_answers_decides() {
    let config = Config::default();
    let after = |status| fate(&config, &outcome(1, Some(status)), start(), 0.0);

    assert_eq!(after(204), Fate { status: DeliveryStatus::Delivered, next_attempt_at: None, is_gone: false });
    assert_eq!(after(410), Fate { status: DeliveryStatus::Failed, next_attempt_at: None, is_gone: true });
    for status in [100, 199, 301, 400, 404, 429, 500, 599] {
        assert_eq!(after(status).status, DeliveryStatus::Waiting, "{status}");
    }
    let broken = AttemptOutcome { error: Some("it broke off".to_owned()), ..outcome(1, Some(200)) };
    assert_eq!(fate(&config, &broken, start(), 0.0).status, DeliveryStatus::Waiting);
}

#[test]
fn a_receiver_is_left_alone_as_long_as_it_asks_but_no_longer_than_a_day() {
    let config = Config::default();
    let wait = |asked: u64| {
        let retry_after = Some(Duration::from_secs(asked));
        let outcome = AttemptOutcome { retry_after, ..outcome(1, Some(503)) };
        (fate(&config, &outcome, start(), 0.5).next_attempt_at.unwrap() - start()).num_seconds()
    };

    assert_eq!([wait(1), wait(600), wait(u64::MAX)], [5, 600, 86_400]);
}

#[test]
fn a_webhook_is_given_up_when_it_fails_long_and_often() {
    let config = Config::default();
    let now = start();
    let since = |hours: i64| Some(now - TimeDelta::hours(hours));

    assert_eq!(given_up(&config, None, 0, now), None);
    assert_eq!(given_up(&config, since(71), 1_000, now), None, "often, not long");
    assert_eq!(given_up(&config, since(1_000), 19, now), None, "long, not often");
    assert!(given_up(&config, since(72), 20, now).is_some());
}
