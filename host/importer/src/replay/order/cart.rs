//! From rows to a placed order, as its buyer.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use vectis_kernel::UnitPrice;

use crate::client::{Amount, Call, CallError, USER_ERRORS};
use crate::documents::Document;
use crate::replay::Replay;
use crate::session::Identity;

use super::{ORDER, Order};

/// One order on its way.
pub(super) struct Ordering<'a> {
    pub(super) replay: &'a Replay,
    pub(super) document: &'a Document,
    pub(super) buyer: &'a Identity,
    /// Guests have none.
    pub(super) approver: Option<&'a Identity>,
    /// Country the goods go to, when it is not the one of the account's address.
    pub(super) ship_to: Option<&'static str>,
}

/// What was being done, and why it was not.
type StepError = (&'static str, CallError);

/// A new cart, or what has become of it since.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cart {
    id: String,
    status: String,
    order: Option<Order>,
    approval_request: Option<ApprovalRequest>,
}

#[derive(Debug, Deserialize)]
struct ApprovalRequest {
    id: String,
}

/// A filled cart with today's prices.
#[derive(Debug, Deserialize)]
struct Filled {
    version: i64,
    lines: Vec<CartLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CartLine {
    id: String,
    unit_price: Amount,
}

/// What submitting led to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Submitted {
    order: Option<Order>,
    approval_request: Option<ApprovalRequest>,
}

