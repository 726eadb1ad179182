//! Every mutation refuses what belongs to somebody else, in the words it has for what is not there, and writes nothing.

use serde_json::{Value, json};
use vectis_tests::Client;
use vectis_tests::shop::PASSWORD;

use super::{Belongings, Cast, without_ids};
use crate::bad_input::missing;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_what_belongs_to_another() {
    let cast = Cast::gather().await;
    let own = Belongings::of(&cast.buyer).await;

    carts_and_orders_of_another_company_are_not_there(&cast, &own).await;
    an_admin_manages_the_own_company_only(&cast, &own).await;
    foreign_parts_do_not_enter_the_own_cart(&cast, &own).await;
    colleagues_may_look_but_not_touch(&cast, &own).await;
    nobody_raises_the_own_rights(&cast).await;
    inputs_have_no_room_for_what_is_not_the_callers(&cast, &own).await;
    cast.host.stop().await;
}

/// A mutation, its input around an id, a foreign id, and the refusal.
type Case<'a> = (&'a str, &'a dyn Fn(&str) -> Value, &'a str, &'a str);

/// The foreign id is refused like one that nothing has, word for word.
async fn assert_not_there((who, client): (&str, &Client), (mutation, input, foreign, expected): Case<'_>) {
    let missing = missing(foreign.split_once(':').unwrap().0);
    let of_foreign = client.mutate(mutation, input(foreign)).await;
    let of_missing = client.mutate(mutation, input(&missing)).await;
    if of_foreign.body["errors"].is_null() {
        assert_eq!(of_foreign.user_errors(), [expected], "{mutation} by {who}: {}", of_foreign.body);
    } else {
        let code = of_foreign.error_code();
        assert!(code == "FORBIDDEN" || code == "UNAUTHENTICATED", "{mutation} by {who}: {}", of_foreign.body);
    }
    let ids = [foreign, missing.as_str()];
    assert_eq!(without_ids(&of_foreign, &ids), without_ids(&of_missing, &ids), "{mutation} by {who}");
}

