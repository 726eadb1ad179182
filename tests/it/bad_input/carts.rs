//! Carts that are not there, not open, not for this buyer, not as last seen.

use serde_json::{Value, json};
use vectis_tests::{Client, TestHost};

use super::{cart_of, line, missing, place};

#[tokio::test(flavor = "multi_thread")]
async fn bad_cart_commands_are_refused_and_nothing_is_written() {
    let host = TestHost::demo().await;
    let (buyer, staff) = (host.buyer().await, host.staff().await);

    ids_of_another_kind_are_no_request(&host, &buyer).await;
    stale_versions_are_refused_on_every_command(&host, &buyer).await;
    a_placed_cart_is_closed(&host, &buyer).await;
    carts_are_for_who_the_channel_sells_to(&host, &buyer).await;
    currencies_are_those_of_the_channel(&host, &buyer).await;
    details_are_all_named_at_once(&host, &buyer).await;
    staff_make_carts_for_employees_only(&host, &buyer, &staff).await;
    staff_prices_have_a_reason_and_are_not_negative(&host, &buyer, &staff).await;
    a_suspended_company_buys_nothing(&host, &staff).await;
    host.stop().await;
}

async fn ids_of_another_kind_are_no_request(host: &TestHost, buyer: &Client) {
    let (cart, _, ids) = cart_of(buyer, json!([line("HEX-001", "1")])).await;
    let bare = cart.trim_start_matches("cart:");
    let before = host.contents().await;
    for id in
        [&ids[0], &missing("order"), &cart.to_uppercase(), bare, "cart:", "cart:1", "", "cart:'; --", "\u{0}"]
    {
        let refused = buyer.mutate("cartLinesRemove", json!({ "cartId": id })).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{id:?}: {}", refused.body);
        let refused = buyer.send("query($id: ID!) { cart(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{id:?}: {}", refused.body);
    }
    for (mutation, input) in [
        ("cartLinesUpdate", json!({ "cartId": cart, "lines": [{ "id": cart, "quantity": "1" }] })),
        ("cartLinesAdd", json!({ "cartId": cart, "lines": [{ "variantId": cart, "quantity": "1" }] })),
        ("cartDetailsSet", json!({ "cartId": cart, "shippingAddress": { "addressId": cart } })),
        ("cartCreate", json!({ "employeeId": cart })),
        ("cartSubmit", json!({ "cartId": ids[0], "cartVersion": 1, "idempotencyKey": "k" })),
        ("orderTransition", json!({ "id": cart, "transition": "cancel", "idempotencyKey": "k" })),
        ("cartWithdraw", json!({ "id": missing("order") })),
    ] {
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{mutation}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn stale_versions_are_refused_on_every_command(host: &TestHost, buyer: &Client) {
    let (cart, version, ids) = cart_of(buyer, json!([line("HEX-001", "1")])).await;
    let stale = version.as_i64().unwrap() - 1;
    let before = host.contents().await;
    for (mutation, field, value) in [
        ("cartLinesAdd", "lines", json!([line("HEX-002", "1")])),
        ("cartLinesReplace", "lines", json!([line("HEX-002", "1")])),
        ("cartLinesUpdate", "lines", json!([{ "id": ids[0], "quantity": "2" }])),
        ("cartLinesRemove", "lineIds", json!([ids[0]])),
        ("cartDetailsSet", "poNumber", json!("PO-1")),
        ("cartPricesAccept", "version", json!(stale)),
    ] {
        let mut input = json!({ "cartId": cart, "version": stale });
        input[field] = value;
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), ["STALE_VERSION @ version"], "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
    // No implicit cart is at any version.
    let input = json!({ "version": 1, "lines": [line("HEX-002", "1")] });
    let refused = host.unchanged_by(buyer.mutate("cartLinesAdd", input)).await;
    assert_eq!(refused.user_errors(), ["STALE_VERSION @ version"]);
}

async fn a_placed_cart_is_closed(host: &TestHost, buyer: &Client) {
    let (cart, version, ids) = cart_of(buyer, json!([line("HEX-001", "1")])).await;
    place(buyer, &cart, &version).await;
    let before = host.contents().await;
    for (mutation, input) in [
        ("cartLinesAdd", json!({ "cartId": cart, "lines": [line("HEX-002", "1")] })),
        ("cartLinesReplace", json!({ "cartId": cart, "lines": [line("HEX-002", "1")] })),
        ("cartLinesUpdate", json!({ "cartId": cart, "lines": [{ "id": ids[0], "quantity": "2" }] })),
        ("cartLinesRemove", json!({ "cartId": cart })),
        ("cartDetailsSet", json!({ "cartId": cart, "note": "late" })),
        ("cartPricesAccept", json!({ "cartId": cart })),
        ("cartSubmit", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "late" })),
        ("orderPlace", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "late" })),
    ] {
        let refused = buyer.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), ["CART_NOT_OPEN @ cartId"], "{mutation}");
    }
    host.assert_unchanged_since(&before).await;
    let refused = host.unchanged_by(buyer.mutate("cartWithdraw", json!({ "id": cart }))).await;
    assert_eq!(refused.user_errors(), ["NOT_PENDING @ id"]);
}

