//! A shop in memory behind a real HTTP server: answers in the form of the API, keeps carts, orders and idempotency keys,
//! and breaks where a test wants it to.

mod orders;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use vectis_kernel::{Currency, Money, Quantity, UnitPrice};

/// A user error.
pub(super) fn refusal(code: &str, message: &str) -> Value {
    json!({ "code": code, "field": ["lines", "0"], "message": message })
}

/// A running shop.
#[derive(Clone)]
pub(super) struct FakeShop {
    /// Address of the API.
    pub(super) url: String,
    state: Arc<Mutex<Shop>>,
    /// Tells when `requests_left` has run out.
    pub(super) gone: Arc<Notify>,
}

/// What the shop knows.
#[derive(Default)]
pub(super) struct Shop {
    /// Every operation with who sent it: `Submit by buyer-17850@customers.example`.
    pub(super) log: Vec<String>,
    pub(super) channels: Vec<Value>,
    pub(super) accounts: Vec<Value>,
    pub(super) strategies: Vec<String>,
    pub(super) products: BTreeMap<String, Value>,
    lists: Vec<(Value, Vec<Value>)>,
    pub(super) carts: Vec<Value>,
    pub(super) orders: Vec<Value>,
    pub(super) notes: Vec<Value>,
    /// Pieces by SKU.
    pub(super) stock: BTreeMap<String, i64>,
    /// Answers by sender and key.
    answers: HashMap<(String, String), (Value, Value)>,
    /// Users by access token.
    tokens: HashMap<String, String>,
    signed_in: usize,
    /// HTTP status for the next requests, in this order.
    pub(super) broken: Vec<u16>,
    /// How many requests are answered before the shop is gone for good.
    pub(super) requests_left: Option<usize>,
    gone: Arc<Notify>,
    /// User errors by operation and PO number or account.
    pub(super) refusals: HashMap<String, Value>,
    /// Whether carts of companies wait for an approval.
    pub(super) asks_for_approval: bool,
    /// Seconds an access token lives.
    pub(super) token_seconds: i64,
}

struct Request<'a> {
    /// `mutation Submit`
    operation: String,
    input: &'a Value,
    who: String,
    channel: String,
}

impl FakeShop {
    /// Opens a shop on a free port.
    pub(super) async fn open() -> Self {
        let gone = Arc::new(Notify::new());
        let shop = Shop { token_seconds: 900, gone: gone.clone(), ..Shop::default() };
        let state = Arc::new(Mutex::new(shop));
        let router = Router::new().route("/graphql", post(answer)).with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/graphql", listener.local_addr().unwrap());
        tokio::runtime::Handle::current().spawn(async move { axum::serve(listener, router).await });
        Self { url, state, gone }
    }

    /// A look inside.
    pub(super) fn shop(&self) -> MutexGuard<'_, Shop> {
        self.state.lock().unwrap()
    }
}

