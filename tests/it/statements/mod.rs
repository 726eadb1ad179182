//! How many SQL statements an operation takes: the same number at 1, 1,000 and 10,000 lines. The figures stand here so that
//! a change is seen; each is the whole request's, its caller included.

mod counting;

use std::time::Duration;

use serde_json::{Value, json};
use vectis_tests::shop::{lines, skus};
use vectis_tests::{Client, Graphql, PluginFolder, TestHost};

use counting::{Counter, Forgotten, Ran};

const SIZES: [usize; 3] = [1, 1_000, 10_000];

/// Channel, login, employee: what every request of a buyer begins with, and what no command reads again.
const CALLER: i64 = 3;
/// Cart, variants, prices, taxes: a cart as it is shown and placed.
const PRICED_CART: i64 = 4;
const READ_CART: i64 = CALLER + PRICED_CART;
/// What is there (cart, variants, prices); the cart with its lines, audit; and for the answer, which is the cart as written,
/// its variants, prices and taxes.
const ADD_LINES: i64 = CALLER + 3 + 2 + 3;
/// The same, and with an idempotency key one to keep the answer.
const UPDATE_ONE_LINE: i64 = ADD_LINES + 1;
/// Then cart, two for stock, credit, order, audit; events and answer are one. The answer is the order as written.
const PLACE: i64 = CALLER + PRICED_CART + 7;
/// The request in the place of the order, and no credit.
const SUBMIT: i64 = CALLER + PRICED_CART + 6;
/// Before: the request, and who submitted it. Then as placing, and the decision.
const APPROVE_AND_PLACE: i64 = PLACE + 2 + 1;
/// Order, lines, taxes, charges, history.
const READ_ORDER: i64 = CALLER + 5;
/// Variants, prices.
const LIST_VARIANTS: i64 = CALLER + 2;
/// Products, variants, prices.
const LIST_PRODUCTS: i64 = CALLER + 3;

const CART: &str = "id version grandTotal { amount } lines { id sku quantity unitPrice { amount } isPriceChanged \
                    netTotal { amount } taxTotal { amount } grandTotal { amount } taxes { name amount { amount } } }";

/// The demo shop, with an approval for every order, or for none.
async fn shop(approvals: Value) -> TestHost {
    let host = TestHost::configured(PluginFolder::first_party(), true, |config| {
        // Looking for others' activations is no part of any request.
        config.plugins.refresh_interval = Duration::from_secs(3_600);
    })
    .await;
    let staff = host.staff().await;
    let channel =
        staff.send("{ channel(slug: \"wholesale\") { id } }", json!({})).await.ok().text("/channel/id");
    let activate = "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { code field message } } }";
    let input = json!({
        "channelId": channel,
        "point": "vectis.approval",
        "plugin": "approval-rules",
        "config": { "rules": approvals },
    });
    staff.send(activate, json!({ "i": input })).await.ok();
    host
}

