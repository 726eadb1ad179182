//! What must not be done to placed orders.

use serde_json::{Value, json};
use vectis_tests::{Client, TestHost};

use super::{line, missing, place};

/// A placed order of 10 HEX-001, 10 HEX-002 and 10 HEX-003, with its lines' ids.
struct Placed {
    id: String,
    version: Value,
    lines: Vec<String>,
}

impl Placed {
    async fn new(buyer: &Client) -> Self {
        let lines = json!([line("HEX-001", "10"), line("HEX-002", "10"), line("HEX-003", "10")]);
        let (cart, version, _) = super::cart_of(buyer, lines).await;
        let id = place(buyer, &cart, &version).await;
        let query = "query($id: ID!) { order(id: $id) { version lines { id } } }";
        let read = buyer.send(query, json!({ "id": id })).await.ok();
        let lines = read.at("/order/lines");
        let lines =
            lines.as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
        Self { id, version: read.at("/order/version"), lines }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_commands_on_orders_are_refused_and_nothing_is_written() {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);
    let order = Placed::new(&buyer).await;

    transitions_that_are_not_there(&host, &buyer, &staff, &order).await;
    edits_name_all_bad_lines(&host, &staff, &order).await;
    charges_name_all_that_is_wrong(&host, &staff, &order).await;
    returns_give_back_what_was_bought_and_no_more(&host, &staff, &order).await;
    credit_notes_name_what_is_wrong(&host, &staff).await;
    canceled_orders_stay_as_they_are(&host, &staff, &order).await;
    host.stop().await;
}

async fn transitions_that_are_not_there(host: &TestHost, buyer: &Client, staff: &Client, order: &Placed) {
    let step = |id: &str, name: &str| json!({ "id": id, "transition": name, "idempotencyKey": "k" });
    let mut stale = step(&order.id, "fulfill");
    stale["version"] = json!(99);
    let mut wordy = step(&order.id, "fulfill");
    wordy["reason"] = json!("r".repeat(501));
    let before = host.contents().await;
    for (client, input, expected) in [
        (staff, step(&order.id, "explode"), "NO_SUCH_TRANSITION @ transition"),
        (staff, step(&order.id, "refund"), "NO_SUCH_TRANSITION @ transition"),
        (staff, step(&order.id, "\u{0}"), "NO_SUCH_TRANSITION @ transition"),
        (staff, step(&missing("order"), "fulfill"), "ORDER_NOT_FOUND @ id"),
        (staff, stale, "STALE_VERSION @ version"),
        (staff, wordy, "INVALID_INPUT @ reason"),
        (buyer, step(&order.id, "fulfill"), "FORBIDDEN @ "),
        (buyer, step(&order.id, "hold"), "FORBIDDEN @ "),
    ] {
        let refused = client.mutate("orderTransition", input).await;
        assert_eq!(refused.user_errors(), [expected], "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn edits_name_all_bad_lines(host: &TestHost, staff: &Client, order: &Placed) {
    let edit = |lines: Value| {
        let (id, version) = (&order.id, &order.version);
        json!({ "id": id, "version": version, "lines": lines, "reason": "typing error", "idempotencyKey": "k" })
    };
    let [first, second, third] = [0, 1, 2].map(|index| &order.lines[index]);
    let mut stale = edit(json!([{ "id": first, "quantity": "1" }]));
    stale["version"] = json!(99);
    let mut silent = edit(json!([{ "id": first, "quantity": "1" }]));
    silent["reason"] = json!(" ");
    let mut nowhere = edit(json!([{ "id": first, "quantity": "1" }]));
    nowhere["id"] = json!(missing("order"));
    let bad = json!([
        { "id": missing("orderline"), "quantity": "1" },
        { "id": first, "quantity": "-1" },
        { "id": second, "quantity": "1.5" },
        { "id": third, "unitPrice": "-0.01" },
    ]);
    let bad_errors = vec![
        "UNKNOWN_LINE @ lines.0.id",
        "INVALID_QUANTITY @ lines.1.quantity",
        "INVALID_QUANTITY @ lines.2.quantity",
        "INVALID_AMOUNT @ lines.3.unitPrice",
    ];
    let nothing =
        json!([{ "id": first }, { "id": second, "quantity": "1" }, { "id": second, "quantity": "2" }]);
    let all_gone: Vec<Value> = order.lines.iter().map(|id| json!({ "id": id, "quantity": "0" })).collect();
    let too_much = json!([{ "id": first, "quantity": "9" }, { "id": second, "quantity": "1000000" }]);
    let before = host.contents().await;
    for (input, expected) in [
        (edit(bad), bad_errors),
        (edit(nothing), vec!["INVALID_INPUT @ lines.0", "INVALID_INPUT @ lines.2"]),
        (edit(json!(all_gone)), vec!["INVALID_INPUT @ lines"]),
        (edit(json!([])), vec!["INVALID_INPUT @ lines"]),
        (edit(too_much), vec!["INSUFFICIENT_STOCK @ lines.1"]),
        (stale, vec!["STALE_VERSION @ version"]),
        (silent, vec!["INVALID_INPUT @ reason"]),
        (nowhere, vec!["ORDER_NOT_FOUND @ id"]),
    ] {
        let refused = staff.mutate("orderLinesEdit", input).await;
        assert_eq!(refused.user_errors(), expected, "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn charges_name_all_that_is_wrong(host: &TestHost, staff: &Client, order: &Placed) {
    let charge = |kind: &str, label: &str, amount: &str, currency: &str| json!({ "kind": kind, "label": label, "amount": { "amount": amount, "currencyCode": currency } });
    let add = |charges: Value, reason: &str| json!({ "id": order.id, "charges": charges, "reason": reason, "idempotencyKey": "k" });
    let bad = json!([
        charge("SHIPPING", "Postage", "4.90", "USD"),
        charge("DISCOUNT", "Goodwill", "1.00", "EUR"),
        charge("SHIPPING", "Postage", "-1.00", "EUR"),
        charge("FEE", "", "1.00", "EUR"),
        charge("MANUAL", "Correction", "1.00", "EUR"),
    ]);
    let bad_errors = vec![
        "INVALID_INPUT @ reason",
        "INVALID_AMOUNT @ charges.0.amount",
        "INVALID_AMOUNT @ charges.1.amount",
        "INVALID_AMOUNT @ charges.2.amount",
        "INVALID_INPUT @ charges.3.label",
    ];
    let mut nowhere = add(json!([charge("FEE", "Fee", "1.00", "EUR")]), "fee");
    nowhere["id"] = json!(missing("order"));
    let before = host.contents().await;
    for (input, expected) in [
        (add(bad, " "), bad_errors),
        (add(json!([]), "none"), vec!["INVALID_INPUT @ charges"]),
        (
            add(json!([charge("DISCOUNT", "All of it and more", "-1000.00", "EUR")]), "gift"),
            vec!["INVALID_AMOUNT @ charges"],
        ),
        (add(json!(vec![charge("FEE", "Fee", "0.01", "EUR"); 10_001]), "fees"), vec!["TOO_MANY @ charges"]),
        (nowhere, vec!["ORDER_NOT_FOUND @ id"]),
    ] {
        let refused = staff.mutate("orderChargesAdd", input).await;
        assert_eq!(refused.user_errors(), expected);
    }
    host.assert_unchanged_since(&before).await;
    let third_of_a_cent = add(json!([charge("FEE", "Fee", "0.003", "EUR")]), "fee");
    let refused = host.unchanged_by(staff.mutate("orderChargesAdd", third_of_a_cent)).await;
    assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
}

async fn returns_give_back_what_was_bought_and_no_more(host: &TestHost, staff: &Client, order: &Placed) {
    let give_back = |lines: Value, reason: &str| json!({ "orderId": order.id, "lines": lines, "reason": reason, "restock": "ON_HAND", "idempotencyKey": "k" });
    let of = |id: &str, quantity: &str| json!({ "orderLineId": id, "quantity": quantity });
    let [first, second, third] = [0, 1, 2].map(|index| order.lines[index].as_str());
    let bad = json!([of(first, "11"), of(&missing("orderline"), "1"), of(second, "0"), of(third, "0.5")]);
    let bad_errors = vec![
        "ABOVE_RETURNABLE @ lines.0.quantity",
        "UNKNOWN_LINE @ lines.1.orderLineId",
        "INVALID_QUANTITY @ lines.2.quantity",
        "INVALID_QUANTITY @ lines.3.quantity",
    ];
    let mut nowhere = give_back(json!([of(first, "1")]), "broken");
    nowhere["orderId"] = json!(missing("order"));
    let before = host.contents().await;
    for (input, expected) in [
        (give_back(bad, "broken"), bad_errors),
        (
            give_back(json!([of(first, "1"), of(first, "1")]), "broken"),
            vec!["INVALID_INPUT @ lines.1.orderLineId"],
        ),
        (give_back(json!([]), "broken"), vec!["INVALID_INPUT @ lines"]),
        (give_back(json!([of(first, "1")]), ""), vec!["INVALID_INPUT @ reason"]),
        (nowhere, vec!["ORDER_NOT_FOUND @ orderId"]),
    ] {
        let refused = staff.mutate("orderReturnCreate", input).await;
        assert_eq!(refused.user_errors(), expected, "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn credit_notes_name_what_is_wrong(host: &TestHost, staff: &Client) {
    let channel = staff.send("{ channel { id } }", json!({})).await.text("/channel/id");
    let note = |field: &str, value: Value| {
        let mut input = json!({
            "channelId": channel, "currencyCode": "EUR", "reason": "goodwill", "restock": "WRITE_OFF",
            "lines": [{ "label": "Goodwill", "quantity": "1", "unitPrice": "1.00" }], "idempotencyKey": "k",
        });
        input[field] = value;
        input
    };
    let bad = json!([
        { "label": "Bolts", "sku": "NOPE", "quantity": "1", "unitPrice": "1.00" },
        { "label": "Bolts", "sku": "HEX-001", "quantity": "0", "unitPrice": "1.00" },
        { "label": "", "quantity": "1", "unitPrice": "1.00" },
        { "label": "Too fine", "quantity": "1", "unitPrice": "0.0000001" },
        { "label": "Halves", "sku": "HEX-001", "quantity": "0.5", "unitPrice": "1.00" },
    ]);
    let bad_errors = vec![
        "UNKNOWN_VARIANT @ lines.0.sku",
        "INVALID_QUANTITY @ lines.1.quantity",
        "INVALID_INPUT @ lines.2.label",
        "INVALID_AMOUNT @ lines.3.unitPrice",
        "INVALID_QUANTITY @ lines.4.quantity",
    ];
    let before = host.contents().await;
    for (input, expected) in [
        (note("lines", bad), bad_errors),
        (note("lines", json!([])), vec!["INVALID_INPUT @ lines"]),
        (note("channelId", json!(missing("channel"))), vec!["CHANNEL_NOT_FOUND @ channelId"]),
        (note("accountId", json!(missing("account"))), vec!["ACCOUNT_NOT_FOUND @ accountId"]),
        (note("currencyCode", json!("USD")), vec!["INVALID_AMOUNT @ currencyCode"]),
        (note("reason", json!("")), vec!["INVALID_INPUT @ reason"]),
        (note("reference", json!("r".repeat(101))), vec!["INVALID_INPUT @ reference"]),
    ] {
        let refused = staff.mutate("creditNoteIssue", input).await;
        assert_eq!(refused.user_errors(), expected, "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn canceled_orders_stay_as_they_are(host: &TestHost, staff: &Client, order: &Placed) {
    let cancel = json!({ "id": order.id, "transition": "cancel", "idempotencyKey": "cancel" });
    let canceled = staff.mutate("orderTransition { order { version state } }", cancel).await.ok();
    assert_eq!(canceled.at("/orderTransition/order/state"), "Cancelled");
    let version = canceled.at("/orderTransition/order/version");
    let fee = json!({ "kind": "FEE", "label": "Fee", "amount": { "amount": "1.00", "currencyCode": "EUR" } });
    let (id, first) = (&order.id, &order.lines[0]);
    let before = host.contents().await;
    for (mutation, input, expected) in [
        (
            "orderLinesEdit",
            json!({ "id": id, "version": version, "lines": [{ "id": first, "quantity": "1" }], "reason": "late", "idempotencyKey": "k" }),
            "NOT_EDITABLE @ ",
        ),
        (
            "orderChargesAdd",
            json!({ "id": id, "charges": [fee], "reason": "late", "idempotencyKey": "k" }),
            "NOT_EDITABLE @ ",
        ),
        (
            "orderReturnCreate",
            json!({ "orderId": id, "lines": [{ "orderLineId": first, "quantity": "1" }], "reason": "late", "restock": "ON_HAND", "idempotencyKey": "k" }),
            "NOT_EDITABLE @ ",
        ),
        (
            "orderTransition",
            json!({ "id": id, "transition": "fulfill", "idempotencyKey": "k" }),
            "NO_SUCH_TRANSITION @ transition",
        ),
    ] {
        let refused = staff.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), [expected], "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
}