async fn answer(State(state): State<Arc<Mutex<Shop>>>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let mut shop = state.lock().unwrap();
    match shop.answer(&headers, &request) {
        Ok(data) => json!({ "data": data }).to_string().into_response(),
        Err((status, code)) => {
            let body = json!({ "errors": [{ "message": "no", "extensions": { "code": code } }] });
            (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn money(minor: i64) -> Value {
    json!({ "amount": Money::new(minor, Currency::GBP).to_decimal().to_string() })
}

fn minor(value: &Value) -> i64 {
    let amount: Decimal = value["amount"].as_str().unwrap().parse().unwrap();
    Money::from_decimal(amount, Currency::GBP).unwrap().minor
}

fn line_value(price: &str, quantity: &Value) -> i64 {
    let price = UnitPrice::from_decimal(price.parse().unwrap(), Currency::GBP).unwrap();
    let quantity = Quantity::from_decimal(text(quantity).parse().unwrap()).unwrap();
    price.times(quantity).unwrap().minor
}

impl Shop {
    /// A retail price holds 20 % tax, a wholesale one does not.
    fn totals(&self, channel: &str, value: i64) -> (i64, i64) {
        let includes_tax =
            self.channels.iter().any(|c| c["slug"] == channel && c["pricesIncludeTax"] == true);
        if includes_tax { (value - value / 6, value / 6) } else { (value, value / 5) }
    }

    fn answer(&mut self, headers: &HeaderMap, request: &Value) -> Result<Value, (u16, &'static str)> {
        if let Some(left) = &mut self.requests_left {
            let Some(less) = left.checked_sub(1) else {
                self.gone.notify_one();
                return Err((503, "OVERLOADED"));
            };
            *left = less;
        }
        if !self.broken.is_empty() {
            return Err((self.broken.remove(0), "OVERLOADED"));
        }
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let document = text(&request["query"]);
        let operation: Vec<&str> =
            document.split(['(', '{', ' ']).filter(|part| !part.is_empty()).take(2).collect();
        let who = match (header("authorization"), header("x-guest-token")) {
            (Some(bearer), _) => {
                let token = bearer.strip_prefix("Bearer ").unwrap();
                self.tokens.get(token).cloned().ok_or((401, "UNAUTHENTICATED"))?
            }
            (None, Some(guest)) => format!("guest {guest}"),
            (None, None) => "nobody".to_owned(),
        };
        let asked = Request {
            operation: operation.join(" "),
            input: &request["variables"],
            channel: header("x-channel").unwrap_or_default(),
            who,
        };
        self.log.push(format!("{} by {}", asked.operation, asked.who));
        let key = header("idempotency-key").or_else(|| {
            let input = &request["variables"]["input"]["idempotencyKey"];
            let lines = &request["variables"]["lines"]["idempotencyKey"];
            input.as_str().or(lines.as_str()).map(str::to_owned)
        });
        let Some(key) = key else { return Ok(self.run(&asked)) };
        let held = (asked.who.clone(), key);
        if let Some((before, answer)) = self.answers.get(&held) {
            assert_eq!(
                before, &request["variables"],
                "a key was used for something else: {}",
                asked.operation
            );
            let answer = answer.clone();
            return Ok(self.refreshed(answer));
        }
        let answer = self.run(&asked);
        let is_refused =
            answer.as_object().unwrap().values().any(|payload| payload["userErrors"].get(0).is_some());
        if !is_refused {
            self.answers.insert(held, (request["variables"].clone(), answer.clone()));
        }
        Ok(answer)
    }

    /// Recorded answers show their carts and orders as they are now.
    fn refreshed(&self, mut answer: Value) -> Value {
        for payload in answer.as_object_mut().unwrap().values_mut() {
            for (field, all) in [("cart", &self.carts), ("order", &self.orders)] {
                let id = payload[field]["id"].clone();
                if let Some(now) = all.iter().find(|thing| thing["id"] == id) {
                    payload[field] = self.shown(now);
                }
            }
        }
        answer
    }

    fn shown(&self, thing: &Value) -> Value {
        let mut shown = thing.clone();
        if let Some(order) = self.orders.iter().find(|order| order["id"] == thing["orderId"]) {
            shown["order"] = order.clone();
        }
        shown
    }

    fn run(&mut self, asked: &Request<'_>) -> Value {
        let input = &asked.input["input"];
        if let Some(error) = self.refusal(asked) {
            let field = match asked.operation.as_str() {
                "mutation SignIn" => "signIn",
                "mutation Submit" => "cartSubmit",
                "mutation Charge" => "orderChargesAdd",
                "mutation Activate" => "strategyActivate",
                other => panic!("no refusal of {other} is known"),
            };
            return json!({ field: { "userErrors": [error] } });
        }
        match asked.operation.as_str() {
            "mutation SignIn" => json!({ "signIn": self.sign_in(&text(&input["email"])) }),
            "mutation Refresh" => {
                let email = text(&input["refreshToken"]).split_once(' ').unwrap().1.to_owned();
                json!({ "tokenRefresh": self.sign_in(&email) })
            }
            "query Me" => json!({ "me": { "kind": "STAFF" } }),
            "query Channels" => json!({ "channels": self.channels }),
            "mutation Channel" => self.channel(input),
            "query Warehouses" => json!({ "warehouses": [{ "id": "warehouse:1", "code": "GB-1" }] }),
            "mutation Warehouse" => {
                json!({ "warehouseUpsert": { "warehouseId": "warehouse:1", "userErrors": [] } })
            }
            "query Accounts" => json!({ "accounts": page(&self.accounts, asked.input, 2) }),
            "mutation Accounts" => self.make_accounts(input),
            "mutation Activate" => {
                let strategy = format!("{} {} {}", input["channelId"], input["point"], input["plugin"]);
                self.strategies.push(strategy.replace('"', ""));
                json!({ "strategyActivate": { "userErrors": [] } })
            }
            "mutation Products" => self.make_products(input),
            "mutation PriceList" => self.make_list(input),
            "mutation Prices" => self.set_prices(input),
            "mutation Stock" => self.adjust(input),
            "query Orders" => {
                let in_channel = |order: &&Value| order["channelId"] == asked.input["channelId"];
                let orders: Vec<Value> = self.orders.iter().rev().filter(in_channel).cloned().collect();
                json!({ "orders": page(&orders, asked.input, 2) })
            }
            "query Notes" => json!({ "creditNotes": page(&self.notes, asked.input, 2) }),
            _ => self.sell(asked),
        }
    }

    fn refusal(&self, asked: &Request<'_>) -> Option<Value> {
        let input = &asked.input["input"];
        let cart = self.carts.iter().find(|cart| cart["id"] == input["cartId"]);
        let order = self.orders.iter().find(|order| order["id"] == input["id"]);
        let subject = cart.or(order).map_or_else(|| text(&input["email"]), |found| text(&found["poNumber"]));
        self.refusals.get(&format!("{} {subject}", asked.operation)).cloned()
    }

    fn sign_in(&mut self, email: &str) -> Value {
        self.signed_in += 1;
        let token = format!("token-{}", self.signed_in);
        self.tokens.insert(token.clone(), email.to_owned());
        let end = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now())
            + chrono::TimeDelta::seconds(self.token_seconds);
        json!({ "userErrors": [], "tokens": {
            "accessToken": token, "accessExpiresAt": end.to_rfc3339(), "refreshToken": format!("refresh {email}"),
        } })
    }

    /// All access tokens end at once.
    pub(super) fn end_sessions(&mut self) {
        self.tokens.clear();
    }

    fn channel(&mut self, input: &Value) -> Value {
        let (field, settings) = if input.get("settings").is_some() {
            ("channelUpdate", &input["settings"])
        } else {
            ("channelCreate", input)
        };
        let id =
            input.get("id").cloned().unwrap_or_else(|| json!(format!("channel:{}", text(&settings["slug"]))));
        let mut channel = json!({ "isActive": true, "currencyCodes": [], "version": 1, "id": id });
        for (name, value) in settings.as_object().unwrap() {
            channel[name] = value.clone();
        }
        self.channels.retain(|other| other["id"] != channel["id"]);
        self.channels.push(channel.clone());
        json!({ field: { "channel": channel, "userErrors": [] } })
    }

    fn make_accounts(&mut self, input: &Value) -> Value {
        let mut ids = Vec::new();
        for account in input["accounts"].as_array().unwrap() {
            let mut made = account.clone();
            made["id"] = json!(format!("account:{}", text(&account["externalReference"])));
            ids.push(made["id"].clone());
            self.accounts.push(made);
        }
        json!({ "accountsCreate": { "accountIds": ids, "userErrors": [] } })
    }

    fn make_products(&mut self, input: &Value) -> Value {
        for product in input["products"].as_array().unwrap() {
            self.products.insert(text(&product["variants"][0]["sku"]), product.clone());
        }
        json!({ "productsUpsert": { "userErrors": [] } })
    }

    fn make_list(&mut self, input: &Value) -> Value {
        let known = self.lists.iter().position(|(list, _)| list["name"] == input["name"]);
        let index = known.unwrap_or_else(|| {
            self.lists.push((input.clone(), Vec::new()));
            self.lists.len() - 1
        });
        json!({ "priceListUpsert": { "priceListId": format!("list:{index}"), "userErrors": [] } })
    }

    fn set_prices(&mut self, input: &Value) -> Value {
        let index: usize = text(&input["listId"]).strip_prefix("list:").unwrap().parse().unwrap();
        self.lists[index].1.clone_from(input["entries"].as_array().unwrap());
        json!({ "priceListEntriesSet": { "userErrors": [] } })
    }

    fn adjust(&mut self, input: &Value) -> Value {
        for adjustment in input["adjustments"].as_array().unwrap() {
            let delta: i64 = text(&adjustment["delta"]).parse().unwrap();
            *self.stock.entry(text(&adjustment["sku"])).or_default() += delta;
        }
        json!({ "stockAdjust": { "isDone": true, "userErrors": [] } })
    }

    /// Names of the price lists.
    pub(super) fn list_names(&self) -> Vec<String> {
        self.lists.iter().map(|(list, _)| text(&list["name"])).collect()
    }

    /// The most specific list that has the SKU, then the highest tier reached.
    fn price(&self, who: &str, channel: &str, line: &Value) -> String {
        let number = who.strip_prefix("buyer-").and_then(|rest| rest.split('@').next()).unwrap_or_default();
        let audiences =
            [("accountIds", format!("account:{number}")), ("channelIds", format!("channel:{channel}"))];
        let quantity: i64 = text(&line["quantity"]).parse().unwrap();
        for (kind, id) in audiences {
            let lists = self.lists.iter().filter(|(list, _)| list[kind][0] == id);
            let mut entries = lists.flat_map(|(_, entries)| entries);
            if let Some(entry) = entries.find(|entry| entry["sku"] == line["sku"]) {
                let tiers = entry["tiers"].as_array().unwrap();
                let reached = |tier: &&Value| text(&tier["minQuantity"]).parse::<i64>().unwrap() <= quantity;
                return text(&tiers.iter().rfind(reached).unwrap()["unitPrice"]);
            }
        }
        panic!("{line} has no price for {who} in {channel}")
    }
}

fn page(all: &[Value], variables: &Value, size: usize) -> Value {
    let start: usize = variables["after"].as_str().map_or(0, |after| after.parse().unwrap());
    let end = (start + size).min(all.len());
    json!({ "nodes": all[start..end], "pageInfo": { "hasNextPage": end < all.len(), "endCursor": end.to_string() } })
}
