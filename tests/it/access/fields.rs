//! What of things people get to know: introspection shows each only what they may use, and asking all the same is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vectis_tests::Client;

use super::{Belongings, Cast};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_what_is_not_for_them() {
    let cast = Cast::gather().await;
    let own = Belongings::of(&cast.buyer).await;

    introspection_is_shaped_by_who_asks(&cast).await;
    fields_of_others_are_refused_on_things_one_has(&cast, &own).await;
    staff_see_what_their_rights_say(&cast).await;
    things_taken_off_sale_are_gone_for_customers(&cast).await;
    misspelled_fields_are_not_completed(&cast).await;
    cast.host.stop().await;
}

/// Names of all types, fields and arguments as `Type` and `Type.field`.
async fn introspected(client: &Client) -> BTreeSet<String> {
    let seen = client.send("{ __schema { types { name fields { name } } } }", json!({})).await.ok();
    let mut names = BTreeSet::new();
    for of_type in seen.at("/__schema/types").as_array().unwrap() {
        let name = of_type["name"].as_str().unwrap();
        names.insert(name.to_owned());
        let fields = of_type["fields"].as_array().into_iter().flatten();
        names.extend(fields.map(|field| format!("{name}.{}", field["name"].as_str().unwrap())));
    }
    names
}

/// What only staff see, each with the right to it.
const FOR_STAFF: &[&str] = &[
    "Query.accounts",
    "Query.auditEntries",
    "Query.eventDeadLetters",
    "Query.exchangeRates",
    "Query.managedPrices",
    "Query.pluginSchedules",
    "Query.pluginSubscriptions",
    "Query.plugins",
    "Query.priceLists",
    "Query.staff",
    "Query.stockLevels",
    "Query.stockMovements",
    "Query.warehouses",
    "Query.webhooks",
    "Query.workflowFaults",
    "Query.workflows",
    "Account.externalReference",
    "Account.groupIds",
    "Channel.warehouseIds",
    "Order.process",
    "OrderHistoryEntry.actor",
    "StockAvailability.onHand",
    "AuditEntry",
    "ManagedPrice",
    "Plugin",
    "PriceList",
    "StaffMember",
    "StaffRoleUpsertInput",
    "StockMovement",
];

async fn introspection_is_shaped_by_who_asks(cast: &Cast) {
    let staff = introspected(&cast.staff).await;
    let for_admins =
        ["Account.creditLimit", "Account.employees", "Account.taxExemptions", "EmployeeUpdateInput"];
    for name in FOR_STAFF.iter().chain(&for_admins) {
        assert!(staff.contains(*name), "staff see {name}");
    }
    let admin = introspected(&cast.other_admin).await;
    for name in for_admins {
        assert!(admin.contains(name), "admins see {name}");
    }
    for (who, client) in cast.outsiders().into_iter().chain([("a buyer", &cast.buyer)]) {
        let seen = introspected(client).await;
        let is_staff = std::ptr::eq(client, &cast.nobody);
        for name in FOR_STAFF.iter().copied() {
            let of_any_staff = ["Query.plugins", "Plugin", "Channel.warehouseIds", "OrderHistoryEntry.actor"]
                .contains(&name);
            assert_eq!(seen.contains(name), is_staff && of_any_staff, "{who} and {name}");
        }
        for name in for_admins {
            assert_eq!(seen.contains(name), std::ptr::eq(client, &cast.other_admin), "{who} and {name}");
        }
    }
    let anonymous: Vec<String> =
        introspected(&cast.anonymous).await.into_iter().filter(|name| name.starts_with("Query.")).collect();
    let expected = [
        "cart",
        "categories",
        "channel",
        "me",
        "myCart",
        "order",
        "pluginContributions",
        "product",
        "productBySlug",
        "productSearch",
        "products",
        "shippingRates",
        "variantsBySku",
    ];
    assert_eq!(anonymous, expected.map(|name| format!("Query.{name}")));
    // Asked for by name a type is no more than in the list.
    let by_name = "{ __type(name: \"StaffMember\") { name fields { name } } }";
    let seen = cast.anonymous.send(by_name, json!({})).await;
    assert_eq!(seen.at("/__type"), Value::Null, "{}", seen.body);
}

