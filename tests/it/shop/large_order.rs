//! The headline: a buyer of a company orders 1,000 lines, a colleague approves, the order stands once.

use serde_json::json;
use vectis_tests::TestHost;
use vectis_tests::shop::lines;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_are_added_priced_taxed_approved_and_placed_once() {
    let host = TestHost::demo().await;
    let (buyer, approver, staff) = (host.buyer().await, host.approver().await, host.staff().await);

    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(1_000, 100)).await.ok();
    assert_eq!(added.at("/cartLinesAdd/cart/lineCount"), 1_000);
    // HEX-001 costs 0.18 a piece, from 100 on 90 % of it: 100 × 0.162 = 16.20, and 19 % VAT.
    let first = added.at("/cartLinesAdd/cart/lines/0");
    assert_eq!(first["sku"], "HEX-001");
    assert_eq!(first["unitPrice"]["amount"], "0.162");
    assert_eq!(first["netTotal"]["amount"], "16.20");
    assert_eq!(first["taxTotal"]["amount"], "3.08");

    let version = added.at("/cartLinesAdd/cart/version");
    let submitted = buyer.submit(&cart, &version, "submit-1").await.ok();
    assert_eq!(submitted.at("/cartSubmit/order"), serde_json::Value::Null);
    let request = submitted.text("/cartSubmit/approvalRequest/id");

    let own = buyer.approve(&request, "own").await;
    assert_eq!(own.error_code(), "FORBIDDEN", "{}", own.body);
    let approved = approver.approve(&request, "approve-1").await.ok();
    assert_eq!(approved.at("/approvalRequestApprove/approvalRequest/status"), "APPROVED");
    let order = approved.text("/approvalRequestApprove/order/id");
    let number = approved.text("/approvalRequestApprove/order/number");
    assert!(number.starts_with("SO-"), "{number}");

    // Asking again with the same key gives the same answer; the order stands once.
    let again = approver.approve(&request, "approve-1").await.ok();
    assert_eq!(again.text("/approvalRequestApprove/order/id"), order);
    let list =
        staff.send("{ orders { nodes { id lineCount state grandTotal { amount } } } }", json!({})).await;
    assert_eq!(list.at("/orders/nodes").as_array().unwrap().len(), 1);
    assert_eq!(list.at("/orders/nodes/0/lineCount"), 1_000);
    assert_eq!(list.at("/orders/nodes/0/state"), "AwaitingFulfillment");
    assert_eq!(
        list.at("/orders/nodes/0/grandTotal/amount"),
        added.at("/cartLinesAdd/cart/grandTotal/amount")
    );

    let history = buyer
        .send(
            "query($id: ID!) { order(id: $id) { history { kind toState } lines { sku } } }",
            json!({ "id": order }),
        )
        .await;
    assert_eq!(history.at("/order/history/0/kind"), "placed");
    assert_eq!(history.at("/order/history/0/toState"), "AwaitingFulfillment");
    assert_eq!(history.at("/order/lines").as_array().unwrap().len(), 1_000);

    let stock = staff
        .send("{ variantsBySku(skus: [\"HEX-001\"]) { stock { onHand allocated available } } }", json!({}))
        .await;
    assert_eq!(stock.at("/variantsBySku/0/stock/allocated"), "100");
    assert_eq!(stock.at("/variantsBySku/0/stock/available"), "99900");

    let events: Vec<(String, i64)> = sqlx::query_as(
        "SELECT event_type, sequence FROM events.outbox WHERE event_type LIKE 'vectis.orders.%' ORDER BY sequence",
    )
    .fetch_all(host.db.pool())
    .await
    .unwrap();
    assert_eq!(events, [("vectis.orders.order_placed.v1".to_owned(), 1)]);
    host.stop().await;
}
