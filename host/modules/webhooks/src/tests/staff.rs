//! What staff do, and who may.

use serde_json::json;
use sqlx::PgPool;
use vectis_contracts::webhooks::{DeliveriesOf, DeliveryStatus, WebhookCode, WebhookSettings};
use vectis_kernel::ids::{WebhookDeliveryId, WebhookId};
use vectis_kernel::{Failure, PageRequest};

use super::{room, settings};

fn code<T: std::fmt::Debug>(outcome: Result<T, Failure<WebhookCode>>) -> WebhookCode {
    outcome.unwrap_err().refusals()[0].code
}

#[sqlx::test(migrations = false)]
async fn without_permission_nothing_is_shown_or_changed(pool: PgPool) {
    let room = room(pool).await;
    let (id, who) = (room.make("https://a.example").await, room.powerless());
    let delivery = WebhookDeliveryId(uuid::Uuid::from_u128(1));
    let webhooks = &room.webhooks;

    assert_eq!(code(webhooks.list(&who).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.get_many(&who, &[id]).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.deliveries(&who, &[]).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.create(&who, settings("https://b.example")).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.update(&who, id, settings("https://b.example")).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.delete(&who, id).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.rotate_secret(&who, id).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.enable(&who, id).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.disable(&who, id, "why").await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.send_test(&who, id).await), WebhookCode::Forbidden);
    assert_eq!(code(webhooks.delivery_retry(&who, delivery).await), WebhookCode::Forbidden);
    assert_eq!(room.actions(), ["create"]);
}

#[sqlx::test(migrations = false)]
async fn every_change_is_told_and_recorded_and_no_query_of_a_url_is(pool: PgPool) {
    let room = room(pool).await;
    let id = room.make("https://a.example/hook?token=geheim").await;

    room.webhooks.update(&room.ctx(), id, settings("https://b.example/hook?token=geheim")).await.unwrap();
    room.webhooks.rotate_secret(&room.ctx(), id).await.unwrap();
    room.webhooks.disable(&room.ctx(), id, "the till moves").await.unwrap();
    room.webhooks.disable(&room.ctx(), id, "again").await.unwrap();
    room.webhooks.enable(&room.ctx(), id).await.unwrap();
    room.webhooks.enable(&room.ctx(), id).await.unwrap();
    room.webhooks.send_test(&room.ctx(), id).await.unwrap();
    room.webhooks.delete(&room.ctx(), id).await.unwrap();

    let told = ["create", "update", "rotate_secret", "disable", "enable", "test", "delete"];
    assert_eq!(room.actions(), told);
    let recorded = ["create", "update", "rotate_secret", "disable", "enable", "delete"];
    assert_eq!(room.audit.actions(), recorded.map(|verb| format!("webhook.{verb}")));
    let facts: Vec<_> = room.told.lock().unwrap().iter().map(|event| event.payload.clone()).collect();
    assert_eq!(facts[3]["reason"], "the till moves");
    assert!(!json!(facts).to_string().contains("geheim") && !room.audit.details().contains("geheim"));
    assert_eq!(room.webhooks.list(&room.ctx()).await.unwrap(), []);
}

#[sqlx::test(migrations = false)]
async fn the_same_request_makes_one_webhook_with_one_secret(pool: PgPool) {
    let room = room(pool).await;

    let first = room.webhooks.create(&room.keyed("one"), settings("https://a.example")).await.unwrap();
    let again = room.webhooks.create(&room.keyed("one"), settings("https://a.example")).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(room.webhooks.list(&room.ctx()).await.unwrap().len(), 1);
    let stored: String = sqlx::query_scalar("SELECT answer::text FROM events.idempotency")
        .fetch_one(room.db.pool())
        .await
        .unwrap();
    assert!(!stored.contains(&first.1.0[6..]), "{stored}");
}

#[sqlx::test(migrations = false)]
async fn settings_that_cannot_be_are_refused_all_at_once(pool: PgPool) {
    let room = room(pool).await;
    let wrong = WebhookSettings {
        url: "https://inside.example".to_owned(),
        description: "x".repeat(201),
        event_types: vec!["vectis.orders.*".to_owned(), "vectis.orders.order_lost.v1".to_owned()],
        channel_id: None,
    };

    let failure = room.webhooks.create(&room.ctx(), wrong).await.unwrap_err();

    let fields: Vec<String> = failure.refusals().iter().map(|refusal| refusal.field.join(".")).collect();
    assert_eq!(fields, ["url", "description", "event_types.1"]);
    let none = WebhookSettings { event_types: Vec::new(), ..settings("https://a.example") };
    assert_eq!(code(room.webhooks.create(&room.ctx(), none).await), WebhookCode::InvalidInput);
    let missing = WebhookId(uuid::Uuid::from_u128(1));
    assert_eq!(code(room.webhooks.send_test(&room.ctx(), missing).await), WebhookCode::WebhookNotFound);
    assert_eq!(room.actions(), Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn a_hundred_webhooks_are_all_there_may_be(pool: PgPool) {
    let room = room(pool).await;
    for number in 0..100 {
        room.make(&format!("https://{number}.example")).await;
    }

    assert_eq!(
        code(room.webhooks.create(&room.ctx(), settings("https://a.example")).await),
        WebhookCode::TooMany
    );
}

#[sqlx::test(migrations = false)]
async fn pages_of_several_webhooks_come_in_the_order_asked_for(pool: PgPool) {
    let room = room(pool).await;
    let (a, b) = (room.make("https://a.example").await, room.make("https://b.example").await);
    room.orders(1..6).await;
    let claimed = room.claim().await;
    let of_b = claimed.iter().find(|attempt| attempt.webhook_id == b).unwrap();
    room.answer(of_b, 200).await;
    let of = |webhook_id, status, first, after| DeliveriesOf {
        webhook_id,
        status,
        page: PageRequest { first, after },
    };

    let asked = [
        of(b, Some(DeliveryStatus::Delivered), 10, None),
        of(a, None, 3, None),
        of(a, Some(DeliveryStatus::Failed), 3, None),
    ];
    let pages = room.webhooks.deliveries(&room.ctx(), &asked).await.unwrap();

    let delivered: Vec<_> = pages[0].items.iter().map(|delivery| delivery.id).collect();
    assert_eq!(delivered, [of_b.delivery_id]);
    assert_eq!((pages[1].items.len(), pages[1].has_next, pages[2].items.len()), (3, true, 0));
    let after = Some(pages[1].items[2].id.0);
    let rest = room.webhooks.deliveries(&room.ctx(), &[of(a, None, 3, after)]).await.unwrap();
    assert_eq!((rest[0].items.len(), rest[0].has_next), (2, false));
    assert_eq!(pages[0].items[0].response.as_deref(), Some("heard"));
}