impl Ordering<'_> {
    /// Places the order, or finds it placed by an earlier run.
    pub(super) async fn place(&self, rows: &[usize]) -> Result<Order, StepError> {
        let cart = self.create().await.map_err(|error| ("making the cart", error))?;
        if let Some(order) = cart.order {
            return Ok(order);
        }
        let submitted = if cart.status == "SUBMITTED" {
            Submitted { order: None, approval_request: cart.approval_request }
        } else {
            let filled = self.fill(&cart.id, rows).await.map_err(|error| ("filling the cart", error))?;
            let version = self
                .override_prices(&cart.id, rows, filled)
                .await
                .map_err(|error| ("overriding prices", error))?;
            self.submit(&cart.id, version).await.map_err(|error| ("submitting", error))?
        };
        match (submitted.order, submitted.approval_request, self.approver) {
            (Some(order), ..) => Ok(order),
            (None, Some(request), Some(approver)) => {
                self.approve(approver, &request.id).await.map_err(|error| ("approving", error))
            }
            _ => Err((
                "submitting",
                CallError::Unreadable("there is neither an order nor a request".to_owned()),
            )),
        }
    }

    async fn create(&self) -> Result<Cart, CallError> {
        #[derive(Deserialize)]
        struct Created {
            cart: Cart,
        }
        let document = format!(
            "mutation Cart {{ cartCreate(input: {{}}) {{ cart {{ id status approvalRequest {{ id }} \
             order {{ {ORDER} }} }} {USER_ERRORS} }} }}"
        );
        let call = Call::new(&document, json!({})).keyed(self.key("cart"));
        Ok(self.as_buyer::<Created>(call).await?.cart)
    }

    /// All lines in one call, each row a line of its own.
    async fn fill(&self, cart_id: &str, rows: &[usize]) -> Result<Filling, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Added {
            line_ids: Vec<String>,
        }
        #[derive(Deserialize)]
        struct Set {
            cart: Filled,
        }
        let document = format!(
            "mutation Fill($lines: CartLinesAddInput!, $details: CartDetailsSetInput!) {{ \
             cartLinesAdd(input: $lines) {{ lineIds {USER_ERRORS} }} \
             cartDetailsSet(input: $details) {{ cart {{ version lines {{ id unitPrice {{ amount }} }} }} \
             {USER_ERRORS} }} }}"
        );
        let lines: Vec<Value> = rows.iter().map(|row| self.line(*row)).collect();
        let mut details = json!({
            "cartId": cart_id, "poNumber": self.document.invoice, "idempotencyKey": self.key("details"),
        });
        if let Some(country) = self.ship_to {
            details["shippingAddress"] = json!({ "address": { "country": country } });
        }
        let lines = json!({
            "cartId": cart_id, "lines": lines, "onDuplicate": "SEPARATE", "idempotencyKey": self.key("lines"),
        });
        let call =
            Call::new(&document, json!({ "lines": lines, "details": details })).in_channel(self.channel());
        let mut answer = self.replay.desk.shop.send(self.buyer, &call).await?;
        let added: Added = answer.accepted("cartLinesAdd")?;
        let set: Set = answer.accepted("cartDetailsSet")?;
        if added.line_ids.len() != rows.len() {
            let message = format!("{} lines were added for {} rows", added.line_ids.len(), rows.len());
            return Err(CallError::Unreadable(message));
        }
        Ok(Filling { line_ids: added.line_ids, cart: set.cart })
    }

    fn line(&self, row: usize) -> Value {
        let row = self.replay.row(row);
        json!({ "sku": row.sku.as_str(), "quantity": row.quantity.to_string() })
    }

    /// Staff set the prices that are not the invoice's; the cart's version then.
    async fn override_prices(
        &self,
        cart_id: &str,
        rows: &[usize],
        filling: Filling,
    ) -> Result<i64, CallError> {
        #[derive(Deserialize)]
        struct Overridden {
            cart: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            version: i64,
        }
        let mut lines = Vec::new();
        for (row, id, offered) in filling.offers(rows)? {
            let wanted = self.replay.row(row).unit_price;
            if offered != wanted {
                lines.push(json!({
                    "lineId": id,
                    "unitPrice": wanted.to_decimal().to_string(),
                    "reason": format!("price on invoice {}", self.document.invoice),
                }));
            }
        }
        if lines.is_empty() {
            return Ok(filling.cart.version);
        }
        let document = format!(
            "mutation Override($input: CartPricesOverrideInput!) {{ cartPricesOverride(input: $input) {{ \
             cart {{ version }} {USER_ERRORS} }} }}"
        );
        let input = json!({ "cartId": cart_id, "lines": lines, "idempotencyKey": self.key("prices") });
        let call = Call::new(&document, json!({ "input": input })).in_channel(self.channel());
        Ok(self.replay.desk.command::<Overridden>(&call).await?.cart.version)
    }

    async fn submit(&self, cart_id: &str, version: i64) -> Result<Submitted, CallError> {
        let document = format!(
            "mutation Submit($input: OrderPlaceInput!) {{ cartSubmit(input: $input) {{ approvalRequest {{ id }} \
             order {{ {ORDER} }} {USER_ERRORS} }} }}"
        );
        let input =
            json!({ "cartId": cart_id, "cartVersion": version, "idempotencyKey": self.key("submit") });
        self.as_buyer(Call::new(&document, json!({ "input": input }))).await
    }

    async fn approve(&self, approver: &Identity, request_id: &str) -> Result<Order, CallError> {
        #[derive(Deserialize)]
        struct Decided {
            order: Option<Order>,
        }
        let document = format!(
            "mutation Approve($input: ApprovalDecideInput!) {{ approvalRequestApprove(input: $input) {{ \
             order {{ {ORDER} }} {USER_ERRORS} }} }}"
        );
        let input = json!({ "id": request_id, "idempotencyKey": self.key("approve") });
        let call = Call::new(&document, json!({ "input": input })).in_channel(self.channel());
        let decided: Decided = self.replay.desk.shop.command(approver, &call).await?;
        decided.order.ok_or_else(|| CallError::Failed {
            code: "NOT_PLACED".to_owned(),
            message: "the order waits for more approvals, or stock or prices have moved".to_owned(),
        })
    }

    async fn as_buyer<T: serde::de::DeserializeOwned>(&self, call: Call<'_>) -> Result<T, CallError> {
        self.replay.desk.shop.command(self.buyer, &call.in_channel(self.channel())).await
    }

    fn channel(&self) -> &str {
        &self.replay.channel(self.document).slug
    }

    fn key(&self, step: &str) -> String {
        self.replay.key(self.document, step)
    }
}

/// A filled cart, with the lines of the rows.
struct Filling {
    /// In the order of the rows.
    line_ids: Vec<String>,
    cart: Filled,
}

impl Filling {
    /// Row, line and the price offered for it.
    fn offers<'a>(&'a self, rows: &'a [usize]) -> Result<Vec<(usize, &'a str, UnitPrice)>, CallError> {
        let mut prices: HashMap<&str, UnitPrice> = HashMap::with_capacity(self.cart.lines.len());
        for line in &self.cart.lines {
            prices.insert(&line.id, line.unit_price.unit_price()?);
        }
        rows.iter()
            .zip(&self.line_ids)
            .map(|(row, id)| {
                let price = prices.get(id.as_str()).copied();
                let price =
                    price.ok_or_else(|| CallError::Unreadable(format!("line {id} is not in its cart")))?;
                Ok((*row, id.as_str(), price))
            })
            .collect()
    }
}