async fn fields_of_others_are_refused_on_things_one_has(cast: &Cast, own: &Belongings) {
    let ids = json!({ "order": own.order, "account": own.account });
    for (query, client, code) in [
        ("query($order: ID!) { order(id: $order) { process } }", &cast.buyer, "FORBIDDEN"),
        ("query($order: ID!) { order(id: $order) { cartId } }", &cast.buyer, "FORBIDDEN"),
        ("query($order: ID!) { order(id: $order) { history { actor } } }", &cast.approver, "FORBIDDEN"),
        (
            "query($account: ID!) { account(id: $account) { creditLimit { amount } } }",
            &cast.buyer,
            "FORBIDDEN",
        ),
        ("query($account: ID!) { account(id: $account) { employees { id } } }", &cast.approver, "FORBIDDEN"),
        ("query($account: ID!) { account(id: $account) { groupIds } }", &cast.other_admin, "FORBIDDEN"),
        ("{ me { account { externalReference } } }", &cast.other_admin, "FORBIDDEN"),
        (
            "{ me { account { ...a } } } fragment a on Account { ... { x: version } }",
            &cast.other_admin,
            "FORBIDDEN",
        ),
        ("{ variantsBySku(skus: [\"HEX-001\"]) { stock { onHand } } }", &cast.buyer, "FORBIDDEN"),
        ("{ variantsBySku(skus: [\"HEX-001\"]) { stock { reserved } } }", &cast.anonymous, "UNAUTHENTICATED"),
        ("{ products { nodes { version } } }", &cast.anonymous, "UNAUTHENTICATED"),
        ("{ channel { warehouseIds } }", &cast.guest, "UNAUTHENTICATED"),
        ("{ auditEntries { nodes { id } } }", &cast.buyer, "FORBIDDEN"),
        ("{ auditEntries { nodes { id } } }", &cast.nobody, "FORBIDDEN"),
        ("{ eventDeadLetters { nodes { id } } }", &cast.nobody, "FORBIDDEN"),
        ("query($account: ID!) { account(id: $account) { name } }", &cast.nobody, "FORBIDDEN"),
        ("{ stockLevels(variantIds: []) { onHand } }", &cast.nobody, "FORBIDDEN"),
        ("{ priceLists { nodes { name } } }", &cast.other_admin, "FORBIDDEN"),
        ("{ staff { nodes { email } } }", &cast.other_admin, "FORBIDDEN"),
        ("{ orders { nodes { id } } }", &cast.nobody, "FORBIDDEN"),
        (
            "mutation { workflowCancel(input: { id: \"workflow:0198f3a0-0000-7000-8000-000000000000\", reason: \"x\" }) { workflow { id } } }",
            &cast.nobody,
            "FORBIDDEN",
        ),
    ] {
        let refused = client.send(query, ids.clone()).await;
        assert_eq!(refused.error_code(), code, "{query}: {}", refused.body);
        assert_eq!(refused.body["data"], Value::Null, "{query}: {}", refused.body);
    }
}

async fn staff_see_what_their_rights_say(cast: &Cast) {
    let all = [
        ("accounts.read", "{ it: accounts { nodes { id groupIds } } }"),
        ("prices.read", "{ it: priceLists { nodes { id } } }"),
        ("stock.read", "{ it: warehouses { id } }"),
        ("orders.read", "{ it: orders { nodes { id process } } }"),
        ("audit.read", "{ it: auditEntries { nodes { id } } }"),
        ("events.read", "{ it: eventDeadLetters { nodes { id } } }"),
        ("webhooks.read", "{ it: webhooks { id url deliveries { nodes { id } } } }"),
        ("staff.write", "{ it: staff { nodes { id } } }"),
        ("workflows.read", "{ it: workflows { nodes { id } } inbox: workflowFaults { nodes { id } } }"),
    ];
    let nobody = cast.nobody.send("{ me { kind permissions } }", json!({})).await.ok();
    assert_eq!(nobody.at("/me"), json!({ "kind": "STAFF", "permissions": [] }));
    let staff = cast.staff.send("{ staff { nodes { id email } } }", json!({})).await.ok();
    let staff = staff.at("/staff/nodes");
    let id = &staff.as_array().unwrap().iter().find(|one| one["email"] == "nobody@demo.vectis.test").unwrap()
        ["id"];
    for (permission, _) in all {
        let role = json!({ "name": permission, "permissions": [permission] });
        let role =
            cast.staff.mutate("staffRoleUpsert { roleId }", role).await.ok().text("/staffRoleUpsert/roleId");
        cast.staff.mutate("staffRolesSet", json!({ "id": id, "roleIds": [role] })).await.ok();
        for (needed, query) in all {
            let answer = cast.nobody.send(query, json!({})).await;
            let code = if needed == permission { "" } else { "FORBIDDEN" };
            assert_eq!(answer.error_code(), code, "{query} with {permission}: {}", answer.body);
        }
    }
    cast.staff.mutate("staffRolesSet", json!({ "id": id, "roleIds": [] })).await.ok();
}

async fn things_taken_off_sale_are_gone_for_customers(cast: &Cast) {
    let product = "query($s: String!) { productBySlug(slug: $s) { id version } }";
    let product = cast.staff.send(product, json!({ "s": "clp-range" })).await.ok();
    let id = product.text("/productBySlug/id");
    let off = json!({ "id": id, "version": product.at("/productBySlug/version"), "isActive": false });
    cast.staff.mutate("productActivate", off).await.ok();

    let query = "query($id: ID!) { a: product(id: $id) { id } b: productBySlug(slug: \"clp-range\") { id } \
                 c: variantsBySku(skus: [\"CLP-001\"]) { id } d: products(text: \"CLP-001\") { nodes { id } } }";
    let gone = json!({ "a": null, "b": null, "c": [], "d": { "nodes": [] } });
    for client in [&cast.anonymous, &cast.buyer, &cast.other_admin] {
        assert_eq!(client.send(query, json!({ "id": id })).await.ok().body["data"], gone);
        let inactive = client
            .send("{ products(text: \"CLP-001\", withInactive: true) { nodes { id } } }", json!({}))
            .await;
        let nothing = inactive.at("/products").is_null() || inactive.at("/products/nodes") == json!([]);
        assert!(nothing, "{}", inactive.body);
    }
    let seen = cast.staff.send(query, json!({ "id": id })).await.ok();
    assert_eq!(seen.text("/a/id"), id);
}

async fn misspelled_fields_are_not_completed(cast: &Cast) {
    for query in ["{ stafff { nodes { id } } }", "{ me { emai } }", "{ products(frist: 1) { nodes { id } } }"]
    {
        let refused = cast.anonymous.send(query, json!({})).await;
        assert_eq!(refused.error_code(), "BAD_USER_INPUT", "{}", refused.body);
        assert!(!refused.body.to_string().contains("Did you mean"), "{}", refused.body);
    }
}
