//! Over HTTP: what staff publish is found by buyers, and by nobody when it is not published any more.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::{Client, Graphql, PluginFolder, TestHost};

/// Longest a change may take until it is found.
const SOON: Duration = Duration::from_secs(1);
/// Longest a test waits on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const SEARCH: &str = "query($t: String, $f: [ProductSearchFilter!], $c: [String!], $s: ProductSearchSort! = RELEVANCE, \
                      $n: Int, $a: String) { \
                      productSearch(text: $t, filters: $f, facets: $c, sort: $s, first: $n, after: $a) { \
                      totalCount totalIsExact degraded nodes { product { id slug name isActive } matchedVariants { sku price { amount } } } \
                      edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } facets { facet values { value count } } } }";

pub(super) async fn shop(change: impl FnOnce(&mut vectis::config::Config)) -> TestHost {
    TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.events.run_in_server = true;
        config.events.look_interval = Duration::from_millis(100);
        config.database.max_connections = 24;
        config.search.facets = vec!["brand".to_owned()];
        change(config);
    })
    .await
}

pub(super) async fn find(client: &Client, variables: Value) -> Graphql {
    let answer = client.send(SEARCH, variables).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    answer
}

/// Searches until the answer is as told; how long that took.
pub(super) async fn until(
    client: &Client,
    variables: Value,
    is_right: impl Fn(&Graphql) -> bool,
) -> Duration {
    let started = Instant::now();
    loop {
        let answer = find(client, variables.clone()).await;
        if is_right(&answer) {
            return started.elapsed();
        }
        assert!(started.elapsed() < PATIENCE, "{}", answer.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) fn total(answer: &Graphql) -> u64 {
    answer.at("/productSearch/totalCount").as_u64().unwrap()
}

pub(super) fn slugs(answer: &Graphql) -> Vec<String> {
    let nodes = answer.at("/productSearch/nodes");
    nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["product"]["slug"].as_str().unwrap().to_owned())
        .collect()
}

pub(super) async fn put(staff: &Client, slug: &str, name: &str, more: Value) {
    let mut product = json!({
        "slug": slug, "name": name, "variants": [{ "sku": format!("{}-01/A", slug.to_uppercase()) }],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        product[key] = value.clone();
    }
    staff.mutate("productsUpsert", json!({ "products": [product] })).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_publish_is_found_within_a_second_and_gone_when_it_is_not_published() {
    let host = shop(|_| {}).await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    // What the demo shop sells is there, with prices of the caller.
    until(&buyer, json!({ "t": "hex001" }), |answer| total(answer) == 1).await;
    let found = find(&buyer, json!({ "t": "hex001" })).await;
    assert_eq!(found.at("/productSearch/nodes/0/matchedVariants/0/sku"), "HEX-001");
    assert!(found.at("/productSearch/nodes/0/matchedVariants/0/price/amount").is_string(), "{}", found.body);
    assert_eq!(found.at("/productSearch/degraded"), false);

    put(&staff, "flux", "Flux capacitor", json!({ "customFields": { "brand": "Acme" } })).await;
    let took = until(&buyer, json!({ "t": "flux capacitor" }), |answer| slugs(answer) == ["flux"]).await;
    assert!(took <= SOON, "{took:?}");
    put(&staff, "flux", "Flux condenser", json!({ "customFields": { "brand": "Acme" } })).await;
    until(&buyer, json!({ "t": "condenser" }), |answer| slugs(answer) == ["flux"]).await;
    assert_eq!(total(&find(&buyer, json!({ "t": "capacitor" })).await), 0);

    let query = "{ productBySlug(slug: \"flux\") { id version } }";
    let product = staff.send(query, json!({})).await.ok();
    let off = json!({ "id": product.text("/productBySlug/id"), "version": product.at("/productBySlug/version"), "isActive": false });
    staff.mutate("productActivate", off).await.ok();

    let wanted = json!({ "t": "condenser", "c": ["brand"] });
    let took = until(&buyer, wanted.clone(), |answer| total(answer) == 0).await;
    assert!(took <= SOON, "{took:?}");
    for client in [&buyer, &staff, &host.client().channel("retail")] {
        let gone = find(client, wanted.clone()).await;
        assert_eq!((total(&gone), slugs(&gone).len()), (0, 0));
        assert_eq!(gone.at("/productSearch/facets/0/values"), json!([]));
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_not_published_any_more_is_no_hit_even_before_the_index_knows() {
    let host = shop(|_| {}).await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    put(&staff, "flux", "Flux capacitor", json!({})).await;
    until(&buyer, json!({ "t": "flux" }), |answer| total(answer) == 1).await;

    // Behind the back of the events.
    sqlx::query("UPDATE products.product SET is_active = false WHERE slug = 'flux'")
        .execute(host.db.pool())
        .await
        .unwrap();

    for client in [&buyer, &staff] {
        assert_eq!(slugs(&find(client, json!({ "t": "flux" })).await), Vec::<String>::new());
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_hold_what_stands_below_them_and_facets_are_counted() {
    let host = shop(|_| {}).await;
    let (staff, visitor) = (host.staff().await, host.client().channel("retail"));
    for (slug, parent) in [("zoo", Value::Null), ("cats", json!("zoo")), ("lions", json!("cats"))] {
        let category = json!({ "slug": slug, "name": slug, "parentSlug": parent, "position": 0 });
        staff.mutate("categoryUpsert", category).await.ok();
    }
    for (slug, category, brand) in
        [("simba", "lions", "Acme"), ("tom", "cats", "Acme"), ("stone", "zoo", "Rocks")]
    {
        let more =
            json!({ "categorySlugs": [category], "customFields": { "brand": brand, "cost": "12.34" } });
        put(&staff, slug, &format!("Plush {slug}"), more).await;
    }
    until(&visitor, json!({ "t": "plush" }), |answer| total(answer) == 3).await;

    let below = |slug: &str| json!({ "f": [{ "facet": "category", "values": [slug] }], "s": "NAME" });
    assert_eq!(slugs(&find(&visitor, below("zoo")).await), ["simba", "stone", "tom"]);
    assert_eq!(slugs(&find(&visitor, below("cats")).await), ["simba", "tom"]);
    assert_eq!(slugs(&find(&visitor, below("lions")).await), ["simba"]);
    assert_eq!(total(&find(&visitor, below("nowhere")).await), 0);
    let counted = find(&visitor, json!({ "t": "plush", "c": ["brand"] })).await;
    let values = json!([{ "value": "Acme", "count": 2 }, { "value": "Rocks", "count": 1 }]);
    assert_eq!(counted.at("/productSearch/facets"), json!([{ "facet": "brand", "values": values }]));

    // A category that moves takes what stands in it along, without a word to the index.
    staff
        .mutate(
            "categoryUpsert",
            json!({ "slug": "lions", "name": "Lions", "parentSlug": null, "position": 0 }),
        )
        .await
        .ok();
    assert_eq!(slugs(&find(&visitor, below("zoo")).await), ["stone", "tom"]);

    // Fields that are no facets are none, whatever they are called.
    for facet in ["cost", "price", "audience", "brand=", "brand\" = 1"] {
        let answer = visitor.send(SEARCH, json!({ "c": [facet] })).await;
        assert_eq!(answer.error_code(), "INVALID_INPUT", "{}", answer.body);
        let answer = visitor.send(SEARCH, json!({ "f": [{ "facet": facet, "values": ["1"] }] })).await;
        assert_eq!(answer.error_code(), "INVALID_INPUT", "{}", answer.body);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_and_limits_hold() {
    let host = shop(|_| {}).await;
    let (staff, visitor) = (host.staff().await, host.client().channel("retail"));
    let products: Vec<Value> = (0..25)
        .map(|number| json!({ "slug": format!("duck-{number}"), "name": "Rubber duck", "variants": [{ "sku": format!("DUCK-{number}") }] }))
        .collect();
    staff.mutate("productsUpsert", json!({ "products": products })).await.ok();
    until(&visitor, json!({ "t": "duck" }), |answer| total(answer) == 25).await;

    let (mut seen, mut after) = (Vec::new(), Value::Null);
    for more in [true, true, false] {
        let page = find(&visitor, json!({ "t": "rubber duck", "n": 10, "a": after })).await;
        seen.extend(slugs(&page));
        assert_eq!(page.at("/productSearch/pageInfo/hasNextPage"), more);
        after = page.at("/productSearch/pageInfo/endCursor");
    }
    assert_eq!(seen.len(), 25);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 25);

    for wrong in [
        json!({ "n": 101 }),
        json!({ "n": 0 }),
        json!({ "a": "x" }),
        json!({ "a": "10001" }),
        json!({ "a": "-1" }),
    ] {
        let answer = visitor.send(SEARCH, wrong.clone()).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{wrong}: {}", answer.body);
    }
    for wrong in ["x".repeat(10_000), "nul\0".to_owned()] {
        let answer = visitor.send(SEARCH, json!({ "t": wrong })).await;
        assert_eq!(answer.error_code(), "INVALID_INPUT", "{}", answer.body);
    }
    for nothing in ["!!!", "🙂🙂", "'; --"] {
        assert_eq!(total(&find(&visitor, json!({ "t": nothing })).await), 0, "{nothing}");
    }
    assert!(total(&find(&visitor, json!({ "t": "  " })).await) > 25);
    // An unknown channel sees nothing at all.
    let refused = host.client().channel("nowhere").send(SEARCH, json!({ "t": "duck" })).await;
    assert!(refused.at("/productSearch").is_null() && !refused.error_code().is_empty(), "{}", refused.body);
    host.stop().await;
}
