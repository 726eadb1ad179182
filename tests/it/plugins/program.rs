//! What only a process of its own shows: SIGHUP and the metrics of the process.

use serde_json::json;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{cart_prices, soon};
use crate::kills::program::Program;

async fn names(staff: &Client) -> String {
    staff.send("{ plugins { name status } }", json!({})).await.ok().body.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_looks_into_the_folder_and_the_metrics_count_calls() {
    let host = TestHost::demo().await;
    let program = Program::start(&host).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let staff = client.signed_in("admin@demo.vectis.test", PASSWORD).await;
    let buyer = client.signed_in("buyer@demo.vectis.test", PASSWORD).await;
    assert!(!names(&staff).await.contains("plugin-template"));

    host.plugins.drop_in("plugin-template");
    program.hang_up();

    soon("the dropped plugin is listed", || async { names(&staff).await.contains("plugin-template") }).await;
    cart_prices(&buyer, 2).await.unwrap();
    let metrics =
        reqwest::get(program.url.replace("graphql", "metrics")).await.unwrap().text().await.unwrap();
    let line = |name: &str| {
        let labels = "plugin=\"tiered-pricing\",point=\"vectis.pricing\",entry_point=";
        metrics.lines().find(|line| line.starts_with(name) && line.contains(labels)).map(str::to_owned)
    };
    let calls = line("vectis_plugin_calls_total").expect("calls are counted");
    let count: u64 = calls.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(count >= 1, "{calls}");
    assert!(line("vectis_plugin_errors_total").unwrap().ends_with(" 0"), "{metrics}");
    assert!(line("vectis_plugin_call_seconds").is_some(), "{metrics}");
    program.kill().await;
    host.stop().await;
}
