//! What belongs to another company does not exist: not by id, not by number, not in lists, not from anywhere else.

use serde_json::{Value, json};

use super::{Belongings, Cast, without_ids};
use crate::bad_input::missing;

#[tokio::test(flavor = "multi_thread")]
async fn foreign_things_are_like_missing_ones() {
    let cast = Cast::gather().await;
    let own = Belongings::of(&cast.buyer).await;

    foreign_ids_answer_like_missing_ones(&cast, &own).await;
    colleagues_see_what_their_role_lets_them(&cast, &own).await;
    lists_show_the_own_company_whatever_is_asked_for(&cast, &own).await;
    guests_see_their_own_cart_only(&cast).await;
    cast.host.stop().await;
}

/// Queries by id, with an id of company A and one that nothing has.
fn queries(own: &Belongings) -> [(&'static str, &str, String); 6] {
    [
        ("query($id: ID!) { it: cart(id: $id) { id lines { sku } } }", &own.cart, missing("cart")),
        ("query($id: ID!) { it: cart(id: $id) { id order { id } } }", &own.waiting_cart, missing("cart")),
        ("query($id: ID!) { it: order(id: $id) { id number } }", &own.order, missing("order")),
        (
            "query($id: String!) { it: orderByNumber(number: $id) { id } }",
            &own.order_number,
            "SO-999999".to_owned(),
        ),
        ("query($id: ID!) { it: account(id: $id) { id name } }", &own.account, missing("account")),
        (
            "query($id: ID!) { it: approvalRequest(id: $id) { id cart { id } } }",
            &own.request,
            missing("approvalrequest"),
        ),
    ]
}

async fn foreign_ids_answer_like_missing_ones(cast: &Cast, own: &Belongings) {
    for (query, foreign, missing) in queries(own) {
        let seen = cast.buyer.send(query, json!({ "id": foreign })).await.ok();
        assert_ne!(seen.at("/it"), Value::Null, "{query}: the owner sees it");
        let seen = cast.staff.send(query, json!({ "id": foreign })).await.ok();
        assert_ne!(seen.at("/it"), Value::Null, "{query}: staff see it");
        for (who, outsider) in cast.outsiders() {
            let of_foreign = outsider.send(query, json!({ "id": foreign })).await;
            let of_missing = outsider.send(query, json!({ "id": missing })).await;
            assert_eq!(of_foreign.at("/it"), Value::Null, "{query} by {who}");
            let ids = [foreign, missing.as_str()];
            assert_eq!(without_ids(&of_foreign, &ids), without_ids(&of_missing, &ids), "{query} by {who}");
        }
    }
}

async fn colleagues_see_what_their_role_lets_them(cast: &Cast, own: &Belongings) {
    for (query, id, _) in queries(own) {
        let seen = cast.approver.send(query, json!({ "id": id })).await.ok();
        assert_ne!(seen.at("/it"), Value::Null, "{query}: an approver sees the account's");
    }
    // A buyer sees the own things only, not those of a colleague who is an approver.
    let of_approver = Belongings::of(&cast.approver).await;
    let account = of_approver.account.clone();
    for (query, id, missing) in queries(&of_approver).into_iter().filter(|(_, id, _)| *id != account) {
        let of_colleague = cast.buyer.send(query, json!({ "id": id })).await;
        let of_missing = cast.buyer.send(query, json!({ "id": missing })).await;
        let ids = [id, missing.as_str()];
        assert_eq!(without_ids(&of_colleague, &ids), without_ids(&of_missing, &ids), "{query}");
    }
}

async fn lists_show_the_own_company_whatever_is_asked_for(cast: &Cast, own: &Belongings) {
    let channel = cast.staff.send("{ channel { id } }", json!({})).await.text("/channel/id");
    let ids = json!({ "account": own.account, "channel": channel });
    for query in [
        "query($account: ID) { it: orders(accountId: $account) { nodes { id } } }",
        "query($channel: ID) { it: orders(channelId: $channel) { nodes { id } } }",
        "{ it: orders(state: \"AwaitingFulfillment\") { nodes { id } edges { cursor } pageInfo { endCursor } } }",
        "query($account: ID) { it: approvalRequests(accountId: $account) { nodes { id } } }",
        "{ it: approvalRequests(status: PENDING) { nodes { id } } }",
        "query($account: ID) { it: creditNotes(accountId: $account) { nodes { id } } }",
    ] {
        if !query.contains("creditNotes") {
            let shown = cast.approver.send(query, ids.clone()).await.ok();
            assert_ne!(shown.at("/it/nodes"), json!([]), "{query}: there is something to see");
        }
        for (who, outsider) in cast.outsiders() {
            let answer = outsider.send(query, ids.clone()).await;
            let nothing = answer.at("/it").is_null() || answer.at("/it/nodes") == json!([]);
            assert!(nothing, "{query} by {who}: {}", answer.body);
            assert!(answer.at("/it/pageInfo/endCursor").is_null(), "{query} by {who}: {}", answer.body);
        }
    }
    let walk = "{ me { account { id employees { id } locations { id } } } }";
    let seen = cast.other_admin.send(walk, json!({})).await.ok();
    assert_eq!(seen.text("/me/account/id"), cast.other.account);
    assert_eq!(seen.at("/me/account/employees").as_array().unwrap().len(), 3);
    assert!(!seen.body.to_string().contains(&own.location), "{}", seen.body);
    // A cursor of another company's list is only a place to begin at.
    let after = own.order.trim_start_matches("order:");
    let paged = cast
        .other_admin
        .send("query($a: String) { orders(after: $a) { nodes { id } } }", json!({ "a": after }))
        .await
        .ok();
    assert_eq!(paged.at("/orders/nodes"), json!([]));
}

async fn guests_see_their_own_cart_only(cast: &Cast) {
    let (guest, other) = (cast.host.guest("first"), cast.host.guest("second"));
    let cart = guest.new_cart().await;
    let query = "query($id: ID!) { cart(id: $id) { id } myCart { id } }";
    let seen = guest.send(query, json!({ "id": cart })).await.ok();
    assert_eq!(seen.text("/cart/id"), cart);
    let without_token = cast.host.client().channel("retail");
    for outsider in [&other, &without_token, &cast.other_admin, &cast.buyer.channel("retail")] {
        let seen = outsider.send(query, json!({ "id": cart })).await.ok();
        assert_eq!(seen.at("/cart"), Value::Null, "{}", seen.body);
        assert_eq!(seen.at("/myCart"), Value::Null, "{}", seen.body);
    }
}
