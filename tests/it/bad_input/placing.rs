//! Carts that must not become orders.

use serde_json::{Value, json};
use vectis_tests::shop::lines;
use vectis_tests::{Client, TestHost};

use super::{cart_of, line, missing, place, shop_with_rules};

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_cannot_be_placed_are_refused_and_nothing_is_written() {
    let (host, buyer, staff) = shop_with_rules().await;

    carts_as_they_were_never_seen(&host, &buyer).await;
    what_stock_does_not_hold_is_named_line_by_line(&host, &buyer).await;
    caps_count_over_lines_and_over_orders(&host, &buyer).await;
    what_changed_in_the_catalogue_since_is_named_line_by_line(&host, &buyer, &staff).await;
    credit_ends_somewhere(&host, &staff).await;
    large_carts_need_their_approval(&host, &buyer).await;
    totals_end_somewhere(&host, &buyer, &staff).await;
    host.stop().await;
}

/// Submitting and placing are refused alike.
async fn assert_refused(host: &TestHost, buyer: &Client, cart: &str, version: &Value, expected: &[&str]) {
    let before = host.contents().await;
    for mutation in ["cartSubmit", "orderPlace"] {
        let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "refused" });
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), expected, "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
}

async fn carts_as_they_were_never_seen(host: &TestHost, buyer: &Client) {
    let empty = buyer.new_cart().await;
    assert_refused(host, buyer, &empty, &json!(1), &["CART_EMPTY @ cartId"]).await;
    assert_refused(host, buyer, &missing("cart"), &json!(1), &["CART_NOT_FOUND @ cartId"]).await;

    // 0.18 and 19 % of it, rounded.
    let (cart, version, _) = cart_of(buyer, json!([line("HEX-001", "1")])).await;
    for stale in [json!(0), json!(-1), json!(version.as_i64().unwrap() + 1)] {
        assert_refused(host, buyer, &cart, &stale, &["STALE_VERSION @ cartVersion"]).await;
    }
    let before = host.contents().await;
    for (amount, currency) in
        [("0.20", "EUR"), ("0.22", "EUR"), ("-0.21", "EUR"), ("0.21", "USD"), ("21", "JPY")]
    {
        let total = json!({ "amount": amount, "currencyCode": currency });
        let input =
            json!({ "cartId": cart, "cartVersion": version, "expectedTotal": total, "idempotencyKey": "k" });
        let refused = buyer.mutate("orderPlace", input).await;
        assert_eq!(refused.user_errors(), ["TOTAL_CHANGED @ expectedTotal"], "{amount} {currency}");
    }
    host.assert_unchanged_since(&before).await;
    let before = host.contents().await;
    for (amount, currency) in
        [("0.205", "EUR"), ("92233720368547758.08", "EUR"), ("0.21", "GBX"), ("0,21", "EUR")]
    {
        let total = json!({ "amount": amount, "currencyCode": currency });
        let input =
            json!({ "cartId": cart, "cartVersion": version, "expectedTotal": total, "idempotencyKey": "k" });
        let refused = buyer.mutate("orderPlace", input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{amount} {currency}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
    let total = json!({ "amount": "0.21", "currencyCode": "EUR" });
    let input =
        json!({ "cartId": cart, "cartVersion": version, "expectedTotal": total, "idempotencyKey": "k" });
    buyer.mutate("orderPlace", input).await.ok();
}

async fn what_stock_does_not_hold_is_named_line_by_line(host: &TestHost, buyer: &Client) {
    let wanted = json!([
        line("SCARCE-1", "101"),
        line("HEX-001", "1"),
        line("SCARCE-2", "60"),
        line("SCARCE-2", "41"),
        line("SCARCE-2", "40"),
    ]);
    let (cart, version, _) = cart_of(buyer, wanted).await;

    // The first sixty of SCARCE-2 are there, and forty more; they go to the lines in their order.
    let short =
        ["INSUFFICIENT_STOCK @ lines.0", "INSUFFICIENT_STOCK @ lines.3", "INSUFFICIENT_STOCK @ lines.4"];
    assert_refused(host, buyer, &cart, &version, &short).await;
}

async fn caps_count_over_lines_and_over_orders(host: &TestHost, buyer: &Client) {
    let both = ["CUSTOMER_CAP @ lines.0.quantity", "CUSTOMER_CAP @ lines.1.quantity"];
    let (cart, version, _) = cart_of(buyer, json!([line("CAPPED", "3"), line("CAPPED", "3")])).await;
    assert_refused(host, buyer, &cart, &version, &both).await;

    let (first, first_version, _) = cart_of(buyer, json!([line("CAPPED", "4")])).await;
    place(buyer, &first, &first_version).await;
    let (second, second_version, _) =
        cart_of(buyer, json!([line("HEX-001", "1"), line("CAPPED", "2")])).await;
    assert_refused(host, buyer, &second, &second_version, &both[1..]).await;
    // A colleague's purchases count as the company's.
    let approver = host.approver().await;
    let (third, third_version, _) = cart_of(&approver, json!([line("CAPPED", "2")])).await;
    assert_refused(host, &approver, &third, &third_version, &both[..1]).await;
}

async fn what_changed_in_the_catalogue_since_is_named_line_by_line(
    host: &TestHost,
    buyer: &Client,
    staff: &Client,
) {
    let wanted =
        json!([line("STEP-6", "6"), line("HEX-001", "1"), line("LIMITED", "20"), line("METRE", "0.25")]);
    let (cart, version, _) = cart_of(buyer, wanted).await;

    let variants = json!([
        { "sku": "STEP-6", "quantityStep": "6", "isActive": false },
        { "sku": "LIMITED", "minQuantity": "10", "maxQuantity": "19" },
        { "sku": "METRE", "precision": 1 },
    ]);
    let product = json!({ "slug": "odd-goods", "name": "Odd goods", "variants": variants });
    staff.mutate("productsUpsert", json!({ "products": [product] })).await.ok();

    let expected =
        ["UNKNOWN_VARIANT @ lines.0", "QUANTITY_RULE @ lines.2.quantity", "QUANTITY_RULE @ lines.3.quantity"];
    assert_refused(host, buyer, &cart, &version, &expected).await;
}

async fn credit_ends_somewhere(host: &TestHost, staff: &Client) {
    let company = staff.company("small.test", "10.00").await;
    let buyer = company.person(host, "buyer").await;
    // 9 of 1.00 and 19 % are 10.71.
    let (cart, version, _) = cart_of(&buyer, json!([line("SCARCE-1", "9")])).await;
    assert_refused(host, &buyer, &cart, &version, &["INSUFFICIENT_CREDIT @ "]).await;

    let (cart, version, _) = cart_of(&buyer, json!([line("SCARCE-1", "8")])).await;
    place(&buyer, &cart, &version).await;
    let (cart, version, _) = cart_of(&buyer, json!([line("SCARCE-1", "1")])).await;
    assert_refused(host, &buyer, &cart, &version, &["INSUFFICIENT_CREDIT @ "]).await;
}

async fn large_carts_need_their_approval(host: &TestHost, buyer: &Client) {
    let (cart, version, _) = cart_of(buyer, lines(3, 20_000)).await;
    let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "large" });
    let refused = host.unchanged_by(buyer.mutate("orderPlace", input)).await;
    assert_eq!(refused.user_errors(), ["APPROVAL_REQUIRED @ "]);
}

