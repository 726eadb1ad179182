//! The people of the demo shop, and the steps that many tests share.

use serde_json::{Value, json};

use crate::{Client, Graphql, TestHost};

/// Password of everybody in the demo shop.
pub const PASSWORD: &str = "vectis-demo-1";

/// The eight kinds of goods; sizes run from 001 to 150.
pub const KINDS: [&str; 8] = ["HEX", "NUT", "WSH", "SCR", "ANC", "ROD", "RIV", "CLP"];

/// What tests ask of a cart.
pub const CART: &str = "id version status lineCount netTotal { amount } taxTotal { amount } grandTotal { amount } \
                        lines { id sku quantity unitPrice { amount } netTotal { amount } taxTotal { amount } }";

impl TestHost {
    /// The demo company's buyer, in the wholesale channel.
    pub async fn buyer(&self) -> Client {
        self.client().channel("wholesale").signed_in("buyer@demo.vectis.test", PASSWORD).await
    }

    /// The demo company's approver, in the wholesale channel.
    pub async fn approver(&self) -> Client {
        self.client().channel("wholesale").signed_in("approver@demo.vectis.test", PASSWORD).await
    }

    /// Staff with all permissions.
    pub async fn staff(&self) -> Client {
        self.client().channel("wholesale").signed_in("admin@demo.vectis.test", PASSWORD).await
    }

    /// A guest of the retail channel; the same token is the same guest.
    pub fn guest(&self, token: &str) -> Client {
        self.client().channel("retail").with("x-guest-token", format!("{token:0>40}"))
    }
}

/// `count` different SKUs of the demo shop.
pub fn skus(count: usize) -> Vec<String> {
    let all = KINDS.iter().flat_map(|kind| (1..=150).map(move |size| format!("{kind}-{size:03}")));
    all.cycle().take(count).collect()
}

/// Lines of `count` different SKUs.
pub fn lines(count: usize, quantity: u32) -> Value {
    let line = |sku: String| json!({ "sku": sku, "quantity": quantity.to_string() });
    skus(count).into_iter().map(line).collect()
}

impl Client {
    /// Makes an empty cart; its id.
    pub async fn new_cart(&self) -> String {
        let answer = self
            .send(
                "mutation { cartCreate(input: {}) { cart { id } userErrors { code field message } } }",
                json!({}),
            )
            .await
            .ok();
        answer.text("/cartCreate/cart/id")
    }

    /// Adds lines, each a line of its own, and reads the whole cart back.
    pub async fn add_lines(&self, cart: &str, lines: Value) -> Graphql {
        let query = format!(
            "mutation($i: CartLinesAddInput!) {{ cartLinesAdd(input: $i) {{ cart {{ {CART} }} userErrors {{ code field message }} }} }}"
        );
        let input = json!({ "cartId": cart, "lines": lines, "onDuplicate": "SEPARATE" });
        self.send(&query, json!({ "i": input })).await
    }

    /// Submits a cart under an idempotency key.
    pub async fn submit(&self, cart: &str, version: &Value, key: &str) -> Graphql {
        let query = "mutation($i: OrderPlaceInput!) { cartSubmit(input: $i) { \
                     order { id number state } approvalRequest { id status version } userErrors { code field message } } }";
        let input = json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": key });
        self.send(query, json!({ "i": input })).await
    }

    /// Approves a request under an idempotency key.
    pub async fn approve(&self, request: &str, key: &str) -> Graphql {
        let query = "mutation($i: ApprovalDecideInput!) { approvalRequestApprove(input: $i) { \
                     approvalRequest { id status } order { id number state } isBlocked userErrors { code field message } } }";
        self.send(query, json!({ "i": { "id": request, "idempotencyKey": key } })).await
    }
}
