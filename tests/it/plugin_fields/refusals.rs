//! What cannot be merged is refused when it is loaded, in one sentence, and the shop goes on.

use serde_json::json;
use vectis_tests::{PluginFolder, TestHost};

use super::{ask, reload, shop};

const WARRANTY: &str = "product-warranty";

#[tokio::test(flavor = "multi_thread")]
async fn the_second_plugin_with_a_name_is_refused_and_the_first_goes_on() {
    let host = shop().await;
    let staff = host.staff().await;

    // Before the other one by its file name, but later there.
    host.plugins.drop_in_changed(
        WARRANTY,
        "a-rival",
        &[("name = \"product-warranty\"", "name = \"another-warranty\"")],
    );
    let rival = reload(&staff, "a-rival.so").await;

    assert_eq!(rival["status"], "REFUSED", "{rival}");
    assert_eq!(
        rival["refusal"],
        "another-warranty 1.0.0 (a-rival.so) refused at step graphql: its definitions for the API, line 9, column 6: the type \
         WarrantyTerms is defined by product-warranty already; choose another name"
    );
    let months = ask(&host.client(), "{ products(first: 1) { nodes { warrantyMonths } } }").await;
    assert_eq!(months.at("/products/nodes/0/warrantyMonths"), 0, "{}", months.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_definitions_are_refused_with_line_and_column() {
    let host = TestHost::start(PluginFolder::first_party(), true).await;
    let staff = host.staff().await;
    for (from, to, says) in [
        (
            "warrantyMonths: Int! @public",
            "warrantyMonths: Int! @pub[ic",
            "line 3, column 28: this is no GraphQL: expected",
        ),
        (
            "extend type Product {",
            "extend type Produkt {",
            "line 1, column 13: the platform has no object type Produkt to extend",
        ),
        (
            "  warrantyMonths: Int! @public",
            "  description   : Int! @public",
            "Product.description is the platform's own",
        ),
        ("  warrantyMonths: Int! @public", "  warrantyMonths: Inn! @public", "there is no type Inn"),
        (
            "Int! @public @needs(fields: \"taxCategory\")",
            "Int!         @needs(fields: \"taxCategory\")",
            "nothing says who may use Product.warrantyMonths",
        ),
        (
            "@needs(fields: \"taxCategory\")",
            "@needs(fields: \"version    \")",
            "Product.version cannot be needed",
        ),
        ("key: \"warranty.read\"", "key: \"warranty.reed\"", "there is no permission \"warranty.reed\""),
    ] {
        host.plugins.drop_in_changed(WARRANTY, WARRANTY, &[(from, to)]);
        let found = reload(&staff, "product-warranty.so").await;

        assert_eq!(found["status"], "REFUSED", "{found}");
        let refusal = found["refusal"].as_str().unwrap();
        assert!(refusal.contains("refused at step graphql") && refusal.contains(says), "{refusal}");
        assert!(!refusal.contains('\n'), "{refusal}");
    }
    let listed = ask(&host.client(), "{ products(first: 1) { nodes { name } } }").await;
    assert!(listed.body["errors"].is_null(), "{}", listed.body);
    let unknown = ask(&host.client(), "{ products(first: 1) { nodes { warrantyMonths } } }").await;
    assert_eq!(unknown.error_code(), "BAD_USER_INPUT", "{}", unknown.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_cannot_be_merged_leaves_the_old_one() {
    let host = shop().await;
    let staff = host.staff().await;

    host.plugins.drop_in_changed(
        WARRANTY,
        WARRANTY,
        &[
            ("version = \"1.0.0\"", "version = \"1.1.0\""),
            ("  warrantyMonths: Int! @public", "  description   : Int! @public"),
        ],
    );
    let found = reload(&staff, "product-warranty.so").await;

    assert_eq!(found["status"], "REFUSED", "{found}");
    assert!(
        found["refusal"].as_str().unwrap().ends_with("; product-warranty 1.0.0 keeps answering"),
        "{found}"
    );
    let months = ask(&host.client(), "{ products(first: 1) { nodes { warrantyMonths } } }").await;
    assert_eq!(months.at("/products/nodes/0/warrantyMonths"), json!(0), "{}", months.body);
    host.stop().await;
}