async fn totals_end_somewhere(host: &TestHost, buyer: &Client, staff: &Client) {
    let dear = json!({ "sku": "HEX-150", "currencyCode": "EUR", "unitPrice": "1000000000000" });
    staff.mutate("managedPricesSet", json!({ "prices": [dear] })).await.ok();
    let cart = buyer.new_cart().await;
    let lines = json!([line("HEX-150", "1000000"), line("HEX-001", "1")]);
    let added =
        buyer.mutate("cartLinesAdd { lineIds }", json!({ "cartId": cart, "lines": lines })).await.ok();

    assert_refused(host, buyer, &cart, &json!(2), &["OUT_OF_RANGE @ "]).await;
    let query = "query($id: ID!) { cart(id: $id) { version grandTotal { amount } } }";
    let shown = buyer.send(query, json!({ "id": cart })).await;
    assert_eq!(shown.error_code(), "OUT_OF_RANGE", "{}", shown.body);
    // What is too much can be taken out again.
    let remove = json!({ "cartId": cart, "lineIds": [added.at("/cartLinesAdd/lineIds/0")] });
    buyer.mutate("cartLinesRemove", remove).await.ok();
    assert_eq!(buyer.send(query, json!({ "id": cart })).await.ok().at("/cart/grandTotal/amount"), "0.21");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_of_one_person() {
    let host = TestHost::demo().await;
    let (buyer, approver) = (host.buyer().await, host.approver().await);
    let (cart, version, _) = cart_of(&buyer, json!([line("HEX-001", "1")])).await;
    let (other, other_version, _) = cart_of(&buyer, json!([line("HEX-002", "1")])).await;
    let input = |cart: &str, version: &Value, key: &str| json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": key });
    let order_place = "orderPlace { order { id number } }";

    keys_that_are_none(&host, &buyer, &cart, &version).await;

    // A refusal leaves its key free.
    let stale = host.unchanged_by(buyer.mutate("orderPlace", input(&cart, &json!(99), "once"))).await;
    assert_eq!(stale.user_errors(), ["STALE_VERSION @ cartVersion"]);

    let placed = buyer.mutate(order_place, input(&cart, &version, "once")).await.ok();
    for _ in 0..3 {
        let again = host.unchanged_by(buyer.mutate(order_place, input(&cart, &version, "once"))).await.ok();
        assert_eq!(again.body, placed.body);
    }
    let total = json!({ "amount": "0.21", "currencyCode": "EUR" });
    let mut with_total = input(&cart, &version, "once");
    with_total["expectedTotal"] = total;
    let before = host.contents().await;
    for (mutation, reused) in [
        ("orderPlace", input(&other, &other_version, "once")),
        ("orderPlace", input(&cart, &json!(99), "once")),
        ("orderPlace", with_total),
        ("cartSubmit", input(&cart, &version, "once")),
        ("cartLinesRemove", json!({ "cartId": other, "idempotencyKey": "once" })),
    ] {
        let refused = buyer.mutate(mutation, reused).await;
        assert_eq!(refused.error_code(), "IDEMPOTENCY_KEY_REUSED", "{mutation}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
    // Under a new key the cart is what it is: placed.
    let anew = host.unchanged_by(buyer.mutate("orderPlace", input(&cart, &version, "twice"))).await;
    assert_eq!(anew.user_errors(), ["CART_NOT_OPEN @ cartId"]);
    // Another person's key of the same letters is another key, and tells nothing.
    let (theirs, their_version, _) = cart_of(&approver, json!([line("HEX-003", "1")])).await;
    let placed_too = approver.mutate(order_place, input(&theirs, &their_version, "once")).await.ok();
    assert_ne!(placed_too.at("/orderPlace/order/id"), placed.at("/orderPlace/order/id"));
    let orders: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM orders.sales_order")
        .fetch_one(host.db.pool())
        .await
        .unwrap();
    assert_eq!(orders, 2);
    host.stop().await;
}

async fn keys_that_are_none(host: &TestHost, buyer: &Client, cart: &str, version: &Value) {
    let long = "k".repeat(256);
    let before = host.contents().await;
    for key in [json!(""), json!(long), json!(null), json!(7)] {
        let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": key });
        let refused = buyer.mutate("orderPlace", input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{key}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
    let input = json!({ "cartId": cart, "cartVersion": version });
    let refused =
        host.unchanged_by(buyer.with("idempotency-key", "header").mutate("orderPlace", input)).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
    let refused =
        host.unchanged_by(buyer.with("idempotency-key", long).mutate("cartCreate", json!({}))).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
}
