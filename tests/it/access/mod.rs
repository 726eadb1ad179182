//! Who may see and do what, and how people prove who they are.

mod by_id;
mod fields;
mod foreign_writes;
mod functions;
mod limits;
mod losing_rights;
mod throttle;
mod tokens;

use serde_json::{Value, json};
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, Company, TestHost};

/// The demo shop with its company A, another company B, and staff with all rights and with none.
struct Cast {
    host: TestHost,
    anonymous: Client,
    guest: Client,
    buyer: Client,
    approver: Client,
    other: Company,
    other_buyer: Client,
    other_approver: Client,
    other_admin: Client,
    suspended: Client,
    nobody: Client,
    staff: Client,
}

impl Cast {
    async fn gather() -> Self {
        let host = TestHost::demo().await;
        let staff = host.staff().await;
        let other = staff.company("other.test", "100000").await;
        let gone = staff.company("gone.test", "100000").await;
        let suspend = json!({ "id": gone.account, "version": 1, "status": "SUSPENDED" });
        staff.mutate("accountUpdate", suspend).await.ok();
        let login = json!({ "email": "nobody@demo.vectis.test", "name": "Nobody", "password": PASSWORD });
        staff.mutate("staffCreate", json!({ "login": login, "roleIds": [] })).await.ok();
        let wholesale = host.client().channel("wholesale");
        Self {
            anonymous: wholesale.clone(),
            guest: host.guest("somebody"),
            buyer: host.buyer().await,
            approver: host.approver().await,
            other_buyer: other.person(&host, "buyer").await,
            other_approver: other.person(&host, "approver").await,
            other_admin: other.person(&host, "admin").await,
            suspended: gone.person(&host, "buyer").await,
            nobody: wholesale.signed_in("nobody@demo.vectis.test", PASSWORD).await,
            other,
            staff,
            host,
        }
    }

    /// Everybody who has nothing to do with company A.
    fn outsiders(&self) -> [(&'static str, &Client); 7] {
        [
            ("anonymous", &self.anonymous),
            ("a guest", &self.guest),
            ("a buyer of another company", &self.other_buyer),
            ("an approver of another company", &self.other_approver),
            ("an admin of another company", &self.other_admin),
            ("a buyer of a suspended company", &self.suspended),
            ("staff without rights", &self.nobody),
        ]
    }
}

/// What belongs to company A's buyer.
struct Belongings {
    account: String,
    location: String,
    address: String,
    employee: String,
    /// An open cart.
    cart: String,
    version: Value,
    cart_line: String,
    /// A submitted one.
    waiting_cart: String,
    request: String,
    order: String,
    order_number: String,
    order_line: String,
}

impl Belongings {
    async fn of(buyer: &Client) -> Self {
        let me = "{ me { employee { id } account { id locations { id addresses { id } } } } }";
        let me = buyer.send(me, json!({})).await.ok();
        let bought = buyer.new_cart().await;
        let version = buyer.add_lines(&bought, lines(2, 1)).await.ok().at("/cartLinesAdd/cart/version");
        let input = json!({ "cartId": bought, "cartVersion": version, "idempotencyKey": "bought" });
        let placed = buyer.mutate("orderPlace { order { id number lines { id } } }", input).await.ok();
        let waiting_cart = buyer.new_cart().await;
        let version =
            buyer.add_lines(&waiting_cart, lines(3, 20_000)).await.ok().at("/cartLinesAdd/cart/version");
        let submitted = buyer.submit(&waiting_cart, &version, "waiting").await.ok();
        let cart = buyer.new_cart().await;
        let filled = buyer.add_lines(&cart, lines(2, 1)).await.ok();
        Self {
            account: me.text("/me/account/id"),
            location: me.text("/me/account/locations/0/id"),
            address: me.text("/me/account/locations/0/addresses/0/id"),
            employee: me.text("/me/employee/id"),
            cart,
            version: filled.at("/cartLinesAdd/cart/version"),
            cart_line: filled.text("/cartLinesAdd/cart/lines/0/id"),
            waiting_cart,
            request: submitted.text("/cartSubmit/approvalRequest/id"),
            order: placed.text("/orderPlace/order/id"),
            order_number: placed.text("/orderPlace/order/number"),
            order_line: placed.text("/orderPlace/order/lines/0/id"),
        }
    }
}

/// An answer without what tells one request from another: trace ids, and the ids asked for.
fn without_ids(answer: &vectis_tests::Graphql, ids: &[&str]) -> (u16, String) {
    let mut body = answer.body.clone();
    for error in body["errors"].as_array_mut().into_iter().flatten() {
        if let Some(extensions) = error["extensions"].as_object_mut() {
            extensions.remove("traceId");
        }
    }
    let mut text = body.to_string();
    for id in ids {
        let bare = id.split_once(':').map_or(*id, |(_, bare)| bare);
        text = text.replace(bare, "ID");
    }
    (answer.status, text)
}
