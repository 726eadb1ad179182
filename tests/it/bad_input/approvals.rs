//! Decisions that must not be made: on what is not there, has changed, is one's own, or has been decided.

use serde_json::{Value, json};
use vectis_tests::shop::lines;
use vectis_tests::{Client, Graphql, TestHost};

use super::{cart_of, line, missing};

/// A cart that waits: its id, its version, the request's id.
async fn waiting(buyer: &Client, key: &str) -> (String, Value, String) {
    let (cart, version, _) = cart_of(buyer, lines(3, 20_000)).await;
    let submitted = buyer.submit(&cart, &version, key).await.ok();
    (cart, version, submitted.text("/cartSubmit/approvalRequest/id"))
}

async fn decide(approver: &Client, verdict: &str, input: Value) -> Graphql {
    approver
        .mutate(
            &format!("approvalRequest{verdict} {{ approvalRequest {{ id status }} order {{ id }} }}"),
            input,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_on_what_was_submitted_and_by_who_may() {
    let host = TestHost::demo().await;
    let (buyer, approver) = (host.buyer().await, host.approver().await);

    what_waits_is_frozen_and_bad_decisions_change_nothing(&host, &buyer, &approver).await;
    a_withdrawn_and_edited_cart_leaves_its_old_request_behind(&host, &buyer, &approver).await;
    a_cart_written_behind_the_request_is_not_what_was_submitted(&host, &buyer, &approver).await;
    nobody_approves_the_own_order(&host, &approver).await;
    host.stop().await;
}

async fn what_waits_is_frozen_and_bad_decisions_change_nothing(
    host: &TestHost,
    buyer: &Client,
    approver: &Client,
) {
    let (cart, version, request) = waiting(buyer, "submit-1").await;
    let before = host.contents().await;
    for (mutation, input) in [
        ("cartLinesAdd", json!({ "cartId": cart, "lines": [line("HEX-001", "1")] })),
        ("cartLinesRemove", json!({ "cartId": cart })),
        ("cartDetailsSet", json!({ "cartId": cart, "note": "more" })),
        ("cartSubmit", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "submit-again" })),
        ("orderPlace", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "place" })),
    ] {
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), ["CART_NOT_OPEN @ cartId"], "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
    let input = |id: &str, key: &str| json!({ "id": id, "idempotencyKey": key, "note": "no" });
    let mut stale = input(&request, "k");
    stale["version"] = json!(99);
    let mut long = input(&request, "k");
    long["note"] = json!("n".repeat(2_001));
    let mut silent = input(&request, "k");
    silent["note"] = json!("  ");
    let before = host.contents().await;
    for (verdict, input, expected) in [
        ("Approve", input(&missing("approvalrequest"), "k"), "REQUEST_NOT_FOUND @ id"),
        ("Reject", input(&missing("approvalrequest"), "k"), "REQUEST_NOT_FOUND @ id"),
        ("Approve", stale.clone(), "STALE_VERSION @ version"),
        ("Reject", stale, "STALE_VERSION @ version"),
        ("Approve", long, "INVALID_INPUT @ note"),
        ("Reject", silent, "INVALID_INPUT @ note"),
    ] {
        let refused = decide(approver, verdict, input).await;
        assert_eq!(refused.user_errors(), [expected], "{verdict}");
    }
    host.assert_unchanged_since(&before).await;
    let refused = host.unchanged_by(decide(buyer, "Approve", input(&request, "own"))).await;
    assert_eq!(refused.error_code(), "FORBIDDEN");

    let rejected = decide(approver, "Reject", input(&request, "no")).await.ok();
    assert_eq!(rejected.at("/approvalRequestReject/approvalRequest/status"), "REJECTED");
    let refused = host.unchanged_by(decide(approver, "Approve", input(&request, "yes"))).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);
    let refused =
        host.unchanged_by(decide(approver, "Reject", input(&missing("approvalrequest"), "no"))).await;
    assert_eq!(refused.error_code(), "IDEMPOTENCY_KEY_REUSED");
}

async fn a_withdrawn_and_edited_cart_leaves_its_old_request_behind(
    host: &TestHost,
    buyer: &Client,
    approver: &Client,
) {
    let (cart, _, old) = waiting(buyer, "submit-2").await;
    let withdraw = json!({ "id": cart });
    let withdrawn = buyer.mutate("cartWithdraw { cart { status } }", withdraw.clone()).await.ok();
    assert_eq!(withdrawn.at("/cartWithdraw/cart/status"), "OPEN");
    let refused = host.unchanged_by(buyer.mutate("cartWithdraw", withdraw)).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);
    let edited = buyer.add_lines(&cart, json!([line("ROD-001", "1")])).await.ok();

    let refused = host.unchanged_by(approver.approve(&old, "old-1")).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);
    let version = edited.at("/cartLinesAdd/cart/version");
    let new = buyer.submit(&cart, &version, "submit-3").await.ok().text("/cartSubmit/approvalRequest/id");
    assert_ne!(new, old);
    let refused = host.unchanged_by(approver.approve(&old, "old-2")).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);

    let approved = approver.approve(&new, "new").await.ok();
    let order = approved.text("/approvalRequestApprove/order/id");
    let again = host.unchanged_by(approver.approve(&new, "new")).await.ok();
    assert_eq!(again.text("/approvalRequestApprove/order/id"), order);
    let refused = host.unchanged_by(approver.approve(&new, "anew")).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);
    let refused = host.unchanged_by(approver.approve(&old, "new")).await;
    assert_eq!(refused.error_code(), "IDEMPOTENCY_KEY_REUSED");
}

/// The API freezes what waits; should a cart be written all the same, its approval is void.
async fn a_cart_written_behind_the_request_is_not_what_was_submitted(
    host: &TestHost,
    buyer: &Client,
    approver: &Client,
) {
    let (_, _, request) = waiting(buyer, "submit-4").await;
    let written = sqlx::query("UPDATE carts.cart SET version = version + 1 WHERE status = 'submitted'");
    assert_eq!(written.execute(host.db.pool()).await.unwrap().rows_affected(), 1);

    let refused = host.unchanged_by(approver.approve(&request, "changed")).await;
    assert_eq!(refused.user_errors(), ["CART_CHANGED @ id"]);
}

async fn nobody_approves_the_own_order(host: &TestHost, approver: &Client) {
    let (_, _, request) = waiting(approver, "submit-own").await;
    let refused = host.unchanged_by(approver.approve(&request, "own")).await;
    assert_eq!(refused.user_errors(), ["NOT_AN_APPROVER @ "]);
}