async fn carts_are_for_who_the_channel_sells_to(host: &TestHost, buyer: &Client) {
    let add = json!({ "lines": [line("HEX-001", "1")] });
    let company_in_retail = buyer.channel("retail");
    let guest_in_wholesale = host.guest("wholesale").channel("wholesale");
    let before = host.contents().await;
    for (client, code) in [
        (&company_in_retail, "CHANNEL_UNAVAILABLE @ "),
        (&guest_in_wholesale, "CHANNEL_UNAVAILABLE @ "),
        (&host.client().channel("retail"), "FORBIDDEN @ "),
        // Two channels, none named.
        (&host.client().with("x-guest-token", "g".repeat(40)), "CHANNEL_UNAVAILABLE @ "),
    ] {
        let refused = client.mutate("cartLinesAdd", add.clone()).await;
        assert_eq!(refused.user_errors(), [code], "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn currencies_are_those_of_the_channel(host: &TestHost, buyer: &Client) {
    let refused = host.unchanged_by(buyer.mutate("cartCreate", json!({ "currencyCode": "USD" }))).await;
    assert_eq!(refused.user_errors(), ["UNKNOWN_CURRENCY @ currencyCode"]);
    let before = host.contents().await;
    for code in ["eur", "EURO", "XXX", "", "€", "EU\u{0}"] {
        let refused = buyer.mutate("cartCreate", json!({ "currencyCode": code })).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{code:?}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn details_are_all_named_at_once(host: &TestHost, buyer: &Client) {
    let cart = buyer.new_cart().await;
    let bad = json!({
        "cartId": cart,
        "poNumber": "P".repeat(101),
        "note": "N".repeat(2_001),
        "shippingAddress": { "address": { "name": "n".repeat(201), "city": "a\u{0}b", "country": "Germany" } },
        "billingAddress": { "addressId": missing("address") },
    });

    let refused = host.unchanged_by(buyer.mutate("cartDetailsSet", bad)).await;
    let expected = [
        "INVALID_INPUT @ poNumber",
        "INVALID_INPUT @ note",
        "INVALID_INPUT @ shippingAddress.name",
        "INVALID_INPUT @ shippingAddress.city",
        "INVALID_INPUT @ shippingAddress.country",
        "ADDRESS_NOT_FOUND @ billingAddress",
    ];
    assert_eq!(refused.user_errors(), expected);

    let both = json!({ "addressId": missing("address"), "address": { "country": "DE" } });
    let before = host.contents().await;
    for choice in [json!({}), both] {
        let input = json!({ "cartId": cart, "shippingAddress": choice });
        let refused = buyer.mutate("cartDetailsSet", input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
    let before = host.contents().await;
    for token in ["short", "", &"g".repeat(129)] {
        let refused = buyer.mutate("cartMergeGuest", json!({ "guestToken": token })).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{token:?}: {}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn staff_make_carts_for_employees_only(host: &TestHost, buyer: &Client, staff: &Client) {
    let me = buyer.send("{ me { employee { id } } }", json!({})).await.text("/me/employee/id");
    let before = host.contents().await;
    for (client, input, expected) in [
        (buyer, json!({ "employeeId": me }), "FORBIDDEN @ employeeId"),
        (staff, json!({}), "FORBIDDEN @ employeeId"),
        (staff, json!({ "employeeId": missing("employee") }), "INVALID_INPUT @ employeeId"),
    ] {
        let refused = client.mutate("cartCreate", input).await;
        assert_eq!(refused.user_errors(), [expected], "{}", refused.body);
    }
    host.assert_unchanged_since(&before).await;
}

async fn staff_prices_have_a_reason_and_are_not_negative(host: &TestHost, buyer: &Client, staff: &Client) {
    let (cart, version, ids) = cart_of(buyer, vectis_tests::shop::lines(6, 1)).await;
    let set =
        |id: &str, price: Value, reason: &str| json!({ "lineId": id, "unitPrice": price, "reason": reason });
    let lines = json!([
        set(&ids[0], json!("-0.01"), "goodwill"),
        set(&ids[1], json!("0.01"), " "),
        set(&ids[2], json!("0.0000001"), &"r".repeat(501)),
        set(&missing("cartline"), json!("1"), "goodwill"),
        set(&ids[3], json!("99999999999999999999"), "goodwill"),
        set(&ids[4], json!("1"), "goodwill"),
        set(&ids[4], json!("2"), "goodwill"),
        set(&ids[5], json!("1"), "goodwill"),
    ]);
    let input = |version: &Value| json!({ "cartId": cart, "version": version, "lines": lines });

    let refused = host.unchanged_by(staff.mutate("cartPricesOverride", input(&version))).await;
    let mut errors = refused.user_errors();
    errors.sort();
    let expected = [
        "INVALID_INPUT @ lines.0.unitPrice",
        "INVALID_INPUT @ lines.1.reason",
        "INVALID_INPUT @ lines.2.reason",
        "INVALID_INPUT @ lines.2.unitPrice",
        "INVALID_INPUT @ lines.4.unitPrice",
        "INVALID_INPUT @ lines.6.lineId",
        "UNKNOWN_LINE @ lines.3.lineId",
    ];
    assert_eq!(errors, expected);
    let refused = host.unchanged_by(staff.mutate("cartPricesOverride", input(&json!(1)))).await;
    assert_eq!(refused.user_errors(), ["STALE_VERSION @ version"]);
    let refused = host.unchanged_by(buyer.mutate("cartPricesOverride", input(&version))).await;
    assert_eq!(refused.error_code(), "FORBIDDEN");
}

async fn a_suspended_company_buys_nothing(host: &TestHost, staff: &Client) {
    let company = staff.company("suspended.test", "1000").await;
    let buyer = company.person(host, "buyer").await;
    let (cart, version, ids) = cart_of(&buyer, json!([line("HEX-001", "1")])).await;
    let account = staff
        .send("query($id: ID!) { account(id: $id) { version } }", json!({ "id": company.account }))
        .await;
    for status in ["SUSPENDED", "CLOSED", "PROSPECT", "APPROVED"] {
        let version_now = staff
            .send("query($id: ID!) { account(id: $id) { version } }", json!({ "id": company.account }))
            .await
            .at("/account/version");
        let update = json!({ "id": company.account, "version": version_now, "status": status });
        staff.mutate("accountUpdate", update).await.ok();
        for (mutation, input) in [
            ("cartCreate", json!({})),
            ("cartLinesAdd", json!({ "cartId": cart, "lines": [line("HEX-002", "1")] })),
            ("cartLinesUpdate", json!({ "cartId": cart, "lines": [{ "id": ids[0], "quantity": "2" }] })),
            ("cartSubmit", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "k" })),
            ("orderPlace", json!({ "cartId": cart, "cartVersion": version, "idempotencyKey": "k" })),
        ] {
            let refused = host.unchanged_by(buyer.mutate(mutation, input)).await;
            assert_eq!(refused.user_errors(), ["ACCOUNT_NOT_ACTIVE @ "], "{status} {mutation}");
        }
        // Nor does staff in its name.
        let employee = company.employee("Buyer");
        let refused = host.unchanged_by(staff.mutate("cartCreate", json!({ "employeeId": employee }))).await;
        assert_eq!(refused.user_errors(), ["ACCOUNT_NOT_ACTIVE @ "], "{status}");
    }
    // Somebody who saw the account as it was before does not write over what came since.
    let update =
        json!({ "id": company.account, "version": account.at("/account/version"), "status": "ACTIVE" });
    let refused = host.unchanged_by(staff.mutate("accountUpdate", update)).await;
    assert_eq!(refused.user_errors(), ["STALE_VERSION @ version"]);
}
