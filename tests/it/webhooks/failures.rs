//! Receivers that fail, are gone, are slow, ask for time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::receiver::{Behaviour, Receiver};

use super::{act, all_stand, deliveries, make, seen, shop_with, told, until};

pub(super) const TEST: &str = "vectis.webhooks.test_requested.v1";

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_told_again_until_it_takes_it() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    let behaviours = [500, 503, 200].map(|status| Behaviour::Answers(status, ""));
    receiver.will("/hook", behaviours);

    act(&staff, "webhookSendTest", &hook.id).await;
    let all = told(&receiver, "/hook", 3).await;
    let seen = all_stand(&staff, &hook.id, "DELIVERED", 1).await;

    assert!(all.iter().all(|one| one.id() == all[0].id() && one.body == all[0].body));
    let waits = [all[1].at - all[0].at, all[2].at - all[1].at];
    assert!(waits[0] >= Duration::from_millis(90) && waits[1] >= Duration::from_millis(360), "{waits:?}");
    assert_eq!(deliveries(&seen)[0]["attempts"], 3);
    assert_eq!((&seen["failingSince"], &seen["consecutiveFailures"]), (&Value::Null, &json!(0)));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_time_gets_it() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    receiver.will("/hook", [Behaviour::Answers(429, "retry-after: 3"), Behaviour::Answers(204, "")]);

    act(&staff, "webhookSendTest", &hook.id).await;
    let all = told(&receiver, "/hook", 2).await;

    assert!(all[1].at - all[0].at >= Duration::from_millis(2_900));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_told_nothing_until_it_is_enabled() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    receiver.will("/hook", [Behaviour::Answers(410, "")]);

    act(&staff, "webhookSendTest", &hook.id).await;
    let disabled = until("it is disabled", async || {
        Some(seen(&staff, &hook.id).await).filter(|seen| seen["isEnabled"] == false)
    })
    .await;

    assert_eq!(disabled["disabledReason"], "the receiver answered 410 Gone");
    assert_eq!(deliveries(&disabled)[0]["status"], "FAILED");
    let trail = staff
        .send(
            "query($s: String) { auditEntries(subject: $s) { nodes { action actor } } }",
            json!({ "s": hook.id }),
        )
        .await
        .ok();
    assert_eq!(
        trail.at("/auditEntries/nodes/0"),
        json!({ "action": "webhook.disable", "actor": "system:webhooks" })
    );
    let reasons: Vec<Value> = sqlx::query_scalar(
        "SELECT payload #> '{data,reason}' FROM events.outbox WHERE payload #>> '{data,action}' = 'disable'",
    )
    .fetch_all(shop.db.pool())
    .await
    .unwrap();
    assert_eq!(reasons, [json!("the receiver answered 410 Gone")]);
    let query = "mutation($i: WebhookInput!) { webhookSendTest(input: $i) { webhook { id } userErrors { code field } } }";
    let refused = staff.send(query, json!({ "i": { "id": hook.id } })).await;
    assert_eq!(refused.user_errors(), ["WEBHOOK_DISABLED @ "]);

    receiver.will("/hook", [Behaviour::Answers(200, "")]);
    let enabled = act(&staff, "webhookEnable", &hook.id).await;
    act(&staff, "webhookSendTest", &hook.id).await;
    told(&receiver, "/hook", 2).await;
    assert_eq!(enabled, json!({ "isEnabled": true, "disabledReason": null }));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_only_fails_is_disabled_in_time() {
    let shop = shop_with(|config| {
        config.webhooks.disable_after = Duration::from_millis(300);
        config.webhooks.disable_after_failures = 3;
    })
    .await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    receiver.will("/hook", [Behaviour::Answers(500, "")]);

    act(&staff, "webhookSendTest", &hook.id).await;
    let disabled = until("it is disabled", async || {
        Some(seen(&staff, &hook.id).await).filter(|seen| seen["isEnabled"] == false)
    })
    .await;

    let reason = disabled["disabledReason"].as_str().unwrap();
    assert!(reason.starts_with("no delivery has succeeded since "), "{reason}");
    let count = receiver.told("/hook").len();
    assert!(count >= 3, "{count}");
    // What waits is sent once it is enabled.
    assert_eq!(deliveries(&disabled)[0]["status"], "WAITING");
    receiver.will("/hook", [Behaviour::Answers(200, "")]);
    act(&staff, "webhookEnable", &hook.id).await;
    all_stand(&staff, &hook.id, "DELIVERED", 1).await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_delays_no_other() {
    let shop = shop_with(|config| config.webhooks.timeout = Duration::from_secs(20)).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let slow = make(&staff, &receiver.url("/slow"), &["vectis.accounts.*"]).await;
    let quick = make(&staff, &receiver.url("/quick"), &["vectis.accounts.*"]).await;
    receiver.will("/slow", [Behaviour::Silent]);

    let started = Instant::now();
    super::kills::tell(&shop, 40).await;
    told(&receiver, "/quick", 40).await;
    let took = started.elapsed();
    assert_eq!(told(&receiver, "/slow", 8).await.len(), 8, "so many at a time");

    println!("40 events beside a silent receiver: {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
    all_stand(&staff, &quick.id, "DELIVERED", 40).await;
    all_stand(&staff, &slow.id, "WAITING", 40).await;
    shop.stop().await;
}
