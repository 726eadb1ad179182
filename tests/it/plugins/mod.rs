//! Versions of plugins in a running shop: installed, swapped under load, followed by every process, told of.

mod audit;
mod fields;
mod program;
mod replicas;
mod swaps;

use std::time::Duration;

use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, Graphql, TestHost};

use crate::kills::program::Program;
use crate::shop::no_plugins::channel_id;

/// A shop whose wholesale channel is priced by the fault plugin, version 1.0.0, which adds nothing.
async fn shop_with_versions() -> TestHost {
    let host = TestHost::demo().await;
    let staff = host.staff().await;
    host.plugins.drop_in("fault-plugin");
    staff.send("mutation { pluginsReload { userErrors { message } } }", json!({})).await.ok();
    let input = json!({
        "channelId": channel_id(&staff, "wholesale").await, "point": "vectis.pricing", "plugin": "fault",
        "entryPoint": "fault-pricing",
    });
    staff.mutate("strategyActivate { plugins { name } }", input).await.ok();
    host
}

/// The same person at a program beside the shop.
async fn at(program: &Program, person: &str) -> Client {
    let client = Client::new(program.url.clone()).channel("wholesale");
    client.signed_in(&format!("{person}@demo.vectis.test"), PASSWORD).await
}

async fn install(staff: &Client, file: &str) -> Graphql {
    staff.mutate("pluginInstall { isInForce version { version sha256 } }", json!({ "file": file })).await
}

async fn swap(staff: &Client, to: &str) -> Graphql {
    staff.mutate("pluginSwap { plugins { name } }", json!({ "plugin": "fault", "to": to })).await
}

async fn roll_back(staff: &Client) -> Graphql {
    staff.mutate("pluginRollback { plugins { name } }", json!({ "plugin": "fault" })).await
}

/// Unit prices of a new cart with so many lines, in millionths.
async fn cart_prices(buyer: &Client, lines: usize) -> Result<Vec<i64>, Value> {
    let cart = buyer.new_cart().await;
    let answer = buyer.add_lines(&cart, vectis_tests::shop::lines(lines, 1)).await;
    let found = answer.at("/cartLinesAdd/cart/lines");
    let price = |line: &Value| {
        let amount: f64 = line["unitPrice"]["amount"].as_str()?.parse().ok()?;
        Some((amount * 1e6).round() as i64)
    };
    let prices: Option<Vec<i64>> = found.as_array().and_then(|lines| lines.iter().map(price).collect());
    prices.filter(|prices| prices.len() == lines).ok_or(answer.body)
}

/// What a shop is seen to become, soon.
async fn soon<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..300 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!("not within 30 s: {what}");
}
