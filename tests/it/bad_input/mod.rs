//! What must not be done: every refusal has a code, names its place in the input (all bad lines at once, with their index), and
//! leaves the database as it was.

mod approvals;
mod bulk;
mod carts;
mod lines;
mod orders;
mod placing;
mod prices;
mod settings;

use serde_json::{Value, json};
use vectis_tests::{Client, TestHost};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_shows_in_the_comparison() {
    let host = TestHost::demo().await;
    let buyer = host.buyer().await;
    let before = host.contents().await;

    host.assert_unchanged_since(&before).await;
    buyer.mutate("cartCreate", json!({})).await.ok();

    assert_eq!(before.differing(&host.contents().await), ["audit.entry", "carts.cart"]);
    host.stop().await;
}

/// An id of a kind that nothing has.
pub(crate) fn missing(kind: &str) -> String {
    format!("{kind}:0198ffff-0000-7000-8000-00000000dead")
}

/// Goods with rules, at 1.00 a piece and a hundred in stock: `STEP-6`, `LIMITED` (10 to 50), `CAPPED` (5 in 30 days), `METRE`
/// (two places), `IDLE` (not sold any more), `SCARCE-1`, `SCARCE-2`; and `UNPRICED`.
async fn goods_with_rules(staff: &Client) {
    let variants = json!([
        { "sku": "STEP-6", "quantityStep": "6" },
        { "sku": "LIMITED", "minQuantity": "10", "maxQuantity": "50" },
        { "sku": "CAPPED", "maxPerCustomer30Days": "5" },
        { "sku": "METRE", "precision": 2 },
        { "sku": "IDLE", "isActive": false },
        { "sku": "SCARCE-1" },
        { "sku": "SCARCE-2" },
        { "sku": "UNPRICED" },
    ]);
    let product = json!({ "slug": "odd-goods", "name": "Odd goods", "variants": variants });
    staff.mutate("productsUpsert", json!({ "products": [product] })).await.ok();
    let priced = ["STEP-6", "LIMITED", "CAPPED", "METRE", "IDLE", "SCARCE-1", "SCARCE-2"];
    let entry = |sku: &str| json!({ "sku": sku, "tiers": [{ "minQuantity": "0", "unitPrice": "1.00" }] });
    let entries = json!({ "listId": price_list(staff).await, "entries": priced.map(entry) });
    staff.mutate("priceListEntriesSet", entries).await.ok();
    let warehouse = warehouse(staff).await;
    let adjustment = |sku: &str| json!({ "warehouseId": warehouse, "sku": sku, "delta": "100", "reason": "opening stock" });
    staff.mutate("stockAdjust", json!({ "adjustments": priced.map(adjustment) })).await.ok();
}

/// The wholesale channel's price list.
async fn price_list(staff: &Client) -> String {
    let lists =
        staff.send("{ priceLists { nodes { id name } } }", json!({})).await.ok().at("/priceLists/nodes");
    let named = |list: &&Value| list["name"] == "Wholesale list";
    lists.as_array().unwrap().iter().find(named).unwrap()["id"].as_str().unwrap().to_owned()
}

/// The demo shop's warehouse.
async fn warehouse(staff: &Client) -> String {
    staff.send("{ warehouses { id } }", json!({})).await.ok().text("/warehouses/0/id")
}

/// A line of the input.
fn line(sku: &str, quantity: &str) -> Value {
    json!({ "sku": sku, "quantity": quantity })
}

/// A cart of its own with these lines: its id, its version, its lines' ids.
async fn cart_of(buyer: &Client, lines: Value) -> (String, Value, Vec<String>) {
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines).await.ok();
    let ids = added.at("/cartLinesAdd/cart/lines");
    let ids = ids.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    (cart, added.at("/cartLinesAdd/cart/version"), ids)
}

/// Places a cart and reads the order's id.
async fn place(buyer: &Client, cart: &str, version: &Value) -> String {
    let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": cart });
    buyer.mutate("orderPlace { order { id } }", input).await.ok().text("/orderPlace/order/id")
}

/// The demo shop with goods that have rules, its buyer and its staff.
async fn shop_with_rules() -> (TestHost, Client, Client) {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);
    goods_with_rules(&staff).await;
    (host, buyer, staff)
}

/// A mutation is refused like this and writes nothing.
async fn assert_refused(host: &TestHost, staff: &Client, mutation: &str, input: Value, expected: &[&str]) {
    let refused = host.unchanged_by(staff.mutate(mutation, input)).await;
    assert_eq!(refused.user_errors(), expected, "{mutation}");
}