async fn carts_and_orders_of_another_company_are_not_there(cast: &Cast, own: &Belongings) {
    let line = json!({ "sku": "HEX-005", "quantity": "1" });
    let (version, cart_line) = (&own.version, &own.cart_line);
    let add = |id: &str| json!({ "cartId": id, "lines": [line] });
    let update = |id: &str| json!({ "cartId": id, "lines": [{ "id": cart_line, "quantity": "9" }] });
    let whole = |id: &str| json!({ "cartId": id });
    let note = |id: &str| json!({ "cartId": id, "note": "mine now" });
    let place = |id: &str| json!({ "cartId": id, "cartVersion": version, "idempotencyKey": "k" });
    let by_id = |id: &str| json!({ "id": id });
    let step = |id: &str| json!({ "id": id, "transition": "cancel", "idempotencyKey": "k" });
    let decide = |id: &str| json!({ "id": id, "note": "no", "idempotencyKey": "k" });
    let cases: [Case<'_>; 12] = [
        ("cartLinesAdd", &add, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartLinesReplace", &add, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartLinesUpdate", &update, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartLinesRemove", &whole, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartDetailsSet", &note, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartPricesAccept", &whole, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartSubmit", &place, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("orderPlace", &place, &own.cart, "CART_NOT_FOUND @ cartId"),
        ("cartWithdraw", &by_id, &own.waiting_cart, "REQUEST_NOT_FOUND @ id"),
        ("orderTransition", &step, &own.order, "ORDER_NOT_FOUND @ id"),
        ("approvalRequestApprove", &decide, &own.request, "REQUEST_NOT_FOUND @ id"),
        ("approvalRequestReject", &decide, &own.request, "REQUEST_NOT_FOUND @ id"),
    ];
    for case in cases {
        let before = cast.host.contents().await;
        for by in cast.outsiders() {
            assert_not_there(by, case).await;
        }
        assert_eq!(before.differing(&cast.host.contents().await), Vec::<String>::new(), "{}", case.0);
    }
}

async fn an_admin_manages_the_own_company_only(cast: &Cast, own: &Belongings) {
    let person = json!({ "email": "spy@other.test", "name": "Spy", "password": PASSWORD, "role": "Admin" });
    let site = |id: &str| json!({ "accountId": id, "location": { "name": "Here" } });
    let address = json!({ "name": "A", "street": "B", "city": "C", "country": "DE" });
    let ship_here = |id: &str| json!({ "locationId": id, "address": address, "asDefault": true });
    let hire = |id: &str| json!({ "locationId": id, "employee": person });
    let demote = |id: &str| json!({ "id": id, "role": "Buyer", "isActive": false });
    let cases: [Case<'_>; 4] = [
        ("locationCreate", &site, &own.account, "ACCOUNT_NOT_FOUND @ accountId"),
        ("addressCreate", &ship_here, &own.location, "LOCATION_NOT_FOUND @ locationId"),
        ("employeeCreate", &hire, &own.location, "LOCATION_NOT_FOUND @ locationId"),
        ("employeeUpdate", &demote, &own.employee, "EMPLOYEE_NOT_FOUND @ id"),
    ];
    for case in cases {
        let before = cast.host.contents().await;
        for by in cast.outsiders() {
            assert_not_there(by, case).await;
        }
        assert_eq!(before.differing(&cast.host.contents().await), Vec::<String>::new(), "{}", case.0);
    }
    // In the own company the very same is done.
    cast.other_admin.mutate("locationCreate", site(&cast.other.account)).await.ok();
    cast.other_admin.mutate("addressCreate", ship_here(&cast.other.location)).await.ok();
}

async fn foreign_parts_do_not_enter_the_own_cart(cast: &Cast, own: &Belongings) {
    let buyer = &cast.other_buyer;
    let cart = buyer.new_cart().await;
    buyer.add_lines(&cart, json!([{ "sku": "HEX-001", "quantity": "1" }])).await.ok();
    let ship = |id: &str| json!({ "cartId": cart, "shippingAddress": { "addressId": id } });
    let bill = |id: &str| json!({ "cartId": cart, "billingAddress": { "addressId": id } });
    let update = |id: &str| json!({ "cartId": cart, "lines": [{ "id": id, "quantity": "9" }] });
    let remove = |id: &str| json!({ "cartId": cart, "lineIds": [id] });
    let in_name_of = |id: &str| json!({ "employeeId": id });
    let cases: [Case<'_>; 5] = [
        ("cartDetailsSet", &ship, &own.address, "ADDRESS_NOT_FOUND @ shippingAddress"),
        ("cartDetailsSet", &bill, &own.address, "ADDRESS_NOT_FOUND @ billingAddress"),
        ("cartLinesUpdate", &update, &own.cart_line, "UNKNOWN_LINE @ lines.0.id"),
        ("cartLinesRemove", &remove, &own.cart_line, "UNKNOWN_LINE @ lineIds.0"),
        ("cartCreate", &in_name_of, &own.employee, "FORBIDDEN @ employeeId"),
    ];
    for case in cases {
        let before = cast.host.contents().await;
        assert_not_there(("a buyer", buyer), case).await;
        assert_eq!(before.differing(&cast.host.contents().await), Vec::<String>::new(), "{}", case.0);
    }
    // Nor does staff mix companies: neither addresses nor lines of orders.
    let placed = Belongings::of(buyer).await;
    let edit = json!({
        "id": placed.order, "version": 1, "reason": "mixed", "idempotencyKey": "k",
        "lines": [{ "id": own.order_line, "quantity": "9" }],
    });
    let ship = json!({ "cartId": placed.cart, "shippingAddress": { "addressId": own.address } });
    let back = json!({
        "orderId": placed.order, "reason": "mixed", "restock": "ON_HAND", "idempotencyKey": "k",
        "lines": [{ "orderLineId": own.order_line, "quantity": "1" }],
    });
    let before = cast.host.contents().await;
    for (mutation, input, expected) in [
        ("orderLinesEdit", edit, "UNKNOWN_LINE @ lines.0.id"),
        ("cartDetailsSet", ship, "ADDRESS_NOT_FOUND @ shippingAddress"),
        ("orderReturnCreate", back, "UNKNOWN_LINE @ lines.0.orderLineId"),
    ] {
        let refused = cast.staff.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), [expected], "{mutation}");
    }
    cast.host.assert_unchanged_since(&before).await;
}

