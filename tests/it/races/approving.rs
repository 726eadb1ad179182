//! Approvers, and others, who press their buttons at the same moment.

use futures_util::future::join_all;
use serde_json::{Value, json};
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, Graphql, TestHost};

use super::{orders, ready_cart};

/// A cart of the buyer that waits for an approval: the cart's id and the request's.
async fn waiting_cart(host: &TestHost) -> (String, String) {
    let cart = ready_cart(&host.buyer().await, lines(3, 20_000)).await;
    let request = cart.submit(&cart.id).await.ok().text("/cartSubmit/approvalRequest/id");
    (cart.id, request)
}

/// New colleagues with the role of an approver, signed in.
async fn approvers(host: &TestHost, count: usize) -> Vec<Client> {
    let staff = host.staff().await;
    let found = staff.send("{ accounts(first: 1) { nodes { locations { id } } } }", json!({})).await.ok();
    let location = found.text("/accounts/nodes/0/locations/0/id");
    let create = "mutation($i: EmployeeCreateInput!) { employeeCreate(input: $i) { userErrors { code field message } } }";
    join_all((0..count).map(|number| {
        let (staff, location) = (staff.clone(), location.clone());
        async move {
            let email = format!("approver-{number}@demo.vectis.test");
            let employee = json!({ "email": email, "name": "Ann", "password": PASSWORD, "role": "Approver" });
            staff.send(create, json!({ "i": { "locationId": location, "employee": employee } })).await.ok();
            host.client().channel("wholesale").signed_in(&email, PASSWORD).await
        }
    }))
    .await
}

fn order_of(answer: &Graphql) -> Value {
    answer.at("/approvalRequestApprove/order/id")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_approvers_at_once_place_one_order() {
    let host = TestHost::demo().await;
    let approvers = approvers(&host, 10).await;
    let (_, request) = waiting_cart(&host).await;

    let answers = join_all(approvers.iter().map(|approver| approver.approve(&request, "yes"))).await;

    assert_eq!(answers.iter().filter(|answer| order_of(answer).is_string()).count(), 1);
    for answer in answers.iter().filter(|answer| order_of(answer).is_null()) {
        let errors = answer.user_errors();
        let too_late = ["NOT_PENDING @ id", "STALE_VERSION @ version", "CART_CHANGED @ id"];
        assert!(errors.len() == 1 && too_late.contains(&errors[0].as_str()), "{}", answer.body);
    }
    assert_eq!(orders(&host).await, 1);
    host.assert_books_balance().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_clicks_of_one_approver_under_one_key_are_one_order_and_ten_equal_answers() {
    let host = TestHost::demo().await;
    let approver = host.approver().await;
    let (_, request) = waiting_cart(&host).await;

    let answers = join_all((0..10).map(|_| approver.approve(&request, "yes"))).await;

    assert!(order_of(&answers[0]).is_string(), "{}", answers[0].body);
    for answer in &answers {
        assert_eq!(answer.body, answers[0].body);
    }
    assert_eq!(orders(&host).await, 1);
    host.assert_books_balance().await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_and_a_withdrawal_at_once_end_in_exactly_one_of_them() {
    let host = TestHost::demo().await;
    let (buyer, approver) = (host.buyer().await, host.approver().await);
    let withdraw = "mutation($i: CartWithdrawInput!) { cartWithdraw(input: $i) { cart { status } userErrors { code field message } } }";

    let mut placed = 0;
    for _ in 0..10 {
        let (cart, request) = waiting_cart(&host).await;
        let withdrawal = buyer.send(withdraw, json!({ "i": { "id": cart } }));

        let (approved, withdrawn) = tokio::join!(approver.approve(&request, &request), withdrawal);

        let is_placed = order_of(&approved).is_string();
        let is_withdrawn = withdrawn.at("/cartWithdraw/cart/status") == "OPEN";
        assert!(is_placed != is_withdrawn, "{} {}", approved.body, withdrawn.body);
        placed += i64::from(is_placed);
        let loser = if is_placed { withdrawn.user_errors() } else { approved.user_errors() };
        assert_eq!(loser.len(), 1, "{} {}", approved.body, withdrawn.body);
    }

    assert_eq!(orders(&host).await, placed);
    host.assert_books_balance().await;
    host.stop().await;
}
