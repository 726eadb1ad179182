//! What is told, to whom, and how staff see it.

use serde_json::{Value, json};
use uuid::Uuid;
use vectis_tests::receiver::Receiver;

use super::signature::is_signed;
use super::{act, all_stand, deliveries, logs, make, seen, shop_with, told, until};
use crate::events::place_an_order;

const PLACED: &str = "vectis.orders.order_placed.v1";

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_signed_as_the_event_that_was_released() {
    for (_broker, brokers) in logs().await {
        let shop = shop_with(|config| config.events.brokers = brokers).await;
        let (staff, receiver) = (shop.staff().await, Receiver::start().await);
        let hook = make(&staff, &receiver.url("/orders"), &[PLACED]).await;
        let others = make(&staff, &receiver.url("/others"), &["vectis.tax.*"]).await;

        place_an_order(&shop).await;
        let all = told(&receiver, "/orders", 1).await;
        let seen = all_stand(&staff, &hook.id, "DELIVERED", 1).await;

        let stored: (Uuid, Value) =
            sqlx::query_as("SELECT id, payload FROM events.outbox WHERE event_type = $1")
                .bind(PLACED)
                .fetch_one(shop.db.pool())
                .await
                .unwrap();
        assert_eq!((all[0].id(), all[0].envelope()), (stored.0.to_string().as_str(), stored.1));
        assert!(is_signed(&all[0], &hook.secret));
        assert!(!is_signed(&all[0], &others.secret), "each webhook has a secret of its own");
        assert_eq!(all[0].headers["content-type"], "application/json");
        let delivery = &deliveries(&seen)[0];
        assert_eq!(delivery["eventId"], format!("event:{}", stored.0));
        assert_eq!(
            (&delivery["eventType"], &delivery["attempts"], &delivery["statusCode"], &delivery["response"]),
            (&json!(PLACED), &json!(1), &json!(200), &json!("heard"))
        );
        assert_eq!((&delivery["error"], &delivery["nextAttemptAt"]), (&Value::Null, &Value::Null));
        assert_eq!(receiver.told("/others").len(), 0);
        shop.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_a_channel_hears_of_that_channel_only() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let channels = staff.send("{ channels { id slug } }", json!({})).await.ok().at("/channels");
    for channel in channels.as_array().unwrap() {
        let url = receiver.url(&format!("/{}", channel["slug"].as_str().unwrap()));
        let input = json!({ "url": url, "eventTypes": ["vectis.orders.*"], "channelId": channel["id"] });
        staff.mutate("webhookCreate { webhook { id } }", input).await.ok();
    }
    let hook = make(&staff, &receiver.url("/all"), &["vectis.orders.*"]).await;

    place_an_order(&shop).await;
    told(&receiver, "/wholesale", 1).await;
    told(&receiver, "/all", 1).await;

    // Whatever comes later of the same batch has come when a later event has.
    act(&staff, "webhookSendTest", &hook.id).await;
    until("the test is told", async || {
        receiver
            .told("/all")
            .iter()
            .any(|told| told.envelope()["type"] == super::failures::TEST)
            .then_some(())
    })
    .await;
    assert_eq!(receiver.told("/retail").len(), 0);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_secret_is_rotated_both_sign() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    let query = "mutation($i: WebhookInput!) { webhookRotateSecret(input: $i) { secret webhook { previousSecretUntil } \
                 userErrors { code field message } } }";
    let keyed = staff.with("idempotency-key", "rotate once");

    let rotated = keyed.send(query, json!({ "i": { "id": hook.id } })).await.ok();
    let again = keyed.send(query, json!({ "i": { "id": hook.id } })).await.ok();
    act(&staff, "webhookSendTest", &hook.id).await;
    let all = told(&receiver, "/hook", 1).await;

    let secret = rotated.text("/webhookRotateSecret/secret");
    assert_eq!(again.text("/webhookRotateSecret/secret"), secret, "the same request is answered the same");
    assert!(!rotated.at("/webhookRotateSecret/webhook/previousSecretUntil").is_null());
    assert_ne!(secret, hook.secret);
    assert!(is_signed(&all[0], &secret) && is_signed(&all[0], &hook.secret));
    // What is stored of the answer does not help whoever reads the database.
    let stored: Vec<Option<Value>> =
        sqlx::query_scalar("SELECT answer FROM events.idempotency").fetch_all(shop.db.pool()).await.unwrap();
    assert!(!json!(stored).to_string().contains(&secret[6..]), "{stored:?}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_send_again_what_was_delivered_and_delete_what_is_over() {
    let shop = shop_with(|_| {}).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &[PLACED]).await;
    act(&staff, "webhookSendTest", &hook.id).await;
    let seen_first = all_stand(&staff, &hook.id, "DELIVERED", 1).await;
    let delivery = deliveries(&seen_first)[0]["id"].clone();

    let retried =
        staff.mutate("webhookDeliveryRetry { delivery { status } }", json!({ "id": delivery })).await.ok();
    let all = told(&receiver, "/hook", 2).await;
    assert_eq!(retried.at("/webhookDeliveryRetry/delivery/status"), "WAITING");
    assert_eq!((all[0].id(), &all[0].body), (all[1].id(), &all[1].body));

    let query = "mutation($i: WebhookInput!) { webhookDelete(input: $i) { webhookId userErrors { code field message } } }";
    staff.send(query, json!({ "i": { "id": hook.id } })).await.ok();
    assert_eq!(seen(&staff, &hook.id).await, Value::Null);
    let gone = staff.mutate("webhookDeliveryRetry { delivery { status } }", json!({ "id": delivery })).await;
    assert_eq!(gone.user_errors(), ["DELIVERY_NOT_FOUND @ id"]);
    shop.stop().await;
}
