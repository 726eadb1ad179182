//! Many at once: as many succeed as there is room for, the others are refused, and the books balance afterwards.

mod approving;
mod books;
mod caps;
mod credit;
mod last_unit;
mod one_cart;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use vectis_tests::{Client, Graphql, TestHost};

/// A cart with lines in it, as its owner saw it last.
#[derive(Clone)]
pub(crate) struct ReadyCart {
    owner: Client,
    pub(crate) id: String,
    version: Value,
    total: String,
}

impl ReadyCart {
    /// Places the cart at once, or is refused.
    async fn place(&self, key: &str) -> Graphql {
        let query = "mutation($i: OrderPlaceInput!) { orderPlace(input: $i) { \
                     order { id number grandTotal { amount } } userErrors { code field message } } }";
        let input = json!({ "cartId": self.id, "cartVersion": self.version, "idempotencyKey": key });
        self.owner.send(query, json!({ "i": input })).await
    }

    /// Submits the cart.
    async fn submit(&self, key: &str) -> Graphql {
        self.owner.submit(&self.id, &self.version, key).await
    }
}

/// A new cart of somebody with these lines.
async fn ready_cart(owner: &Client, lines: Value) -> ReadyCart {
    let id = owner.new_cart().await;
    let filled = owner.add_lines(&id, lines).await.ok();
    let total = filled.text("/cartLinesAdd/cart/grandTotal/amount");
    ReadyCart { owner: owner.clone(), id, version: filled.at("/cartLinesAdd/cart/version"), total }
}

/// Carts with the same lines, one of each owner given; filled at the same time.
async fn ready_carts(owners: &[Client], lines: &Value) -> Vec<ReadyCart> {
    join_all(owners.iter().map(|owner| ready_cart(owner, lines.clone()))).await
}

/// A line.
fn line(sku: &str, quantity: &str) -> Value {
    json!({ "sku": sku, "quantity": quantity })
}

/// Places all carts at the same time, each under a key of its own.
async fn place_all(carts: &[ReadyCart]) -> Vec<Graphql> {
    join_all(carts.iter().map(|cart| cart.place(&cart.id))).await
}

/// The carts that became orders, and the user errors of the others. Fails on any other answer.
fn sorted<'a>(carts: &'a [ReadyCart], answers: &[Graphql]) -> (Vec<&'a ReadyCart>, Vec<Vec<String>>) {
    let (mut placed, mut refused) = (Vec::new(), Vec::new());
    for (cart, answer) in carts.iter().zip(answers) {
        assert!(answer.body["errors"].is_null(), "{}", answer.body);
        if answer.at("/orderPlace/order").is_null() {
            refused.push(answer.user_errors());
        } else {
            placed.push(cart);
        }
    }
    (placed, refused)
}

async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number can be read")
}

async fn orders(host: &TestHost) -> i64 {
    number(host.db.pool(), "SELECT COUNT(*) FROM orders.sales_order").await
}

/// `[on hand, reserved, allocated, available]` of a variant.
async fn stock(host: &TestHost, sku: &str) -> [String; 4] {
    let query =
        "query($s: [String!]!) { variantsBySku(skus: $s) { stock { onHand reserved allocated available } } }";
    let found = host.staff().await.send(query, json!({ "s": [sku] })).await.ok();
    ["onHand", "reserved", "allocated", "available"]
        .map(|field| found.text(&format!("/variantsBySku/0/stock/{field}")))
}

/// Takes so much of a variant's opening stock of 100,000 away that `left` are left.
async fn leave_in_stock(host: &TestHost, sku: &str, left: i64) {
    adjust_stock(host, sku, left - 100_000).await;
}

async fn adjust_stock(host: &TestHost, sku: &str, delta: i64) {
    let staff = host.staff().await;
    let warehouse = staff.send("{ warehouses { id } }", json!({})).await.ok().text("/warehouses/0/id");
    let adjust =
        "mutation($i: StockAdjustInput!) { stockAdjust(input: $i) { userErrors { code field message } } }";
    let change =
        json!({ "warehouseId": warehouse, "sku": sku, "delta": delta.to_string(), "reason": "counted" });
    staff.send(adjust, json!({ "i": { "adjustments": [change] } })).await.ok();
}
