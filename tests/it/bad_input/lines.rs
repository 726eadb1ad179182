//! Lines of carts that cannot be.

use serde_json::{Value, json};
use vectis_tests::shop::lines;
use vectis_tests::{Client, TestHost};

use super::{cart_of, line, missing, shop_with_rules};

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_all_named_at_once_and_nothing_is_written() {
    let (host, buyer, _) = shop_with_rules().await;

    each_bad_line_is_named_with_its_index(&host, &buyer).await;
    rules_count_over_all_lines_of_the_cart(&host, &buyer).await;
    lines_that_cannot_be_understood_are_no_request(&host, &buyer).await;
    updates_name_their_lines_by_what_the_input_calls_them(&host, &buyer).await;
    nobody_adds_line_ten_thousand_and_one(&host, &buyer).await;
    host.stop().await;
}

async fn each_bad_line_is_named_with_its_index(host: &TestHost, buyer: &Client) {
    let in_package = |sku: &str, quantity: &str, package: &str| json!({ "sku": sku, "quantity": quantity, "package": package });
    let bad = json!([
        line("HEX-001", "1"),
        line("NOPE", "1"),
        line("HEX-002", "0"),
        line("HEX-003", "-5"),
        line("HEX-004", "1.5"),
        line("HEX-005", "1000000001"),
        line("STEP-6", "7"),
        line("LIMITED", "9"),
        in_package("HEX-006", "1", "crate"),
        in_package("HEX-007", "0.5", "box-of-100"),
        line("IDLE", "1"),
        line("UNPRICED", "1"),
        line("METRE", "0.001"),
        line("x'; DROP TABLE carts.cart; --\u{0}", "1"),
        line("hex-001", "1"),
        in_package("HEX-008", "9000000000000", "box-of-100"),
        json!({ "variantId": missing("variant"), "quantity": "1" }),
        line("LIMITED", "60"),
    ]);
    let expected = [
        "UNKNOWN_VARIANT @ lines.1.sku",
        "INVALID_QUANTITY @ lines.2.quantity",
        "INVALID_QUANTITY @ lines.3.quantity",
        "INVALID_QUANTITY @ lines.4.quantity",
        "INVALID_QUANTITY @ lines.5.quantity",
        "NOT_A_MULTIPLE @ lines.6.quantity",
        // 9 and 60 of it: together above the most.
        "ABOVE_MAXIMUM @ lines.7.quantity",
        "UNKNOWN_PACKAGE @ lines.8.package",
        "INVALID_QUANTITY @ lines.9.quantity",
        "UNKNOWN_VARIANT @ lines.10.sku",
        "NO_PRICE @ lines.11.quantity",
        "INVALID_QUANTITY @ lines.12.quantity",
        "UNKNOWN_VARIANT @ lines.13.sku",
        "UNKNOWN_VARIANT @ lines.14.sku",
        "INVALID_QUANTITY @ lines.15.quantity",
        "UNKNOWN_VARIANT @ lines.16.variantId",
        "ABOVE_MAXIMUM @ lines.17.quantity",
    ];
    let (cart, version, _) = cart_of(buyer, json!([line("NUT-001", "1")])).await;

    let before = host.contents().await;
    for mutation in ["cartLinesAdd", "cartLinesReplace"] {
        let input = json!({ "cartId": cart, "version": version, "lines": bad });
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), expected, "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
    // A cart that is not there yet does not come into being either.
    let refused =
        host.unchanged_by(buyer.mutate("cartLinesAdd", json!({ "lines": [line("NOPE", "1")] }))).await;
    assert_eq!(refused.user_errors(), ["UNKNOWN_VARIANT @ lines.0.sku"]);
}

async fn rules_count_over_all_lines_of_the_cart(host: &TestHost, buyer: &Client) {
    let both = |code: &str| [format!("{code} @ lines.0.quantity"), format!("{code} @ lines.1.quantity")];
    let (cart, ..) = cart_of(buyer, json!([line("LIMITED", "30")])).await;
    let before = host.contents().await;
    for on_duplicate in ["MERGE", "SEPARATE"] {
        let add = |one: &str, other: &str| {
            let lines = json!([line("LIMITED", one), line("LIMITED", other)]);
            json!({ "cartId": cart, "lines": lines, "onDuplicate": on_duplicate })
        };
        let refused = buyer.mutate("cartLinesAdd", add("10", "11")).await;
        assert_eq!(refused.user_errors(), both("ABOVE_MAXIMUM"), "{on_duplicate}");
    }
    host.assert_unchanged_since(&before).await;

    let empty = buyer.new_cart().await;
    let add = |quantity: &str| {
        let lines = json!([line("LIMITED", quantity), line("LIMITED", "5")]);
        json!({ "cartId": empty, "lines": lines, "onDuplicate": "SEPARATE" })
    };
    let refused = host.unchanged_by(buyer.mutate("cartLinesAdd", add("4"))).await;
    assert_eq!(refused.user_errors(), both("BELOW_MINIMUM"));
    buyer.mutate("cartLinesAdd", add("5")).await.ok();
}

