//! Meilisearch gone, slow, broken, wiped, behind: searches are answered all the same, and orders know nothing of it.

use std::time::{Duration, Instant};

use serde_json::json;
use vectis_tests::meilisearch::{KEY, Meilisearch};
use vectis_tests::{Client, TestHost};

use super::shop::{find, put, shop, slugs, total, until};
use crate::events::place_an_order;

/// A search that falls back may take its budget, and what the database takes, on a busy machine.
const BOUND: Duration = Duration::from_millis(1_500);

async fn shop_on(server: &Meilisearch) -> TestHost {
    let url = server.url();
    shop(|config| {
        config.search.meilisearch_url = url;
        config.search.meilisearch_key = vectis::config::Secret::from(KEY.to_owned());
        config.search.meilisearch_budget = Duration::from_millis(300);
        config.search.meilisearch_behind = Duration::from_secs(2);
    })
    .await
}

async fn until_degraded(client: &Client, expected: bool) {
    until(client, json!({ "t": "hex001" }), |answer| {
        answer.at("/productSearch/degraded") == expected && total(answer) == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meilisearch_answers_with_settings_from_the_code_and_hears_of_changes() {
    let server = Meilisearch::start().await;
    let host = shop_on(&server).await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    until_degraded(&buyer, false).await;
    assert!(server.searches() > 0);
    let settings = server.settings("products").unwrap();
    assert_eq!(settings["filterableAttributes"], json!(["audience", "facets.category", "facets.brand"]));
    assert_eq!(server.documents("products-next"), None);

    put(&staff, "flux", "Flux capacitor", json!({ "customFields": { "brand": "Acme" } })).await;
    let took = until(&buyer, json!({ "t": "flux" }), |answer| slugs(answer) == ["flux"]).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    // Nothing that costs anything is told.
    let told = server.documents("products").unwrap();
    let names = [
        "audience",
        "codes",
        "description",
        "facetWords",
        "facets",
        "id",
        "name",
        "nameKey",
        "skus",
        "variantNames",
    ];
    for document in &told {
        assert_eq!(document.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_meilisearch_the_database_answers_in_time_and_orders_go_on() {
    let mut server = Meilisearch::start().await;
    let host = shop_on(&server).await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    until_degraded(&buyer, false).await;

    server.stop().await;
    for _ in 0..10 {
        let started = Instant::now();
        let answer = find(&buyer, json!({ "t": "hex001" })).await;
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        assert_eq!((answer.at("/productSearch/degraded"), total(&answer)), (json!(true), 1));
    }
    place_an_order(&host).await;
    put(&staff, "flux", "Flux capacitor", json!({})).await;
    until(&buyer, json!({ "t": "flux" }), |answer| slugs(answer) == ["flux"]).await;

    // Back, it gets what it missed.
    server.start_again().await;
    until_degraded(&buyer, false).await;
    until(&buyer, json!({ "t": "flux" }), |answer| {
        slugs(answer) == ["flux"] && answer.at("/productSearch/degraded") == false
    })
    .await;
    host.assert_books_balance().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_or_broken_meilisearch_costs_a_search_no_more_than_its_budget() {
    let server = Meilisearch::start().await;
    let host = shop_on(&server).await;
    let buyer = host.buyer().await;
    until_degraded(&buyer, false).await;

    server.slow_down(Duration::from_secs(5));
    let asked = server.searches();
    let mut slow = Vec::new();
    for _ in 0..12 {
        let started = Instant::now();
        let answer = find(&buyer, json!({ "t": "hex001" })).await;
        assert_eq!((answer.at("/productSearch/degraded"), total(&answer)), (json!(true), 1));
        assert!(started.elapsed() < BOUND, "{:?}", started.elapsed());
        slow.push(started.elapsed());
    }
    // After three failures it is left alone, and nobody waits for it.
    let waited = slow.iter().filter(|took| **took >= Duration::from_millis(300)).count();
    assert!(waited <= 6, "{slow:?}");
    assert!(server.searches() <= asked + 4);

    server.slow_down(Duration::ZERO);
    until_degraded(&buyer, false).await;
    server.break_down(true);
    let answer = find(&buyer, json!({ "t": "hex001" })).await;
    assert_eq!((answer.at("/productSearch/degraded"), total(&answer)), (json!(true), 1));
    server.break_down(false);
    until_degraded(&buyer, false).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_meilisearch_is_filled_again_by_itself() {
    let server = Meilisearch::start().await;
    let host = shop_on(&server).await;
    let buyer = host.buyer().await;
    until_degraded(&buyer, false).await;
    let before = server.documents("products").unwrap().len();

    server.wipe();
    let answer = find(&buyer, json!({ "t": "hex001" })).await;
    assert_eq!(total(&answer), 1, "{}", answer.body);

    until_degraded(&buyer, false).await;
    assert_eq!(server.documents("products").unwrap().len(), before);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_meilisearch_that_is_far_behind_is_not_believed() {
    let server = Meilisearch::start().await;
    let host = shop_on(&server).await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    put(&staff, "flux", "Flux capacitor", json!({})).await;
    until(&buyer, json!({ "t": "flux" }), |answer| total(answer) == 1).await;

    // A change that waits and waits: as if who takes changes there had stopped.
    let waits = "INSERT INTO search.waiting (index_name, product_id, created_at) \
                 SELECT 'meilisearch', '00000000-0000-0000-0000-000000000001', NOW() - INTERVAL '1 hour'";
    let mut lock = host.db.pool().begin().await.unwrap();
    sqlx::query("SELECT PG_ADVISORY_XACT_LOCK(HASHTEXTEXTENDED('vectis.search.meilisearch', 0))")
        .execute(&mut *lock)
        .await
        .unwrap();
    sqlx::query(waits).execute(host.db.pool()).await.unwrap();

    until_degraded(&buyer, true).await;
    lock.rollback().await.unwrap();
    until_degraded(&buyer, false).await;
    host.stop().await;
}
