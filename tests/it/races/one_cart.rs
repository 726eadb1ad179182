//! One cart, placed by fifty at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;
use vectis_tests::shop::lines;
use vectis_tests::{Graphql, TestHost};

use super::{number, orders, ready_cart, sorted};

const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_placements_under_one_key_are_one_order_and_fifty_equal_answers() {
    let host = TestHost::demo().await;
    let cart = ready_cart(&host.buyer().await, lines(3, 2)).await;

    let answers = join_all((0..AT_ONCE).map(|_| cart.place("the-key"))).await;

    let bodies: BTreeSet<String> = answers.iter().map(|answer| answer.body.to_string()).collect();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert!(answers[0].clone().ok().text("/orderPlace/order/number").starts_with("SO-"));
    assert_eq!(orders(&host).await, 1);
    host.assert_books_balance().await;

    // Other parameters under the same key are refused, whatever they are.
    let other = ready_cart(&host.buyer().await, lines(1, 1)).await;
    assert_eq!(other.place("the-key").await.error_code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(orders(&host).await, 1);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_placements_under_fifty_keys_are_one_order_and_the_others_come_too_late() {
    let host = TestHost::demo().await;
    let cart = ready_cart(&host.buyer().await, lines(3, 2)).await;

    let answers = join_all((0..AT_ONCE).map(|key| {
        let cart = cart.clone();
        async move { cart.place(&key.to_string()).await }
    }))
    .await;

    let carts = vec![cart; AT_ONCE];
    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!(placed.len(), 1);
    assert!(refused.iter().all(|errors| is_too_late(errors)), "{refused:?}");
    assert_eq!(orders(&host).await, 1);
    host.assert_books_balance().await;
    host.stop().await;
}

/// Submitting places too when nobody needs to approve: the two mutations share one outcome.
#[tokio::test(flavor = "multi_thread")]
async fn placing_and_submitting_one_cart_at_once_is_one_order() {
    let host = TestHost::demo().await;
    let cart = ready_cart(&host.buyer().await, lines(3, 2)).await;

    let answers: Vec<Graphql> = join_all((0..AT_ONCE).map(|key| {
        let cart = cart.clone();
        async move {
            match key % 2 {
                0 => cart.place(&key.to_string()).await,
                _ => cart.submit(&key.to_string()).await,
            }
        }
    }))
    .await;

    let order = |answer: &Graphql| {
        answer.at("/orderPlace/order/id").is_string() || answer.at("/cartSubmit/order/id").is_string()
    };
    assert_eq!(answers.iter().filter(|answer| order(answer)).count(), 1);
    let refused: Vec<Vec<String>> =
        answers.iter().filter(|answer| !order(answer)).map(Graphql::user_errors).collect();
    assert!(refused.iter().all(|errors| is_too_late(errors)), "{refused:?}");
    assert_eq!(orders(&host).await, 1);
    host.assert_books_balance().await;
    host.stop().await;
}

/// 1,000 HEX-001 and more come to over 5,000.00, so somebody has to approve.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_submissions_of_a_cart_that_needs_approval_open_one_request() {
    let host = TestHost::demo().await;
    let cart = ready_cart(&host.buyer().await, lines(3, 20_000)).await;

    let answers = join_all((0..AT_ONCE).map(|key| {
        let cart = cart.clone();
        async move { cart.submit(&key.to_string()).await }
    }))
    .await;

    let asked = |answer: &&Graphql| answer.at("/cartSubmit/approvalRequest/id").is_string();
    assert_eq!(answers.iter().filter(asked).count(), 1);
    let refused: Vec<Vec<String>> =
        answers.iter().filter(|answer| !asked(answer)).map(Graphql::user_errors).collect();
    assert!(refused.iter().all(|errors| is_too_late(errors)), "{refused:?}");
    assert_eq!(number(host.db.pool(), "SELECT COUNT(*) FROM approvals.request").await, 1);
    assert_eq!(orders(&host).await, 0);
    host.assert_books_balance().await;
    host.stop().await;
}

/// Placing without a key is not part of the API: nothing is placed that could not be asked for twice.
#[tokio::test(flavor = "multi_thread")]
async fn placing_without_a_key_is_refused() {
    let host = TestHost::demo().await;
    let cart = ready_cart(&host.buyer().await, lines(1, 1)).await;

    let place = "mutation($i: OrderPlaceInput!) { orderPlace(input: $i) { order { id } } }";
    let answer =
        cart.owner.send(place, json!({ "i": { "cartId": cart.id, "cartVersion": cart.version } })).await;

    assert!(answer.body.to_string().contains("idempotencyKey"), "{}", answer.body);
    assert_eq!(orders(&host).await, 0);
    host.stop().await;
}

fn is_too_late(errors: &[String]) -> bool {
    matches!(errors, [error] if error.starts_with("CART_NOT_OPEN @") || error.starts_with("STALE_VERSION @"))
}
