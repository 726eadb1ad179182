//! Plugins come, change and go; the schema follows, and no request is dropped.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use vectis_tests::TestHost;

use super::{ask, reload, shop};
use crate::shop::no_plugins::channel_id;

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_makes_a_new_schema_while_requests_run() {
    let host = shop().await;
    let staff = host.staff().await;
    let query = "{ products(first: 8) { nodes { name warrantyMonths variants { sku faultSku } } } }";
    let is_over = AtomicBool::new(false);
    let asking = join_all((0..4).map(|_| async {
        let (client, mut count) = (host.client(), 0);
        while !is_over.load(Ordering::SeqCst) {
            let answer = client.send(query, json!({})).await;
            assert!(answer.body["errors"].is_null(), "{}", answer.body);
            count += 1;
        }
        count
    }));
    let text = "Months the maker stands in for the product";
    let swapping = async {
        for round in 0..6 {
            let version = format!("version = \"1.{round}.0\"");
            let described = format!("M{round}nths the maker stands in for the product");
            let changes = [("version = \"1.0.0\"", &*version), (text, &*described)];
            host.plugins.drop_in_changed("product-warranty", "product-warranty", &changes);
            let loaded = reload(&staff, "product-warranty.so").await;
            assert_eq!(loaded["version"], format!("1.{round}.0"));
            let seen = ask(&staff, "{ __type(name: \"Product\") { fields { name description } } }").await;
            assert!(seen.body.to_string().contains(&described), "{}", seen.body);
        }
        is_over.store(true, Ordering::SeqCst);
    };

    let (asked, ()) = tokio::join!(asking, swapping);

    assert!(asked.into_iter().all(|count: u32| count > 0));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_comes_adds_its_fields_and_takes_them_along() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;
    let query = "{ products(first: 1) { nodes { warrantyMonths } } }";
    assert_eq!(ask(&staff, query).await.error_code(), "BAD_USER_INPUT");

    host.plugins.drop_in("product-warranty");
    assert_eq!(reload(&staff, "product-warranty.so").await["status"], "LOADED");
    assert_eq!(ask(&staff, query).await.at("/products/nodes/0/warrantyMonths"), 0);

    std::fs::remove_file(host.plugins.path().join("product-warranty.so")).unwrap();
    ask(&staff, "mutation { pluginsReload { userErrors { code } } }").await.ok();
    assert_eq!(ask(&staff, query).await.error_code(), "BAD_USER_INPUT");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_channel_has_its_own_configuration() {
    let host = shop().await;
    let staff = host.staff().await;
    let config = json!({ "others": { "months": 36, "scope": "REPLACEMENT" } });
    let input = json!({
        "channelId": channel_id(&staff, "wholesale").await, "point": "vectis.fields", "plugin": "product-warranty",
        "config": config,
    });
    staff.mutate("strategyActivate {}", input).await.ok();
    let query = "{ products(first: 2) { nodes { warrantyMonths warranty { scope } } } }";

    let wholesale = ask(&host.client().channel("wholesale"), query).await;
    let retail = ask(&host.client().channel("retail"), query).await;

    assert_eq!(
        wholesale.at("/products/nodes/1"),
        json!({ "warrantyMonths": 36, "warranty": { "scope": "REPLACEMENT" } })
    );
    assert_eq!(retail.at("/products/nodes/1"), json!({ "warrantyMonths": 0, "warranty": null }));
    host.stop().await;
}
