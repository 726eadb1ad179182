//! Where webhooks may not go.

use std::time::Duration;

use serde_json::json;
use vectis_tests::receiver::{Behaviour, Receiver};

use super::{act, deliveries, make, seen, shop_with, until};

#[tokio::test(flavor = "multi_thread")]
async fn urls_that_lead_inside_are_refused_when_they_are_named() {
    let shop = shop_with(|config| {
        config.webhooks.allow_http = false;
        config.webhooks.addresses = vec!["10.1.2.0/24".to_owned()];
    })
    .await;
    let staff = shop.staff().await;

    for url in [
        "https://127.0.0.1/hook",
        "https://2130706433/hook",
        "https://[::ffff:10.0.0.1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.3.4/hook",
        "http://example.com/hook",
        "ftp://example.com/hook",
        "https://name:word@example.com/hook",
        "hook",
    ] {
        let input = json!({ "url": url, "eventTypes": ["vectis.orders.*"] });
        let refused = staff.mutate("webhookCreate { webhook { id } secret }", input).await;
        assert_eq!(refused.user_errors(), ["INVALID_INPUT @ url"], "{url}");
    }
    for url in ["https://example.com/hook", "https://10.1.2.3:8443/hook"] {
        make(&staff, url, &["vectis.orders.*"]).await;
    }
    let input = json!({ "url": "https://example.com/", "eventTypes": ["vectis.orders.*", "vectis.moon.*", "orders"] });
    let refused = staff.mutate("webhookCreate { webhook { id } secret }", input).await;
    assert_eq!(refused.user_errors(), ["INVALID_INPUT @ eventTypes.1", "INVALID_INPUT @ eventTypes.2"]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_means_this_machine_is_refused_when_it_is_looked_up() {
    let shop = shop_with(|config| config.webhooks.addresses = Vec::new()).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let url = receiver.url("/hook").replace("127.0.0.1", "localhost");
    let hook = make(&staff, &url, &["vectis.orders.*"]).await;

    act(&staff, "webhookSendTest", &hook.id).await;
    let tried = until("it is tried", async || {
        Some(seen(&staff, &hook.id).await)
            .filter(|seen| deliveries(seen).first().is_some_and(|delivery| !delivery["error"].is_null()))
    })
    .await;

    let error = deliveries(&tried)[0]["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("localhost is no address of the public internet"), "{error}");
    assert_eq!(receiver.told("/hook").len(), 0);
    shop.stop().await;
}

/// The receiver is outside as far as the shop can tell; what it redirects to is inside.
#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let shop = shop_with(|config| config.webhooks.attempts = 1).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.orders.*"]).await;
    receiver.will("/hook", [Behaviour::Redirects(receiver.url("/inside"))]);

    act(&staff, "webhookSendTest", &hook.id).await;
    let failed = super::all_stand(&staff, &hook.id, "FAILED", 1).await;

    let delivery = &deliveries(&failed)[0];
    assert_eq!(delivery["statusCode"], 302);
    assert!(delivery["error"].as_str().unwrap().contains("redirects are not followed"), "{delivery}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((receiver.told("/hook").len(), receiver.told("/inside").len()), (1, 0));
    shop.stop().await;
}
