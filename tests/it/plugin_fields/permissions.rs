//! Added fields show to those who may use them, and only they may.

use serde_json::json;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{ask, shop};

/// Names of a type's fields as introspection shows them; empty for a type that it does not show.
async fn fields(client: &Client, type_name: &str) -> Vec<String> {
    let answer = client
        .send("query($t: String!) { __type(name: $t) { fields { name } } }", json!({ "t": type_name }))
        .await;
    let names = answer.at("/__type/fields");
    names.as_array().into_iter().flatten().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

/// Gives the demo shop's administrator the plugins' permissions too.
pub(crate) async fn staff_with(host: &TestHost, keys: &[&str]) -> Client {
    let staff = host.staff().await;
    let role = staff
        .mutate("staffRoleUpsert { roleId }", json!({ "name": "Warranties", "permissions": keys }))
        .await
        .ok()
        .text("/staffRoleUpsert/roleId");
    let found = ask(&staff, "{ staff { nodes { id roleIds } } }").await;
    let member = found.text("/staff/nodes/0/id");
    let roles = found.at("/staff/nodes/0/roleIds");
    let mut roles: Vec<String> =
        roles.as_array().unwrap().iter().map(|role| role.as_str().unwrap().to_owned()).collect();
    roles.push(role);
    staff.mutate("staffRolesSet {}", json!({ "id": member, "roleIds": roles })).await.ok();
    host.client().channel("wholesale").signed_in("admin@demo.vectis.test", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn introspection_shows_what_the_caller_may_use_with_types_and_descriptions() {
    let host = shop().await;
    let (buyer, staff) =
        (host.buyer().await, staff_with(&host, &["warranty.read", "warranty.register"]).await);
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);

    for (client, may) in [(&buyer, false), (&staff, true)] {
        assert!(has(&fields(client, "Product").await, "warrantyMonths"));
        assert!(!has(&fields(client, "Product").await, "faultSecret"));
        assert!(has(&fields(client, "Query").await, "warrantyTerms"));
        assert_eq!(has(&fields(client, "Query").await, "warrantyCertificate"), may);
        assert_eq!(has(&fields(client, "Mutation").await, "warrantyRegister"), may);
        assert_eq!(fields(client, "WarrantyCertificate").await.is_empty(), !may);
        assert_eq!(fields(client, "WarrantyTerms").await, ["months", "scope", "conditions"]);
    }
    let described = ask(
        &staff,
        "{ __type(name: \"Product\") { fields { name description type { kind ofType { name } } } } \
           input: __type(name: \"WarrantyRegisterInput\") { inputFields { name } } \
           enum: __type(name: \"WarrantyScope\") { enumValues { name } } }",
    )
    .await;
    let months = described.at("/__type/fields");
    let months = months.as_array().unwrap().iter().find(|field| field["name"] == "warrantyMonths").unwrap();
    assert_eq!(months["description"], "Months the maker stands in for the product; 0 when it does not.");
    assert_eq!(months["type"], json!({ "kind": "NON_NULL", "ofType": { "name": "Int" } }));
    assert_eq!(described.at("/input/inputFields").as_array().unwrap().len(), 3);
    assert_eq!(described.at("/enum/enumValues").as_array().unwrap().len(), 3);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_behind_a_permission_is_refused_in_the_words_of_all_others() {
    let host = shop().await;
    let (anonymous, buyer) = (host.client(), host.buyer().await);
    let query = "{ warrantyCertificate(number: \"W-1\") { number } }";
    let secret = "{ products(first: 1) { nodes { ...a } } } fragment a on Product { faultSecret }";

    assert_eq!(ask(&anonymous, query).await.error_code(), "UNAUTHENTICATED");
    for refused in [query, secret] {
        let answer = ask(&buyer, refused).await;
        assert_eq!(answer.error_code(), "FORBIDDEN", "{}", answer.body);
        assert!(answer.body.to_string().contains("you may not ask for "), "{}", answer.body);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_of_plugins_are_given_to_roles_as_long_as_the_plugin_is_there() {
    let host = shop().await;
    let before = ask(&host.staff().await, "{ warrantyCertificate(number: \"W-1\") { number } }").await;
    assert_eq!(before.error_code(), "FORBIDDEN", "{}", before.body);

    let staff = staff_with(&host, &["warranty.read"]).await;
    let after = ask(&staff, "{ warrantyCertificate(number: \"W-1\") { number } }").await;
    assert_eq!(after.body["data"], json!({ "warrantyCertificate": null }), "{}", after.body);

    std::fs::remove_file(host.plugins.path().join("product-warranty.so")).unwrap();
    ask(&staff, "mutation { pluginsReload { userErrors { code } } }").await.ok();
    let gone = staff
        .mutate("staffRoleUpsert { roleId }", json!({ "name": "Late", "permissions": ["warranty.read"] }))
        .await;
    assert_eq!(gone.user_errors().len(), 1, "{}", gone.body);
    host.stop().await;
}
