//! Events in, attempts out, outcomes back.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::webhooks::WebhookSettings;
use vectis_kernel::Clock as _;
use vectis_kernel::ids::{ChannelId, WebhookDeliveryId};

use super::{Room, answered, room, room_with, settings};
use crate::Config;
use crate::model::TEST;

async fn statuses(room: &Room) -> Vec<(String, i32)> {
    sqlx::query_as("SELECT status, attempts FROM webhooks.delivery ORDER BY id")
        .fetch_all(room.db.pool())
        .await
        .unwrap()
}

#[sqlx::test(migrations = false)]
async fn an_event_that_comes_twice_is_delivered_once(pool: PgPool) {
    let room = room(pool).await;
    room.make("https://a.example").await;

    room.orders(1..3).await;
    room.orders(1..4).await;

    assert_eq!(room.claim().await.len(), 3);
}

#[sqlx::test(migrations = false)]
async fn a_webhook_gets_what_it_wants_and_nothing_else(pool: PgPool) {
    let room = room(pool).await;
    let channel = Uuid::from_u128(77);
    let old = room.event(9, "vectis.orders.order_placed.v1", &json!({}));
    room.pass(TimeDelta::seconds(1));
    let id = room.make("https://all.example").await;
    let of_channel =
        WebhookSettings { channel_id: Some(ChannelId(channel)), ..settings("https://channel.example") };
    room.webhooks.create(&room.ctx(), of_channel).await.unwrap();
    let disabled = room.make("https://disabled.example").await;
    room.webhooks.disable(&room.ctx(), disabled, "for now").await.unwrap();
    let mut test = room.event(4, TEST, &json!({ "webhookId": id }));
    test.envelope["aggregateId"] = json!(id);
    let mut foreign = room.event(5, "vectis.orders.order_placed.v1", &json!({}));
    foreign.envelope.as_object_mut().unwrap().remove("sequence");
    let events = [
        room.event(1, "vectis.orders.order_placed.v1", &json!({ "channelId": channel })),
        room.event(2, "vectis.orders.order_state_changed.v1", &json!({})),
        room.event(3, "vectis.ordersmore.order_placed.v1", &json!({})),
        test,
        foreign,
        old,
    ];

    let wanted = room.queue.wants(&events.iter().collect::<Vec<_>>()).await.unwrap();
    room.take_in(&events).await;

    assert_eq!(wanted, [true, true, false, true, false, false]);
    let mut claimed: Vec<(String, String)> = room
        .claim()
        .await
        .iter()
        .map(|attempt| (attempt.url.clone(), attempt.headers[0].1[35..].to_owned()))
        .collect();
    claimed.sort();
    let expected = [("channel", "1"), ("all", "1"), ("all", "2"), ("all", "4")];
    let mut expected = expected.map(|(who, id)| (format!("https://{who}.example"), id.to_owned()));
    expected.sort();
    assert_eq!(claimed, expected);
}

#[sqlx::test(migrations = false)]
async fn two_who_claim_at_once_share(pool: PgPool) {
    let room = room_with(pool, Config { concurrent: 20, ..Config::default() }).await;
    room.make("https://a.example").await;
    room.orders(1..41).await;

    let claimed = join_all((0..4).map(|_| room.claim())).await;

    let ids: Vec<WebhookDeliveryId> = claimed.iter().flatten().map(|attempt| attempt.delivery_id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "nobody got what another has");
    assert!(claimed.iter().all(|share| share.len() <= 20));
}

#[sqlx::test(migrations = false)]
async fn of_each_webhook_only_so_many_are_under_way(pool: PgPool) {
    let room = room(pool).await;
    let (a, b) = (room.make("https://a.example").await, room.make("https://b.example").await);
    room.orders(1..21).await;

    let claimed = room.queue.claim(&room.ctx(), &[(a, 6), (b, 8)]).await.unwrap();

    assert_eq!(claimed.iter().map(|attempt| attempt.webhook_id).collect::<Vec<_>>(), [a, a]);
}

