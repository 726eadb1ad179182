//! Who loses a right loses it with the next request, however fresh the token.

use serde_json::{Value, json};
use vectis_tests::Client;
use vectis_tests::shop::PASSWORD;

use super::Cast;

const ME: &str = "{ me { kind permissions } }";

/// Permissions as the next request has them; the error's code when it has none.
async fn permissions(client: &Client) -> Result<Vec<String>, (u16, String)> {
    let me = client.send(ME, json!({})).await;
    if !me.body["errors"].is_null() {
        return Err((me.status, me.error_code()));
    }
    let keys = me.at("/me/permissions");
    Ok(keys.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn out() -> Result<Vec<String>, (u16, String)> {
    Err((401, "UNAUTHENTICATED".to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_end_with_the_next_request() {
    let cast = Cast::gather().await;

    an_employee_who_is_demoted_decides_no_more(&cast).await;
    a_role_that_loses_a_permission_takes_it_from_all(&cast).await;
    an_employee_who_leaves_is_out_at_once_and_back_when_taken_back(&cast).await;
    staff_who_lose_their_role_or_login_are_out_at_once(&cast).await;
    a_company_that_is_suspended_reads_but_does_not_buy(&cast).await;
    cast.host.stop().await;
}

async fn an_employee_who_is_demoted_decides_no_more(cast: &Cast) {
    let approver = &cast.other_approver;
    let cart = cast.other_buyer.new_cart().await;
    let version = cast.other_buyer.add_lines(&cart, vectis_tests::shop::lines(3, 20_000)).await.ok();
    let version = version.at("/cartLinesAdd/cart/version");
    let request =
        cast.other_buyer.submit(&cart, &version, "k").await.ok().text("/cartSubmit/approvalRequest/id");
    let employee = cast.other.employee("Approver");

    cast.other_admin.mutate("employeeUpdate", json!({ "id": employee, "role": "Buyer" })).await.ok();
    assert_eq!(permissions(approver).await.unwrap(), ["catalog.browse", "orders.place"]);
    let refused = cast.host.unchanged_by(approver.approve(&request, "late")).await;
    assert_eq!(refused.error_code(), "FORBIDDEN");
    let query =
        "query($cart: ID!, $request: ID!) { cart(id: $cart) { id } approvalRequest(id: $request) { id } }";
    let hidden = approver.send(query, json!({ "cart": cart, "request": request })).await.ok();
    assert_eq!(hidden.body["data"], json!({ "cart": null, "approvalRequest": null }));

    cast.other_admin.mutate("employeeUpdate", json!({ "id": employee, "role": "Approver" })).await.ok();
    approver.approve(&request, "in time").await.ok();
}

async fn a_role_that_loses_a_permission_takes_it_from_all(cast: &Cast) {
    let role = |permissions: &[&str]| json!({ "name": "Clerk", "permissions": permissions });
    cast.staff.mutate("roleUpsert", role(&["catalog.browse", "orders.place"])).await.ok();
    let person =
        json!({ "email": "clerk@other.test", "name": "Clerk", "password": PASSWORD, "role": "Clerk" });
    cast.other_admin
        .mutate("employeeCreate", json!({ "locationId": cast.other.location, "employee": person }))
        .await
        .ok();
    let clerk = cast.other.person(&cast.host, "clerk").await;
    let add = json!({ "lines": [{ "sku": "HEX-001", "quantity": "1" }] });
    clerk.mutate("cartLinesAdd", add.clone()).await.ok();

    cast.staff.mutate("roleUpsert", role(&["catalog.browse"])).await.ok();
    let refused = cast.host.unchanged_by(clerk.mutate("cartLinesAdd", add)).await;
    assert_eq!(refused.error_code(), "FORBIDDEN");
}

async fn an_employee_who_leaves_is_out_at_once_and_back_when_taken_back(cast: &Cast) {
    let (buyer, employee) = (&cast.other_buyer, cast.other.employee("Buyer"));
    let set = |is_active: bool| json!({ "id": employee, "isActive": is_active });
    cast.other_admin.mutate("employeeUpdate", set(false)).await.ok();
    assert_eq!(permissions(buyer).await, out());
    let refused = cast.host.unchanged_by(buyer.mutate("cartCreate", json!({}))).await;
    assert_eq!((refused.status, refused.error_code().as_str()), (401, "UNAUTHENTICATED"));

    cast.other_admin.mutate("employeeUpdate", set(true)).await.ok();
    assert_eq!(permissions(buyer).await.unwrap(), ["catalog.browse", "orders.place"]);
}

async fn staff_who_lose_their_role_or_login_are_out_at_once(cast: &Cast) {
    let role = |permissions: &[&str]| json!({ "name": "Clerk", "permissions": permissions });
    let id = cast.staff.mutate("staffRoleUpsert { roleId }", role(&["orders.read", "stock.read"])).await.ok();
    let login = json!({ "email": "clerk@demo.vectis.test", "name": "Clerk", "password": PASSWORD });
    let create = json!({ "login": login, "roleIds": [id.at("/staffRoleUpsert/roleId")] });
    let made = cast.staff.mutate("staffCreate { loginId }", create).await.ok().text("/staffCreate/loginId");
    let clerk = cast.anonymous.signed_in("clerk@demo.vectis.test", PASSWORD).await;
    assert_eq!(permissions(&clerk).await.unwrap(), ["orders.read", "stock.read"]);

    cast.staff.mutate("staffRoleUpsert", role(&["orders.read"])).await.ok();
    assert_eq!(permissions(&clerk).await.unwrap(), ["orders.read"]);
    assert_eq!(clerk.send("{ warehouses { id } }", json!({})).await.error_code(), "FORBIDDEN");
    cast.staff.mutate("staffRolesSet", json!({ "id": made, "roleIds": [] })).await.ok();
    assert_eq!(permissions(&clerk).await.unwrap(), Vec::<String>::new());
    assert_eq!(clerk.send("{ orders { nodes { id } } }", json!({})).await.error_code(), "FORBIDDEN");

    let set = |is_active: bool| json!({ "id": made, "isActive": is_active });
    cast.staff.mutate("loginActivate", set(false)).await.ok();
    assert_eq!(permissions(&clerk).await, out());
    // Taken back, one signs in anew: the old session is over.
    cast.staff.mutate("loginActivate", set(true)).await.ok();
    assert_eq!(permissions(&clerk).await, out());
    cast.anonymous.signed_in("clerk@demo.vectis.test", PASSWORD).await;
}

async fn a_company_that_is_suspended_reads_but_does_not_buy(cast: &Cast) {
    let add = json!({ "lines": [{ "sku": "HEX-001", "quantity": "1" }] });
    let refused = cast.host.unchanged_by(cast.suspended.mutate("cartLinesAdd", add)).await;
    assert_eq!(refused.user_errors(), ["ACCOUNT_NOT_ACTIVE @ "]);
    let me =
        cast.suspended.send("{ me { account { status } } orders { nodes { id } } }", json!({})).await.ok();
    assert_eq!(me.text("/me/account/status"), "SUSPENDED");
}
