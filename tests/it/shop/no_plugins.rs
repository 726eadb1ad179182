//! Strategies decide: with an empty plugins folder every decision is refused, and the refusal names what is missing.

use serde_json::json;
use vectis_tests::shop::lines;
use vectis_tests::{PluginFolder, TestHost};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_plugins_folder_starts_and_refuses_every_decision_by_name() {
    let host = TestHost::start(PluginFolder::empty(), true).await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);

    let listed = staff.send("{ plugins { name } }", json!({})).await;
    assert_eq!(listed.at("/plugins").as_array().unwrap().len(), 0);

    let price = buyer.send("{ variantsBySku(skus: [\"HEX-001\"]) { price { amount } } }", json!({})).await;
    assert_eq!(price.error_code(), "STRATEGY_FAILED", "{}", price.body);
    assert!(
        price.body.to_string().contains("no plugin answers vectis.pricing in channel wholesale"),
        "{}",
        price.body
    );

    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(1, 1)).await;
    assert_eq!(added.user_errors(), ["STRATEGY_FAILED @ "], "{}", added.body);
    assert!(added.body.to_string().contains("vectis.pricing"), "{}", added.body);

    let process = staff
        .send(
            "query($id: ID!) { orderProcess(channelId: $id) { states { key } } }",
            json!({ "id": channel_id(&staff, "wholesale").await }),
        )
        .await;
    assert!(process.body.to_string().contains("no plugin answers vectis.order_process"), "{}", process.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_point_is_named_where_its_decision_is_needed() {
    // Every folder lacks one plugin; the step that needs it says so, and nothing is placed.
    for (missing, point) in [
        ("tiered-pricing", "vectis.pricing"),
        ("tax-table", "vectis.tax"),
        ("approval-rules", "vectis.approval"),
        ("b2b-order-process", "vectis.order_process"),
    ] {
        let folder = PluginFolder::empty();
        let others = vectis_tests::plugins::FIRST_PARTY.iter();
        // The retail process must not stand in for the other one.
        let others = others.filter(|name| {
            **name != missing && (missing != "b2b-order-process" || **name != "retail-order-process")
        });
        others.for_each(|name| folder.drop_in(name));
        let host = TestHost::start(folder, true).await;
        let buyer = host.buyer().await;
        let cart = buyer.new_cart().await;

        let added = buyer.add_lines(&cart, lines(2, 1)).await;
        let answer = if missing == "tiered-pricing" || missing == "tax-table" {
            added
        } else {
            let version = added.ok().at("/cartLinesAdd/cart/version");
            buyer.submit(&cart, &version, "k").await
        };

        assert!(answer.body.to_string().contains(point), "{missing}: {}", answer.body);
        let orders: i64 = sqlx::query_scalar("SELECT count(*) FROM orders.sales_order")
            .fetch_one(host.db.pool())
            .await
            .unwrap();
        assert_eq!(orders, 0, "{missing}");
        host.stop().await;
    }
}

pub(crate) async fn channel_id(staff: &vectis_tests::Client, slug: &str) -> String {
    staff
        .send("query($s: String) { channel(slug: $s) { id } }", json!({ "s": slug }))
        .await
        .text("/channel/id")
}