/// Operations with their statements.
type Counts = Vec<(&'static str, Ran)>;

/// Fails unless each operation takes as many statements as expected. Once more when the server forgot some in between.
async fn assert_counts(
    size: usize,
    expected: &[(&str, i64)],
    pass: impl AsyncFn(usize) -> Result<Counts, Forgotten>,
) {
    let mut counted = None;
    for _ in 0..10 {
        if let Ok(counts) = pass(size).await {
            counted = Some(counts);
            break;
        }
    }
    let counts = counted.expect("the server forgets statements more slowly than they run");
    let total = |ran: &Ran| ran.values().sum::<i64>();
    let names: Vec<&str> = counts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for ((name, ran), (_, expected)) in counts.iter().zip(expected) {
        assert_eq!(total(ran), *expected, "{name} at {size}: {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_reading_changing_and_placing_a_cart_take_the_same_statements_however_many_lines() {
    let host = shop(json!([])).await;
    let buyer = host.buyer().await;
    // What a host finds out once, it has found out.
    buy(&host, &buyer, 1).await.ok();

    for size in SIZES {
        let expected = [
            ("add lines", ADD_LINES),
            ("read cart", READ_CART),
            ("update one line", UPDATE_ONE_LINE),
            ("place", PLACE),
            ("read order", READ_ORDER),
        ];
        assert_counts(size, &expected, async |size| buy(&host, &buyer, size).await).await;
    }
    host.stop().await;
}

async fn buy(host: &TestHost, buyer: &Client, size: usize) -> Result<Counts, Forgotten> {
    let counter = Counter(host);
    let cart = buyer.new_cart().await;
    let input = json!({ "cartId": cart, "lines": lines(size, 1), "onDuplicate": "SEPARATE" });
    let add = format!(
        "mutation($i: CartLinesAddInput!) {{ cartLinesAdd(input: $i) {{ cart {{ {CART} }} userErrors {{ code field message }} }} }}"
    );
    let (added, filled) = counter.count(buyer.send(&add, json!({ "i": input }))).await?;
    assert_eq!(count_at(&filled.ok(), "/cartLinesAdd/cart/lines"), size);

    let query = format!("query($id: ID!) {{ cart(id: $id) {{ {CART} }} }}");
    let (read, seen) = counter.count(buyer.send(&query, json!({ "id": cart }))).await?;
    assert_eq!(count_at(&seen, "/cart/lines"), size);

    let line = json!({ "id": seen.at(&format!("/cart/lines/{}/id", size / 2)), "quantity": "3" });
    let update = format!(
        "mutation($i: CartLinesUpdateInput!) {{ cartLinesUpdate(input: $i) {{ cart {{ {CART} }} userErrors {{ code field message }} }} }}"
    );
    let input = json!({ "cartId": cart, "lines": [line], "idempotencyKey": format!("update {cart}") });
    let (updated, changed) = counter.count(buyer.send(&update, json!({ "i": input }))).await?;
    let changed = changed.ok();
    assert_eq!(changed.at(&format!("/cartLinesUpdate/cart/lines/{}/quantity", size / 2)), "3");

    let place = "mutation($i: OrderPlaceInput!) { orderPlace(input: $i) { order { id number state } userErrors { code field message } } }";
    let input = json!({ "cartId": cart, "cartVersion": changed.at("/cartLinesUpdate/cart/version"), "idempotencyKey": cart });
    let (placed, order) = counter.count(buyer.send(place, json!({ "i": input }))).await?;
    let order = order.ok().text("/orderPlace/order/id");

    let (order_read, seen) = counter.count(read_order(buyer, &order)).await?;
    assert_eq!(count_at(&seen, "/order/lines"), size);
    Ok(vec![
        ("add lines", added),
        ("read cart", read),
        ("update one line", updated),
        ("place", placed),
        ("read order", order_read),
    ])
}

/// An order with everything that is shown of it.
async fn read_order(buyer: &Client, order: &str) -> Graphql {
    let query = "query($id: ID!) { order(id: $id) { \
                 number state grandTotal { amount } history { kind toState } charges { label } \
                 lines { id sku name quantity unitPrice { amount } netTotal { amount } taxTotal { amount } \
                         taxes { name amount { amount } } } } }";
    buyer.send(query, json!({ "id": order })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn submitting_and_approving_take_the_same_statements_however_many_lines() {
    let always =
        json!({ "name": "always", "when": {}, "steps": [{ "name": "a colleague", "approvers": ["any"] }] });
    let host = shop(json!([always])).await;
    let (buyer, approver) = (host.buyer().await, host.approver().await);
    approve(&host, [&buyer, &approver], 1).await.ok();

    for size in SIZES {
        let expected = [("submit", SUBMIT), ("approve and place", APPROVE_AND_PLACE)];
        assert_counts(size, &expected, async |size| approve(&host, [&buyer, &approver], size).await).await;
    }
    host.stop().await;
}

async fn approve(host: &TestHost, [buyer, approver]: [&Client; 2], size: usize) -> Result<Counts, Forgotten> {
    let counter = Counter(host);
    let cart = buyer.new_cart().await;
    let version = buyer.add_lines(&cart, lines(size, 1)).await.ok().at("/cartLinesAdd/cart/version");
    let (submitted, asked) = counter.count(buyer.submit(&cart, &version, &cart)).await?;
    let request = asked.ok().text("/cartSubmit/approvalRequest/id");
    let (approved, done) = counter.count(approver.approve(&request, &request)).await?;
    done.ok().text("/approvalRequestApprove/order/number");
    Ok(vec![("submit", submitted), ("approve and place", approved)])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_takes_the_same_statements_however_much_is_listed() {
    let host = shop(json!([])).await;
    let buyer = host.buyer().await;
    browse(&host, &buyer, 1).await.ok();

    for size in [1, 8, 100] {
        let expected = [
            ("nothing", CALLER),
            ("variants with prices", LIST_VARIANTS),
            ("products with prices", LIST_PRODUCTS),
        ];
        assert_counts(size, &expected, async |size| browse(&host, &buyer, size).await).await;
    }
    host.stop().await;
}

/// Lists so many variants with their prices, and so many products (there are eight, of 150 variants each) with theirs.
async fn browse(host: &TestHost, buyer: &Client, size: usize) -> Result<Counts, Forgotten> {
    let counter = Counter(host);
    let (nothing, _) = counter.count(buyer.send("{ __typename }", json!({}))).await?;

    let query =
        "query($skus: [String!]!) { variantsBySku(skus: $skus) { sku productName price { amount } } }";
    let (variants, seen) = counter.count(buyer.send(query, json!({ "skus": skus(size) }))).await?;
    assert_eq!(count_at(&seen, "/variantsBySku"), size);

    let query = "query($first: Int!) { products(first: $first) { nodes { name variants { sku price { amount } } } } }";
    let (products, seen) = counter.count(buyer.send(query, json!({ "first": size }))).await?;
    assert_eq!(count_at(&seen, "/products/nodes"), size.min(8));
    assert_eq!(count_at(&seen, "/products/nodes/0/variants"), 150);
    Ok(vec![("nothing", nothing), ("variants with prices", variants), ("products with prices", products)])
}

fn count_at(answer: &Graphql, pointer: &str) -> usize {
    answer.at(pointer).as_array().map_or(0, Vec::len)
}