async fn lines_that_cannot_be_understood_are_no_request(host: &TestHost, buyer: &Client) {
    let cart = buyer.new_cart().await;
    let quantities = [
        json!("abc"),
        json!(""),
        json!("NaN"),
        json!("1e309"),
        json!("+1"),
        json!("0.0001"),
        json!("9223372036854775808"),
        json!("0.00000000000000000000000000001"),
        json!("1".repeat(1_000_000)),
        json!(1.5),
        json!(null),
        json!([1]),
    ];
    let of = |quantity: &Value| json!({ "sku": "HEX-001", "quantity": quantity });
    let mut bad: Vec<Value> = quantities.iter().map(of).collect();
    bad.push(json!({ "quantity": "1" }));
    bad.push(json!({ "sku": "HEX-001", "variantId": missing("variant"), "quantity": "1" }));
    bad.push(json!({ "sku": "HEX-001", "quantity": "1", "unitPrice": "0.01" }));

    let before = host.contents().await;
    for line in bad {
        let input = json!({ "cartId": cart, "lines": [line] });
        let refused = buyer.mutate("cartLinesAdd", input).await;
        let shown = line.to_string().chars().take(100).collect::<String>();
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{shown}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;

    let refused =
        host.unchanged_by(buyer.mutate("cartLinesAdd", json!({ "cartId": cart, "lines": [] }))).await;
    assert_eq!(refused.user_errors(), ["INVALID_INPUT @ lines"]);
}

async fn updates_name_their_lines_by_what_the_input_calls_them(host: &TestHost, buyer: &Client) {
    let (cart, _, ids) =
        cart_of(buyer, json!([line("HEX-001", "1"), line("LIMITED", "10"), line("STEP-6", "6")])).await;
    let set = |id: &str, quantity: &str| json!({ "id": id, "quantity": quantity });
    let lines = json!([
        set(&ids[0], "0"),
        set(&missing("cartline"), "1"),
        set(&ids[1], "51"),
        set(&ids[2], "5"),
        set(&ids[2], "12"),
    ]);

    let refused =
        host.unchanged_by(buyer.mutate("cartLinesUpdate", json!({ "cartId": cart, "lines": lines }))).await;
    let expected = [
        "INVALID_QUANTITY @ lines.0.quantity",
        "UNKNOWN_LINE @ lines.1.id",
        "ABOVE_MAXIMUM @ lines.2.quantity",
        "NOT_A_MULTIPLE @ lines.3.quantity",
        "INVALID_INPUT @ lines.4.id",
    ];
    assert_eq!(refused.user_errors(), expected);

    let remove = json!({ "cartId": cart, "lineIds": [ids[0], missing("cartline")] });
    let refused = host.unchanged_by(buyer.mutate("cartLinesRemove", remove)).await;
    assert_eq!(refused.user_errors(), ["UNKNOWN_LINE @ lineIds.1"]);
}

async fn nobody_adds_line_ten_thousand_and_one(host: &TestHost, buyer: &Client) {
    let cart = buyer.new_cart().await;
    let add = |count: usize| json!({ "cartId": cart, "lines": lines(count, 1), "onDuplicate": "SEPARATE" });

    let before = host.contents().await;
    for mutation in ["cartLinesAdd", "cartLinesReplace"] {
        let input = json!({ "cartId": cart, "lines": lines(10_001, 1) });
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), ["TOO_MANY_LINES @ lines"], "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
    let ids = vec![missing("cartline"); 10_001];
    let refused =
        host.unchanged_by(buyer.mutate("cartLinesRemove", json!({ "cartId": cart, "lineIds": ids }))).await;
    assert_eq!(refused.user_errors(), ["TOO_MANY_LINES @ lineIds"]);

    buyer.mutate("cartLinesAdd", add(9_999)).await.ok();
    let refused = host.unchanged_by(buyer.mutate("cartLinesAdd", add(2))).await;
    assert_eq!(refused.user_errors(), ["TOO_MANY_LINES @ lines"]);
}
