//! A whole shop whose plugins all run in processes of their own, by one word in the configuration: same prices, taxes,
//! approvals and states, and no death of theirs is one of the shop.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, TestHost};

use crate::kills::program::Program;

/// The same person at the other program.
async fn at(program: &Program, person: &str) -> Client {
    let client = Client::new(program.url.clone()).channel("wholesale");
    client.signed_in(&format!("{person}@demo.vectis.test"), PASSWORD).await
}

async fn plugins(staff: &Client) -> Vec<Value> {
    let query = "{ plugins { name isolation processes { pids restarts faults memoryKb } } }";
    staff.send(query, json!({})).await.at("/plugins").as_array().unwrap().clone()
}

fn pids(plugins: &[Value]) -> Vec<i64> {
    let all = plugins.iter().flat_map(|plugin| plugin["processes"]["pids"].as_array().unwrap().clone());
    all.map(|pid| pid.as_i64().unwrap()).collect()
}

/// Fills a cart with 1,000 lines: its id, and what it says.
async fn filled(buyer: &Client) -> (String, Value) {
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(1_000, 100)).await.ok();
    (cart, added.at("/cartLinesAdd/cart"))
}

/// All of a cart but what no two carts have in common.
fn comparable(cart: &Value) -> Value {
    let mut cart = cart.clone();
    cart["id"] = Value::Null;
    for line in cart["lines"].as_array_mut().unwrap() {
        line["id"] = Value::Null;
    }
    cart
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_with_all_its_plugins_apart_sells_as_before_and_survives_their_death() {
    let shop = TestHost::demo().await;
    let program = Program::start_with(&shop, &["plugins.trusted=[]"]).await;
    let (buyer, approver, staff) =
        (at(&program, "buyer").await, at(&program, "approver").await, at(&program, "admin").await);

    let (cart, apart) = filled(&buyer).await;
    let (_, here) = filled(&shop.buyer().await).await;
    assert_eq!(comparable(&apart), comparable(&here));
    let before = plugins(&staff).await;
    assert_eq!(before.len(), 5);
    assert!(before.iter().all(|plugin| plugin["isolation"] == "PROCESS"), "{before:?}");
    assert!(before.iter().all(|plugin| plugin["processes"]["memoryKb"].as_u64() > Some(0)), "{before:?}");

    let submitted = buyer.submit(&cart, &apart["version"], "submit-apart").await.ok();
    let request = submitted.text("/cartSubmit/approvalRequest/id");
    for pid in pids(&before) {
        assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    }
    let start = Instant::now();
    while pids(&plugins(&staff).await).iter().any(|pid| pids(&before).contains(pid)) {
        assert!(start.elapsed() < Duration::from_secs(30), "they are not replaced");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let approved = approver.approve(&request, "approve-apart").await.ok();

    assert_eq!(approved.text("/approvalRequestApprove/order/state"), "AwaitingFulfillment");
    let after = plugins(&staff).await;
    assert!(after.iter().all(|plugin| plugin["processes"]["faults"] == 0), "{after:?}");
    assert!(after.iter().all(|plugin| plugin["processes"]["restarts"].as_u64() > Some(0)), "{after:?}");
    program.kill().await;
    let start = Instant::now();
    let is_there = |pid: &i64| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    while pids(&after).iter().any(is_there) {
        assert!(start.elapsed() < Duration::from_secs(30), "they outlive their host");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
