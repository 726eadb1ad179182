//! Prices that ended or moved between showing and placing.

use serde_json::{Value, json};
use vectis_tests::{Client, TestHost};

use super::{cart_of, line};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_pays_another_price_than_the_one_last_shown() {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);
    let wanted = json!([line("HEX-001", "1"), line("NUT-001", "1"), line("WSH-001", "1")]);
    let (cart, version, ids) = cart_of(&buyer, wanted).await;
    let priced = |sku: &str, price: &str| json!({ "sku": sku, "currencyCode": "EUR", "unitPrice": price });
    let prices = [priced("HEX-001", "0.25"), priced("WSH-001", "0.01")];
    staff.mutate("managedPricesSet", json!({ "prices": prices })).await.ok();
    let submit =
        |version: &Value, key: &str| json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": key });

    let query = "query($id: ID!) { cart(id: $id) { version hasPriceChanges lines { \
                 isPriceChanged unitPrice { amount } shownUnitPrice { amount } } } }";
    let seen = buyer.send(query, json!({ "id": cart })).await.ok();
    assert_eq!(seen.at("/cart/hasPriceChanges"), true);
    assert_eq!(
        seen.at("/cart/lines/0"),
        json!({ "isPriceChanged": true, "unitPrice": { "amount": "0.25" }, "shownUnitPrice": { "amount": "0.18" } })
    );
    assert_eq!(seen.at("/cart/lines/1/isPriceChanged"), false);
    let before = host.contents().await;
    for mutation in ["cartSubmit", "orderPlace"] {
        let refused = buyer.mutate(mutation, submit(&version, "shown")).await;
        // Cheaper is another price, too.
        assert_eq!(
            refused.user_errors(),
            ["PRICE_CHANGED @ lines.0", "PRICE_CHANGED @ lines.2"],
            "{mutation}"
        );
    }
    host.assert_unchanged_since(&before).await;

    let accepted =
        buyer.mutate("cartPricesAccept { lineIds cart { version } }", json!({ "cartId": cart })).await.ok();
    assert_eq!(accepted.at("/cartPricesAccept/lineIds"), json!([ids[0], ids[2]]));
    let refused = host.unchanged_by(buyer.mutate("orderPlace", submit(&version, "shown"))).await;
    assert_eq!(refused.user_errors(), ["STALE_VERSION @ cartVersion"]);
    let version = accepted.at("/cartPricesAccept/cart/version");
    let order = "orderPlace { order { lines { unitPrice { amount } } } }";
    let placed = buyer.mutate(order, submit(&version, "shown")).await.ok();
    let prices = placed.at("/orderPlace/order/lines");
    let prices: Vec<&Value> =
        prices.as_array().unwrap().iter().map(|line| &line["unitPrice"]["amount"]).collect();
    assert_eq!(prices, ["0.25", "0.04", "0.01"]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_price_in_force_is_not_sold() {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);
    let (cart, version, _) = cart_of(&buyer, json!([line("HEX-001", "1"), line("NUT-001", "1")])).await;
    let managed = json!({ "sku": "NUT-001", "currencyCode": "EUR", "unitPrice": "0.04" });
    staff.mutate("managedPricesSet", json!({ "prices": [managed] })).await.ok();

    set_validity(&staff, json!(null), json!("2020-01-01T00:00:00Z")).await;
    nothing_but_the_managed_price_is_in_force(&host, &buyer, &cart, &version).await;
    set_validity(&staff, json!("2999-01-01T00:00:00Z"), json!(null)).await;
    nothing_but_the_managed_price_is_in_force(&host, &buyer, &cart, &version).await;

    set_validity(&staff, json!(null), json!(null)).await;
    let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "again" });
    buyer.mutate("orderPlace", input).await.ok();
    host.stop().await;
}

async fn set_validity(staff: &Client, from: Value, to: Value) {
    let channel = staff.send("{ channel { id } }", json!({})).await.text("/channel/id");
    let list = json!({
        "name": "Wholesale list", "currencyCode": "EUR", "channelIds": [channel], "validFrom": from, "validTo": to,
    });
    staff.mutate("priceListUpsert", list).await.ok();
}

async fn nothing_but_the_managed_price_is_in_force(
    host: &TestHost,
    buyer: &Client,
    cart: &str,
    version: &Value,
) {
    let query = "{ variantsBySku(skus: [\"HEX-001\", \"NUT-001\"]) { sku price { amount } priceTiers { unitPrice { amount } } } }";
    let shown = buyer.send(query, json!({})).await.ok().at("/variantsBySku");
    let of =
        |sku: &str| shown.as_array().unwrap().iter().find(|variant| variant["sku"] == sku).cloned().unwrap();
    assert_eq!(of("HEX-001")["price"], Value::Null);
    assert_eq!(of("HEX-001")["priceTiers"], json!([]));
    assert_eq!(of("NUT-001")["price"]["amount"], "0.04");

    let add = json!({ "lines": [line("NUT-001", "1"), line("HEX-001", "1"), line("HEX-002", "1")] });
    let before = host.contents().await;
    for (mutation, input, expected) in [
        ("cartLinesAdd", add, vec!["NO_PRICE @ lines.1.quantity", "NO_PRICE @ lines.2.quantity"]),
        ("cartPricesAccept", json!({ "cartId": cart }), vec!["NO_PRICE @ lines.0.shownUnitPrice"]),
        (
            "cartSubmit",
            json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "k" }),
            vec!["NO_PRICE @ lines.0"],
        ),
        (
            "orderPlace",
            json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "k" }),
            vec!["NO_PRICE @ lines.0"],
        ),
    ] {
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), expected, "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
}
