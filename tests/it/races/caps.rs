//! More carts of one customer than its 30-day cap has room for.

use serde_json::json;
use vectis_tests::{Client, TestHost};

use super::{adjust_stock, line, number, orders, place_all, ready_cart, ready_carts, sorted};

const SKU: &str = "CAPPED-1";

#[tokio::test(flavor = "multi_thread")]
async fn parallel_carts_of_one_company_stop_at_its_cap() {
    let host = TestHost::demo().await;
    sell_capped(&host, "10").await;
    // Employees of a company share its caps.
    let buyers = [vec![host.buyer().await; 16], vec![host.approver().await; 16]].concat();

    stop_at_three(&host, &buyers).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_carts_of_one_guest_stop_at_the_cap() {
    let host = TestHost::demo().await;
    sell_capped(&host, "10").await;

    stop_at_three(&host, &vec![host.guest("one"); 32]).await;

    // Another guest has a cap of its own.
    let other = ready_cart(&host.guest("other"), json!([line(SKU, "10")])).await;
    other.place("other").await.ok();
    host.assert_books_balance().await;
    host.stop().await;
}

/// Each of the carts wants three where ten may be had.
async fn stop_at_three(host: &TestHost, owners: &[Client]) {
    let carts = ready_carts(owners, &json!([line(SKU, "3")])).await;

    let answers = place_all(&carts).await;

    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!(placed.len(), 3);
    assert_eq!(refused, vec![["CUSTOMER_CAP @ lines.0.quantity"]; owners.len() - 3]);
    assert_eq!(orders(host).await, 3);
    let used = "SELECT SUM(quantity_milli)::bigint FROM orders.quantity_usage";
    assert_eq!(number(host.db.pool(), used).await, 9_000);
    host.assert_books_balance().await;

    // The tenth may still be had, not an eleventh.
    let last = ready_carts(&owners[..2], &json!([line(SKU, "1")])).await;
    let answers = place_all(&last).await;
    let (placed, refused) = sorted(&last, &answers);
    assert_eq!(placed.len(), 1);
    assert_eq!(refused, [["CUSTOMER_CAP @ lines.0.quantity"]]);
    host.assert_books_balance().await;
}

/// Adds a variant of which a customer may buy `cap` in 30 days, with a price in both channels and stock.
async fn sell_capped(host: &TestHost, cap: &str) {
    let staff = host.staff().await;
    let variant = json!({ "sku": SKU, "name": "capped", "maxPerCustomer30Days": cap });
    let product = json!({ "slug": "capped", "name": "Capped", "variants": [variant] });
    let upsert = "mutation($i: ProductsUpsertInput!) { productsUpsert(input: $i) { userErrors { code field message } } }";
    staff.send(upsert, json!({ "i": { "products": [product] } })).await.ok();
    let lists = staff.send("{ priceLists(first: 10) { nodes { id } } }", json!({})).await.ok();
    let set = "mutation($i: PriceListEntriesSetInput!) { priceListEntriesSet(input: $i) { userErrors { code field message } } }";
    for list in lists.at("/priceLists/nodes").as_array().expect("there are price lists") {
        let entry = json!({ "sku": SKU, "tiers": [{ "minQuantity": "1", "unitPrice": "1.00" }] });
        staff.send(set, json!({ "i": { "listId": list["id"], "entries": [entry] } })).await.ok();
    }
    adjust_stock(host, SKU, 1_000).await;
}
