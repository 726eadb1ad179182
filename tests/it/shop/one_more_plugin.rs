//! A merchant drops one more `.so` into the folder of a running shop: listed, activated, and the next cart is priced by it.

use serde_json::json;
use vectis_tests::TestHost;
use vectis_tests::shop::lines;

use super::no_plugins::channel_id;

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_plugin_is_listed_activated_and_prices_the_next_cart() {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);
    let before = buyer.new_cart().await;
    let before = buyer.add_lines(&before, lines(1, 1)).await.ok();
    assert_eq!(before.at("/cartLinesAdd/cart/lines/0/unitPrice/amount"), "0.18");

    host.plugins.drop_in("plugin-template");
    let reloaded = staff
        .send("mutation { pluginsReload { plugins { name status refusal } userErrors { code } } }", json!({}))
        .await;
    let names: Vec<&str> = reloaded.body["data"]["pluginsReload"]["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|plugin| plugin["status"] == "LOADED")
        .filter_map(|plugin| plugin["name"].as_str())
        .collect();
    assert!(names.contains(&"plugin-template") && names.len() == 6, "{}", reloaded.body);

    let activate = |config: serde_json::Value, channel: String| {
        let staff = staff.clone();
        async move {
            staff
                .send(
                    "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { code field message } } }",
                    json!({ "i": { "channelId": channel, "point": "vectis.pricing", "plugin": "plugin-template", "config": config } }),
                )
                .await
        }
    };
    let channel = channel_id(&staff, "wholesale").await;
    let typo = activate(json!({ "per_cent": 10 }), channel.clone()).await;
    let refused = &typo.body["data"]["strategyActivate"]["userErrors"][0];
    assert_eq!(refused["code"], "INVALID_CONFIG", "{}", typo.body);
    assert_eq!(refused["field"], json!(["/per_cent"]), "the key as the operator wrote it");
    activate(json!({ "percent": 10 }), channel).await.ok();

    let after = buyer.new_cart().await;
    let after = buyer.add_lines(&after, lines(1, 1)).await.ok();
    assert_eq!(after.at("/cartLinesAdd/cart/lines/0/unitPrice/amount"), "0.162");
    host.stop().await;
}
