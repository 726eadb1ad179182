//! One call for all parents of a field, whatever the query looks like.

use serde_json::json;
use vectis_tests::client::request;
use vectis_tests::shop::lines;

use super::{ask, shop};

/// How often the fields of `fault-fields` were asked so far.
async fn calls(client: &vectis_tests::Client) -> i64 {
    ask(client, "{ faultCalls }").await.at("/faultCalls").as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_ask_a_plugin_once() {
    let host = shop().await;
    let buyer = host.buyer().await;
    let cart = buyer.new_cart().await;
    buyer.add_lines(&cart, lines(1_000, 1)).await.ok();
    let before = calls(&buyer).await;

    let answer = buyer
        .send(
            "query($id: ID!) { cart(id: $id) { lines { sku variant { faultSku product { name warrantyMonths } } } } }",
            json!({ "id": cart }),
        )
        .await;

    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    let read = answer.at("/cart/lines");
    let read = read.as_array().unwrap();
    assert_eq!(read.len(), 1_000);
    for line in read {
        assert_eq!(line["variant"]["faultSku"], line["sku"]);
        assert_eq!(line["variant"]["product"]["warrantyMonths"], 0);
        assert_eq!(line["variant"].as_object().unwrap().len(), 2, "nothing but what was asked for: {line}");
    }
    assert_eq!(calls(&buyer).await - before, 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_fragments_and_levels_share_one_call_and_other_arguments_make_another() {
    let host = shop().await;
    let buyer = host.buyer().await;
    let before = calls(&buyer).await;

    let answer = ask(
        &buyer,
        "query { one: variantsBySku(skus: [\"HEX-001\"]) { ...sku again: faultSku } \
           deep: products(first: 3) { nodes { name variants { ... on ProductVariant { sku faultSku } } } edges { node { id } } } \
           other: variantsBySku(skus: [\"NUT-001\"]) { faultSku(fault: \"none\") left: faultSku @skip(if: true) } } \
         fragment sku on ProductVariant { own: faultSku }",
    )
    .await;

    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    assert_eq!(answer.at("/one/0"), json!({ "own": "HEX-001", "again": "HEX-001" }));
    let product = answer.at("/deep/nodes/0");
    assert_eq!(product["variants"][7]["faultSku"], product["variants"][7]["sku"]);
    assert_eq!(answer.at("/other/0"), json!({ "faultSku": "NUT-001" }));
    assert_eq!(calls(&buyer).await - before, 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_come_in_the_order_they_were_asked_for() {
    let host = shop().await;

    let query =
        "{ variantsBySku(skus: [\"HEX-001\"]) { product { b: faultNumber name a: warrantyMonths } } }";
    let (_, body) = host.client().exchange(request(query, json!({}))).await.unwrap();

    let text = String::from_utf8(body).unwrap();
    let places: Vec<_> = ["\"b\"", "\"name\"", "\"a\""].iter().map(|key| text.find(key).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_count_added_fields_like_all_others() {
    let host = shop().await;
    let fields = |field: &str, count: usize| {
        let many: String = (0..count).map(|_| format!("{field} ")).collect();
        format!("{{ products(first: 100) {{ nodes {{ {many} }} }} }}")
    };

    let under = ask(&host.client(), &fields("warrantyMonths", 90)).await;
    let over = ask(&host.client(), &fields("warrantyMonths", 110)).await;
    let mut deep = "name".to_owned();
    for _ in 0..11 {
        deep = format!("inner {{ {deep} }}");
    }
    let deep = ask(
        &host.client(),
        &format!("{{ variantsBySku(skus: []) {{ product {{ faultThing {{ {deep} }} }} }} }}"),
    )
    .await;

    assert!(under.body["errors"].is_null(), "{}", under.body);
    assert_eq!(over.error_code(), "LIMIT_EXCEEDED", "{}", over.body);
    assert_eq!(deep.error_code(), "LIMIT_EXCEEDED", "{}", deep.body);
    let taken = ask(&host.client(), "{ products { nodes { __vectis_id: name warrantyMonths } } }").await;
    assert_eq!(taken.error_code(), "BAD_USER_INPUT", "{}", taken.body);
    host.stop().await;
}
