//! Credit that is not enough for all orders of an account.

use serde_json::json;
use vectis_tests::TestHost;

use super::{line, number, orders, place_all, ready_carts, sorted, stock};

/// 10 × 0.18 and 19 % VAT.
const TOTAL: &str = "2.14";

#[tokio::test(flavor = "multi_thread")]
async fn parallel_orders_of_an_account_stop_at_its_credit_limit() {
    let host = TestHost::demo().await;
    // Room for seven orders, one cent short of the eighth.
    set_credit_limit(&host, "17.11").await;
    let buyers = [vec![host.buyer().await; 20], vec![host.approver().await; 20]].concat();
    let carts = ready_carts(&buyers, &json!([line("HEX-001", "10")])).await;
    assert!(carts.iter().all(|cart| cart.total == TOTAL), "{}", carts[0].total);

    let answers = place_all(&carts).await;

    let (placed, refused) = sorted(&carts, &answers);
    assert_eq!(placed.len(), 7);
    assert_eq!(refused, vec![["INSUFFICIENT_CREDIT @ "]; 33]);
    assert_eq!(orders(&host).await, 7);
    assert_eq!(number(host.db.pool(), "SELECT held_minor FROM accounts.credit").await, 7 * 214);
    assert_eq!(number(host.db.pool(), "SELECT COUNT(*) FROM accounts.credit_hold").await, 7);
    // Who was refused took no stock.
    assert_eq!(stock(&host, "HEX-001").await, ["100000", "0", "70", "99930"]);
    host.assert_books_balance().await;
    host.stop().await;
}

async fn set_credit_limit(host: &TestHost, amount: &str) {
    let staff = host.staff().await;
    let found = staff.send("{ accounts(first: 1) { nodes { id version } } }", json!({})).await.ok();
    let input = json!({
        "id": found.at("/accounts/nodes/0/id"),
        "version": found.at("/accounts/nodes/0/version"),
        "creditLimit": { "amount": amount, "currencyCode": "EUR" },
    });
    let update = "mutation($i: AccountUpdateInput!) { accountUpdate(input: $i) { userErrors { code field message } } }";
    staff.send(update, json!({ "i": input })).await.ok();
}
