//! A plugin keeps what it was told in tables of its own, from the shop's process and from one apart.

use serde_json::{Value, json};
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::permissions::staff_with;
use super::{ask, errors, reload, shop};
use crate::kills::program::Program;
use crate::shop::no_plugins::channel_id;

/// A shop in which tools have a warranty of two years.
pub(crate) async fn selling_tools() -> (TestHost, Client) {
    let host = shop().await;
    let staff = staff_with(&host, &["warranty.read", "warranty.register"]).await;
    let terms = json!({ "categories": { "tools": { "months": 24, "scope": "PARTS" } } });
    let input = json!({
        "channelId": channel_id(&staff, "wholesale").await, "point": "vectis.fields", "plugin": "product-warranty",
        "config": terms,
    });
    let query =
        "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { message } } }";
    let activated = staff.send(query, json!({ "i": input })).await;
    assert_eq!(activated.at("/strategyActivate/userErrors"), json!([]), "{}", activated.body);
    (host, staff)
}

pub(crate) async fn register(staff: &Client, serial: &str, bought_on: &str) -> Value {
    let input = json!({ "serialNumber": serial, "taxCategory": "tools", "boughtOn": bought_on });
    let query = "mutation($i: WarrantyRegisterInput!) { warrantyRegister(input: $i) { \
                 certificate { number validUntil endedOn } userErrors { code } } }";
    let answer = staff.send(query, json!({ "i": input })).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    answer.at("/warrantyRegister")
}

pub(crate) async fn certificate(staff: &Client, number: &Value) -> Value {
    let query = "query($n: String!) { warrantyCertificate(number: $n) { serialNumber validUntil } }";
    let answer = staff.send(query, json!({ "n": number })).await;
    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    answer.at("/warrantyCertificate")
}

async fn rows(host: &TestHost) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM plugin_product_warranty.certificate");
    count.fetch_one(host.db.pool()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mutation_kept_a_query_finds_from_here_and_from_a_process_apart() {
    let (host, staff) = selling_tools().await;

    let first = register(&staff, "a1", "2026-01-15").await;
    let again = register(&staff, "A1", "2026-01-15").await;
    let other = register(&staff, "A1", "2026-01-16").await;

    let number = &first["certificate"]["number"];
    assert_eq!(first["certificate"]["validUntil"], "2028-01-14");
    assert_eq!(again, first);
    assert_eq!(other["userErrors"], json!([{ "code": "ALREADY_REGISTERED" }]));
    assert_eq!(rows(&host).await, 1);
    let found = json!({ "serialNumber": "A1", "validUntil": "2028-01-14" });
    assert_eq!(certificate(&staff, number).await, found);

    let apart = Program::start_with(&host, &["plugins.isolation.product-warranty=process"]).await;
    let there = Client::new(apart.url.clone()).channel("wholesale");
    let there = there.signed_in("admin@demo.vectis.test", PASSWORD).await;
    assert_eq!(certificate(&there, number).await, found);
    assert_eq!(register(&there, "A1", "2026-01-15").await, first);
    let second = register(&there, "B2", "2026-01-15").await;
    assert_eq!(certificate(&staff, &second["certificate"]["number"]).await["serialNumber"], "B2");
    assert_eq!(rows(&host).await, 2);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_migration_is_refused_and_the_version_before_goes_on() {
    let (host, staff) = selling_tools().await;
    register(&staff, "A1", "2026-01-15").await;

    let changes = [
        ("version = \"1.0.0\"", "version = \"1.1.0\""),
        ("number text NOT NULL UNIQUE", "number text UNIQUE NOT NULL"),
    ];
    host.plugins.drop_in_changed("product-warranty", "product-warranty", &changes);
    let refused = reload(&staff, "product-warranty.so").await;

    let why = refused["refusal"].as_str().unwrap();
    assert!(why.contains("migration 1 (certificates) was applied with another text"), "{why}");
    assert!(why.ends_with("product-warranty 1.0.0 keeps answering"), "{why}");
    assert_eq!(register(&staff, "B2", "2026-01-15").await["userErrors"], json!([]));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_grant_there_are_no_tables_and_the_plugin_says_so() {
    let (host, staff) = selling_tools().await;
    register(&staff, "A1", "2026-01-15").await;

    let apart = Program::start_with(&host, &["plugins.grants.product-warranty={ tables = [] }"]).await;
    let there = Client::new(apart.url.clone()).channel("wholesale");
    let there = there.signed_in("admin@demo.vectis.test", PASSWORD).await;
    let input = "{ serialNumber: \"B2\", taxCategory: \"tools\", boughtOn: \"2026-01-15\" }";
    let denied =
        ask(&there, &format!("mutation {{ warrantyRegister(input: {input}) {{ userErrors {{ code }} }} }}"))
            .await;

    let why = "product-warranty is not granted it; the operator can add tables = [\"own\"]";
    assert!(errors(&denied)[0].contains(why), "{:?}", errors(&denied));
    assert_eq!(rows(&host).await, 1);
    host.stop().await;
}
