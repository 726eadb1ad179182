//! The shop the benchmarks buy in: the demo shop, without limits that would stop thousands of orders.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_kernel::ids::ChannelId;
use vectis_tests::client::request;
use vectis_tests::shop::{PASSWORD, skus};
use vectis_tests::{Client, Graphql, PluginFolder, TestHost};

use crate::measure::Operation;

/// More than all orders of a run come to.
const CREDIT: &str = "1000000000.00";

/// A running host and the people who use it.
pub(crate) struct Shop {
    pub(crate) host: TestHost,
    /// The demo company's.
    pub(crate) buyer: Client,
    /// Of the channel all buy in.
    pub(crate) channel_id: ChannelId,
    staff: Client,
}

impl Shop {
    /// The demo shop; its company gets credit, its approval strategy no rules.
    pub(crate) async fn open() -> Result<Self> {
        let host = TestHost::configured(PluginFolder::first_party(), true, |config| {
            // Looks for activations made by other processes; they would be counted with the statements of others.
            config.plugins.refresh_interval = Duration::from_secs(3_600);
            // As in production, where the tests have fewer.
            config.database.max_connections = 20;
            // The token of the only sign-in lasts for the whole run.
            config.identity.access_token_ttl = Duration::from_secs(3_600);
        })
        .await;
        let staff = host.staff().await;
        let channel = staff.send("{ channel(slug: \"wholesale\") { id } }", json!({})).await.ok();
        let channel_id = ChannelId(uuid_of(&channel.text("/channel/id"))?);
        let shop = Self { buyer: host.buyer().await, channel_id, staff, host };
        shop.give_credit().await;
        shop.ask_for_no_approval().await;
        Ok(shop)
    }

    async fn give_credit(&self) {
        let found = self.staff.send("{ accounts(first: 1) { nodes { id version } } }", json!({})).await.ok();
        let input = json!({
            "id": found.at("/accounts/nodes/0/id"),
            "version": found.at("/accounts/nodes/0/version"),
            "creditLimit": { "amount": CREDIT, "currencyCode": "EUR" },
        });
        let update = "mutation($i: AccountUpdateInput!) { accountUpdate(input: $i) { userErrors { code field message } } }";
        self.staff.send(update, json!({ "i": input })).await.ok();
    }

    async fn ask_for_no_approval(&self) {
        let input = json!({
            "channelId": format!("channel:{}", self.channel_id),
            "point": "vectis.approval",
            "plugin": "approval-rules",
            "config": { "rules": [] },
        });
        let activate = "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { code field message } } }";
        self.staff.send(activate, json!({ "i": input })).await.ok();
    }

    /// Signed-in buyers of that many companies, each on connections of its own.
    pub(crate) async fn companies(&self, count: usize) -> Vec<Client> {
        let email = |number: usize| format!("buyer-{number}@bench.vectis.test");
        let account = |number: usize| {
            let person =
                json!({ "email": email(number), "name": "Bea Buyer", "password": PASSWORD, "role": "Buyer" });
            let address =
                json!({ "name": "Goods in", "street": "Am Wall 1", "city": "Bremen", "country": "DE" });
            json!({
                "name": format!("Company {number}"),
                "status": "ACTIVE",
                "paymentTerms": "Net30",
                "creditLimit": { "amount": CREDIT, "currencyCode": "EUR" },
                "locations": [{ "name": "Bremen", "address": address, "employees": [person] }],
            })
        };
        let accounts: Vec<Value> = (0..count).map(account).collect();
        let create = "mutation($i: AccountsCreateInput!) { accountsCreate(input: $i) { userErrors { code field message } } }";
        self.staff.send(create, json!({ "i": { "accounts": accounts } })).await.ok();
        let mut buyers = Vec::with_capacity(count);
        for number in 0..count {
            buyers.push(self.host.client().channel("wholesale").signed_in(&email(number), PASSWORD).await);
        }
        buyers
    }

    /// A cart of the buyer with lines in it.
    pub(crate) async fn filled_cart(&self, lines: usize) -> Result<Graphql> {
        let cart = self.buyer.new_cart().await;
        let (status, body) = self.buyer.exchange(add_request(Some(&cart), &lines_of(lines))).await?;
        Ok(Graphql::read(status, &body).ok())
    }
}

/// The id in a global id: `order:0198…`.
pub(crate) fn uuid_of(global: &str) -> Result<Uuid> {
    let (_, id) = global.split_once(':').with_context(|| format!("{global} is no global id"))?;
    Ok(Uuid::parse_str(id)?)
}

/// That many lines, two of each variant; different ones as long as there are any.
pub(crate) fn lines_of(count: usize) -> Value {
    skus(count).into_iter().map(|sku| json!({ "sku": sku, "quantity": "2" })).collect()
}

/// Adds lines to a cart, or to the buyer's open one; the answer has the cart's total, but not its lines.
pub(crate) fn add_request(cart: Option<&str>, lines: &Value) -> Vec<u8> {
    let add = "mutation($i: CartLinesAddInput!) { cartLinesAdd(input: $i) { \
               cart { id version lineCount totalQuantity grandTotal { amount } } userErrors { code field message } } }";
    request(add, json!({ "i": { "cartId": cart, "lines": lines, "onDuplicate": "SEPARATE" } }))
}

/// Submits a cart just filled.
pub(crate) fn submit_request(filled: &Graphql) -> Vec<u8> {
    let submit = "mutation($i: OrderPlaceInput!) { cartSubmit(input: $i) { \
                  order { id number state } approvalRequest { id } userErrors { code field message } } }";
    let cart = filled.at("/cartLinesAdd/cart/id");
    let input = json!({ "cartId": cart, "cartVersion": filled.at("/cartLinesAdd/cart/version"), "idempotencyKey": cart });
    request(submit, json!({ "i": input }))
}

/// One request to the API. `body` makes a new one each time.
pub(crate) struct Call<'a, B> {
    pub(crate) client: &'a Client,
    pub(crate) body: B,
    /// JSON pointer to a text that only the right answer has.
    pub(crate) proof: String,
}

impl<B: AsyncFnMut() -> Result<Vec<u8>>> Operation for Call<'_, B> {
    type Ready = Vec<u8>;
    type Answer = (u16, Vec<u8>);

    async fn prepare(&mut self) -> Result<Vec<u8>> {
        (self.body)().await
    }

    async fn run(&mut self, body: Vec<u8>) -> Result<(u16, Vec<u8>)> {
        Ok(self.client.exchange(body).await?)
    }

    fn check(&self, (status, body): (u16, Vec<u8>)) -> Result<()> {
        let answer = Graphql::read(status, &body).ok();
        answer
            .at(&self.proof)
            .as_str()
            .map(drop)
            .with_context(|| format!("no text at {} of the answer", self.proof))
    }
}
