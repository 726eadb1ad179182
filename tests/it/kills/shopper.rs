//! Somebody who fills carts at the host beside, places them at those that are killed, and asks again under the same key
//! until there is an answer.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use vectis_tests::shop::skus;
use vectis_tests::{Client, Graphql};

use super::stage::Stage;

/// A large cart may have to wait for the host that is left in the end.
const PATIENCE: Duration = Duration::from_secs(600);

const FILL: &str = "mutation($i: CartLinesAddInput!) { cartLinesAdd(input: $i) { \
                    cart { id version lineCount grandTotal { amount } } userErrors { code field message } } }";
const PLACE: &str = "mutation($i: OrderPlaceInput!) { orderPlace(input: $i) { \
                     order { number lineCount grandTotal { amount } } userErrors { code field message } } }";

/// An order that the shopper was told of, as it was wanted.
pub(super) struct Acknowledged {
    pub(super) number: String,
    /// `HEX-001 2000`, in the order of the cart.
    pub(super) lines: Vec<String>,
    pub(super) total: String,
    /// What was sent, to send it once more.
    pub(super) placement: Value,
}

pub(super) struct Shopper {
    /// At the host beside.
    pub(super) client: Client,
    pub(super) seed: u64,
    pub(super) stage: Stage,
}

impl Shopper {
    /// Buys until the stage ends; every order it was told of.
    pub(super) async fn shop(&self) -> Vec<Acknowledged> {
        let mut chance = StdRng::seed_from_u64(self.seed);
        let mut orders = Vec::new();
        while !self.stage.is_over() {
            let size = if orders.len() % 8 == 7 { 300 } else { 3 };
            orders.push(self.buy(&orders.len().to_string(), bought(&mut chance, size)).await);
        }
        orders
    }

    async fn buy(&self, key: &str, goods: Vec<(String, u32)>) -> Acknowledged {
        let line = |(sku, quantity): &(String, u32)| json!({ "sku": sku, "quantity": quantity.to_string() });
        let lines: Value = goods.iter().map(line).collect();
        let filled = self.client.send(FILL, json!({ "i": { "lines": lines } })).await.ok();
        let total = filled.text("/cartLinesAdd/cart/grandTotal/amount");
        let placement = json!({
            "cartId": filled.at("/cartLinesAdd/cart/id"),
            "cartVersion": filled.at("/cartLinesAdd/cart/version"),
            "idempotencyKey": key,
        });
        let placed = self.place(&placement).await;
        assert_eq!(placed.at("/orderPlace/order/lineCount"), goods.len(), "{}", placed.body);
        assert_eq!(placed.text("/orderPlace/order/grandTotal/amount"), total);
        let number = placed.text("/orderPlace/order/number");
        self.stage.hear(&number);
        let lines = goods.iter().map(|(sku, quantity)| format!("{sku} {quantity}000")).collect();
        Acknowledged { number, lines, total, placement }
    }

    /// Places a cart at whichever host there is, again and again until one answers.
    pub(super) async fn place(&self, placement: &Value) -> Graphql {
        let _placing = self.stage.placing();
        let begun = Instant::now();
        loop {
            let host = self.client.at(self.stage.host().await);
            match host.try_send(PLACE, json!({ "i": placement })).await {
                Ok(answer) if answer.status == 200 => return answer.ok(),
                // Killed on the way.
                unanswered => {
                    assert!(begun.elapsed() < PATIENCE, "nobody answers {placement}: {unanswered:?}")
                }
            }
            self.stage.note_cut_off();
        }
    }
}

/// So many different SKUs, one to nine of each.
fn bought(chance: &mut StdRng, size: usize) -> Vec<(String, u32)> {
    let all = skus(1_200);
    let chosen: Vec<String> = all.choose_multiple(chance, size).cloned().collect();
    chosen.into_iter().map(|sku| (sku, chance.random_range(1..10))).collect()
}