#[sqlx::test(migrations = false)]
async fn what_was_not_recorded_in_time_is_given_to_the_next_and_the_first_is_too_late(pool: PgPool) {
    let room = room(pool).await;
    room.make("https://a.example").await;
    room.orders(1..2).await;

    let first = room.claim().await.remove(0);
    assert_eq!(room.claim().await.len(), 0, "it is leased");
    room.pass(TimeDelta::seconds(21));
    let second = room.claim().await.remove(0);
    assert_eq!((&first.body, first.delivery_id), (&second.body, second.delivery_id));

    room.answer(&first, 500).await;
    assert_eq!(statuses(&room).await, [("waiting".to_owned(), 2)]);
    assert_eq!(room.webhooks.list(&room.ctx()).await.unwrap()[0].consecutive_failures, 0);
    room.answer(&second, 200).await;
    room.answer(&second, 500).await;
    assert_eq!(statuses(&room).await, [("delivered".to_owned(), 2)]);
}

#[sqlx::test(migrations = false)]
async fn failures_are_counted_until_one_delivery_succeeds(pool: PgPool) {
    let room = room(pool).await;
    room.make("https://a.example").await;
    room.orders(1..4).await;
    let claimed = room.claim().await;
    let failing_since = room.clock.now();

    room.answer(&claimed[0], 500).await;
    room.pass(TimeDelta::seconds(1));
    room.answer(&claimed[1], 500).await;
    let failing = room.webhooks.list(&room.ctx()).await.unwrap().remove(0);
    room.answer(&claimed[2], 200).await;
    let well = room.webhooks.list(&room.ctx()).await.unwrap().remove(0);

    assert_eq!((failing.failing_since, failing.consecutive_failures), (Some(failing_since), 2));
    assert_eq!((well.failing_since, well.consecutive_failures), (None, 0));
}

#[sqlx::test(migrations = false)]
async fn a_webhook_is_given_up_once_and_its_reason_told(pool: PgPool) {
    let config = Config { disable_after_failures: 2, ..Config::default() };
    let room = room_with(pool, config).await;
    room.make("https://a.example").await;
    room.orders(1..4).await;
    let claimed = room.claim().await;
    room.answer(&claimed[0], 500).await;
    room.pass(TimeDelta::days(3));
    let again = room.claim().await;
    assert_eq!(again.len(), 3);

    let ended: Vec<_> = again.iter().map(|attempt| answered(attempt, 500)).collect();
    room.queue.record(&room.ctx(), &ended).await.unwrap();

    let webhook = room.webhooks.list(&room.ctx()).await.unwrap().remove(0);
    assert!(webhook.disabled_reason.unwrap().contains("4 attempts failed in a row"));
    assert_eq!(room.actions(), ["create", "disable"]);
    assert_eq!(room.audit.actions(), ["webhook.create", "webhook.disable"]);
    room.pass(TimeDelta::days(1));
    assert_eq!(room.claim().await.len(), 0, "nothing is sent to it");
    room.orders(7..8).await;
    room.webhooks.enable(&room.ctx(), webhook.id).await.unwrap();
    assert_eq!(room.claim().await.len(), 3, "what waited is, and what came meanwhile is not");
}

#[sqlx::test(migrations = false)]
async fn a_delivery_that_staff_retry_has_the_whole_schedule_before_it(pool: PgPool) {
    let room = room_with(pool, Config { attempts: 1, ..Config::default() }).await;
    room.make("https://a.example").await;
    room.orders(1..2).await;
    let claimed = room.claim().await.remove(0);
    room.answer(&claimed, 500).await;
    assert_eq!(statuses(&room).await, [("failed".to_owned(), 1)]);

    room.webhooks.delivery_retry(&room.keyed("again"), claimed.delivery_id).await.unwrap();
    room.webhooks.delivery_retry(&room.keyed("again"), claimed.delivery_id).await.unwrap();
    let retried = room.claim().await.remove(0);
    room.answer(&claimed, 200).await;

    assert_eq!(retried.attempts, 1);
    assert_eq!(statuses(&room).await, [("waiting".to_owned(), 1)], "the attempt before is too late");
    assert_eq!(room.audit.actions(), ["webhook.create", "webhook.retry"]);
}

#[sqlx::test(migrations = false)]
async fn what_is_older_than_the_log_is_kept_is_forgotten(pool: PgPool) {
    let room = room(pool).await;
    room.make("https://a.example").await;
    room.orders(1..4).await;
    room.pass(TimeDelta::days(10));
    room.orders(4..6).await;
    room.pass(TimeDelta::days(5));

    assert_eq!(room.queue.sweep(&room.ctx()).await.unwrap(), 3);

    let left: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM webhooks.event").fetch_one(room.db.pool()).await.unwrap();
    assert_eq!((statuses(&room).await.len(), left), (2, 2));
}
