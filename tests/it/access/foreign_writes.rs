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
    for (mutation, input, expected) in [
        ("orderLinesEdit", edit, "UNKNOWN_LINE @ lines.0.id"),
        ("cartDetailsSet", ship, "ADDRESS_NOT_FOUND @ shippingAddress"),
        ("orderReturnCreate", back, "UNKNOWN_LINE @ lines.0.orderLineId"),
    ] {
        let refused = cast.host.unchanged_by(cast.staff.mutate(mutation, input)).await;
        assert_eq!(refused.user_errors(), [expected], "{mutation}");
    }
}

async fn colleagues_may_look_but_not_touch(cast: &Cast, own: &Belongings) {
    let place = json!({ "cartId": own.cart, "cartVersion": own.version, "idempotencyKey": "k" });
    let step = json!({ "id": own.order, "transition": "cancel", "idempotencyKey": "k" });
    for (mutation, input) in [
        ("cartLinesRemove", json!({ "cartId": own.cart })),
        ("cartDetailsSet", json!({ "cartId": own.cart, "note": "mine now" })),
        ("cartSubmit", place.clone()),
        ("orderPlace", place),
        ("cartWithdraw", json!({ "id": own.waiting_cart })),
        ("orderTransition", step),
    ] {
        let refused = cast.host.unchanged_by(cast.approver.mutate(mutation, input)).await;
        assert_eq!(refused.user_errors(), ["FORBIDDEN @ "], "{mutation}");
    }
}

async fn nobody_raises_the_own_rights(cast: &Cast) {
    let admin = &cast.other_admin;
    let me = cast.other.employee("Admin");
    let limit = json!({ "amount": "1000000.00", "currencyCode": "EUR" });
    for (input, expected) in [
        (json!({ "id": me, "role": "Buyer" }), "FORBIDDEN @ role"),
        (json!({ "id": me, "orderLimit": limit }), "FORBIDDEN @ orderLimit"),
        (json!({ "id": me, "orderLimit": null }), "FORBIDDEN @ orderLimit"),
    ] {
        let refused = cast.host.unchanged_by(admin.mutate("employeeUpdate", input)).await;
        assert_eq!(refused.user_errors(), [expected]);
    }
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
