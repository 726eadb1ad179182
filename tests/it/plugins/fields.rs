//! A version that takes over brings its own fields: the schema is built anew, and no request is dropped.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;
use vectis_tests::plugins::{built, replaced};
use vectis_tests::{Client, Graphql, TestHost};

const TEXT: &str = "Months the maker stands in for the product";

/// The warranty plugin as another version of itself, with something changed to a text of the same length.
fn version(number: &str, from: &str, to: &str) -> Vec<u8> {
    let bytes = std::fs::read(built("product-warranty")).unwrap();
    replaced(replaced(bytes, "version = \"1.0.0\"", &format!("version = \"{number}\"")), from, to)
}

async fn swap(staff: &Client, to: &str) -> Graphql {
    staff.mutate("pluginSwap { plugins { name } }", json!({ "plugin": "product-warranty", "to": to })).await
}

async fn schema(staff: &Client) -> String {
    staff.send("{ schemaDefinition }", json!({})).await.ok().text("/schemaDefinition")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_builds_the_schema_anew_while_requests_run_and_a_version_that_cannot_be_merged_is_refused() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;
    let described = "M1nths the maker stands in for the product";
    host.plugins.bring("plain.so", &version("1.0.1", "version = \"1.0.1\"", "version = \"1.0.1\""));
    host.plugins.bring("newer.so", &version("1.1.0", TEXT, described));
    host.plugins.bring("closed.so", &version("1.2.0", "@public", "@publik"));
    for file in ["plain.so", "newer.so", "closed.so"] {
        super::install(&staff, file).await.ok();
    }
    let query = "{ products(first: 8) { nodes { name warrantyMonths } } }";
    let is_over = AtomicBool::new(false);
    let asking = join_all((0..2).map(|_| async {
        let (client, mut count) = (host.client(), 0);
        while !is_over.load(Ordering::SeqCst) {
            let answer = client.send(query, json!({})).await;
            assert!(answer.body["errors"].is_null(), "{}", answer.body);
            count += 1;
        }
        count
    }));
    let swapping = async {
        for round in 0..10 {
            let is_newer = round % 2 == 0;
            swap(&staff, if is_newer { "1.1.0" } else { "1.0.1" }).await.ok();
            let refused = swap(&staff, "1.2.0").await;
            assert!(refused.body.to_string().contains("refused at step graphql"), "{}", refused.body);
            let schema = schema(&staff).await;
            assert_eq!((schema.contains(described), schema.contains(TEXT)), (is_newer, !is_newer));
        }
        is_over.store(true, Ordering::SeqCst);
    };

    let (asked, ()) = tokio::join!(asking, swapping);

    assert!(asked.into_iter().all(|count: u32| count > 0));
    host.stop().await;
}