async fn colleagues_may_look_but_not_touch(cast: &Cast, own: &Belongings) {
    let place = json!({ "cartId": own.cart, "cartVersion": own.version, "idempotencyKey": "k" });
    let step = json!({ "id": own.order, "transition": "cancel", "idempotencyKey": "k" });
    let before = cast.host.contents().await;
    for (mutation, input) in [
        ("cartLinesRemove", json!({ "cartId": own.cart })),
        ("cartDetailsSet", json!({ "cartId": own.cart, "note": "mine now" })),
        ("cartSubmit", place.clone()),
        ("orderPlace", place),
        ("cartWithdraw", json!({ "id": own.waiting_cart })),
        ("orderTransition", step),
    ] {
        let refused = cast.approver.mutate(mutation, input).await;
        assert_eq!(refused.user_errors(), ["FORBIDDEN @ "], "{mutation}");
    }
    cast.host.assert_unchanged_since(&before).await;
}

async fn nobody_raises_the_own_rights(cast: &Cast) {
    let admin = &cast.other_admin;
    let me = cast.other.employee("Admin");
    let limit = json!({ "amount": "1000000.00", "currencyCode": "EUR" });
    let before = cast.host.contents().await;
    for (input, expected) in [
        (json!({ "id": me, "role": "Buyer" }), "FORBIDDEN @ role"),
        (json!({ "id": me, "orderLimit": limit }), "FORBIDDEN @ orderLimit"),
        (json!({ "id": me, "orderLimit": null }), "FORBIDDEN @ orderLimit"),
    ] {
        let refused = admin.mutate("employeeUpdate", input).await;
        assert_eq!(refused.user_errors(), [expected]);
    }
    cast.host.assert_unchanged_since(&before).await;
    // A manager who may not approve does not make approvers.
    let manager = json!({ "name": "Manager", "permissions": ["catalog.browse", "account.manage"] });
    cast.staff.mutate("roleUpsert", manager).await.ok();
    let demote = json!({ "id": cast.other.employee("Approver"), "role": "Manager" });
    cast.staff.mutate("employeeUpdate", demote).await.ok();
    let hired = json!({ "email": "new@other.test", "name": "New", "password": PASSWORD, "role": "Approver" });
    let hire = json!({ "locationId": cast.other.location, "employee": hired });
    let refused = cast.host.unchanged_by(cast.other_approver.mutate("employeeCreate", hire)).await;
    assert_eq!(refused.user_errors(), ["FORBIDDEN @ employee.role"]);
    let promote = json!({ "id": cast.other.employee("Buyer"), "role": "Admin" });
    let refused = cast.host.unchanged_by(cast.other_approver.mutate("employeeUpdate", promote)).await;
    assert_eq!(refused.user_errors(), ["FORBIDDEN @ role"]);
}

async fn inputs_have_no_room_for_what_is_not_the_callers(cast: &Cast, own: &Belongings) {
    let line = |field: &str, value: &str| {
        let mut line = json!({ "sku": "HEX-001", "quantity": "1" });
        line[field] = json!(value);
        json!({ "cartId": own.cart, "lines": [line] })
    };
    let place = |field: &str, value: Value| {
        let mut input = json!({ "cartId": own.cart, "cartVersion": own.version, "idempotencyKey": "k" });
        input[field] = value;
        input
    };
    let admin = cast.other.employee("Admin");
    let before = cast.host.contents().await;
    for (client, mutation, input) in [
        (&cast.buyer, "cartLinesAdd", line("unitPrice", "0.01")),
        (&cast.buyer, "cartLinesAdd", line("priceOverrideReason", "friend")),
        (&cast.buyer, "cartDetailsSet", json!({ "cartId": own.cart, "status": "PLACED" })),
        (&cast.buyer, "cartCreate", json!({ "accountId": cast.other.account })),
        (&cast.buyer, "orderPlace", place("taxExempt", json!(true))),
        (&cast.buyer, "orderPlace", place("approvedBy", json!(own.employee))),
        (&cast.buyer, "cartSubmit", place("placedAt", json!("2020-01-01T00:00:00Z"))),
        (&cast.other_admin, "employeeUpdate", json!({ "id": admin, "permissions": ["orders.write"] })),
        (&cast.other_admin, "employeeUpdate", json!({ "id": admin, "accountId": own.account })),
        (
            &cast.anonymous,
            "customerRegister",
            json!({ "email": "a@b.test", "name": "A", "password": PASSWORD, "kind": "STAFF" }),
        ),
    ] {
        let refused = client.mutate(mutation, input).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{mutation}: {}", refused.body);
    }
    cast.host.assert_unchanged_since(&before).await;
}
