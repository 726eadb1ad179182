//! Answers are held against their declared types; what is not of its type is an error that names the plugin.

use serde_json::json;
use vectis_tests::{Client, Graphql};

use super::{ask, errors, shop};

const ONE: &str = "variantsBySku(skus: [\"HEX-001\"])";

async fn product(client: &Client, fields: &str) -> Graphql {
    ask(client, &format!("{{ {ONE} {{ sku product {{ name {fields} }} }} }}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_answers_are_shaped_by_the_selection() {
    let host = shop().await;

    let answer = ask(
        &host.client(),
        &format!(
            "{{ {ONE} {{ product {{ faultNumber faultNumbers warranty {{ months }} \
               faultThing {{ __typename label: name kind at inner {{ ...more }} }} }} }} }} \
             fragment more on FaultThing {{ name price {{ amount currencyCode }} }}"
        ),
    )
    .await;

    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    assert_eq!(
        answer.at("/variantsBySku/0/product"),
        json!({
            "faultNumber": 7, "faultNumbers": [1, 2], "warranty": null,
            "faultThing": {
                "__typename": "FaultThing", "label": "outer", "kind": "BAD", "at": "2026-01-15T12:00:00+00:00",
                "inner": { "name": "inner", "price": { "amount": "12.50", "currencyCode": "EUR" } },
            },
        })
    );
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_about_a_required_field_takes_its_parent_and_names_the_plugin() {
    let host = shop().await;
    for (fault, what) in [
        ("null", "fault-fields gave an invalid answer at Product.faultNumber: null for Int!"),
        ("text", "fault-fields gave an invalid answer at Product.faultNumber: \"seven\" for Int!"),
        ("large", "fault-fields gave an invalid answer at Product.faultNumber: 1099511627776 for Int!"),
    ] {
        let answer = product(&host.client(), &format!("faultNumber(fault: \"{fault}\")")).await;

        // ProductVariant.product may be null, so the variant stays.
        assert_eq!(answer.at("/variantsBySku/0"), json!({ "sku": "HEX-001", "product": null }), "{fault}");
        assert_eq!(errors(&answer), [format!("variantsBySku.0.product.faultNumber: {what}")]);
        assert_eq!(answer.error_code(), "PLUGIN_FAILED");
        assert!(answer.body["errors"][0]["extensions"]["traceId"].is_string());
        assert!(answer.body["errors"][0]["locations"][0]["line"].is_number());
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn null_goes_up_to_the_next_thing_that_may_be_null() {
    let host = shop().await;
    let client = host.client();

    // [ProductVariant!]! up to the root: nothing is left.
    let all = ask(&client, &format!("{{ {ONE} {{ faultSku(fault: \"null\") }} categories {{ id }} }}")).await;
    assert_eq!(all.body["data"], json!(null), "{}", all.body);
    assert_eq!(errors(&all).len(), 1);

    // The list may be null, its items may not.
    let list = product(&client, "faultNumbers(fault: \"inner null\")").await;
    assert_eq!(list.at("/variantsBySku/0/product/faultNumbers"), json!(null));
    assert_eq!(
        errors(&list),
        [
            "variantsBySku.0.product.faultNumbers.1: fault-fields gave an invalid answer at Product.faultNumbers: null for Int!"
        ]
    );

    // The inner object may be null; the outer one has no price to lie about.
    let inner = product(&client, "faultThing(fault: \"inner kind\") { name inner { kind } }").await;
    assert_eq!(inner.at("/variantsBySku/0/product/faultThing"), json!({ "name": "outer", "inner": null }));
    assert!(errors(&inner)[0].ends_with("\"UGLY\" for FaultKind!"), "{}", inner.body);

    let time = product(&client, "faultThing(fault: \"time\") { at name }").await;
    assert_eq!(time.at("/variantsBySku/0/product/faultThing"), json!({ "at": null, "name": "outer" }));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_answer_among_many_costs_only_its_own_place() {
    let host = shop().await;

    let answer = ask(
        &host.client(),
        "{ products(first: 3) { nodes { name faultThing(fault: \"first only\") { name } } } }",
    )
    .await;
    let required = ask(
        &host.client(),
        "{ products(first: 3) { edges { node { name faultNumber(fault: \"first only\") } } } }",
    )
    .await;

    assert!(answer.body["errors"].is_null(), "null is an answer: {}", answer.body);
    assert_eq!(answer.at("/products/nodes/0/faultThing"), json!(null));
    assert_eq!(answer.at("/products/nodes/1/faultThing/name"), "outer");
    assert_eq!(errors(&required).len(), 1, "{}", required.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_panics_late_and_too_few_answers_are_errors_that_name_the_plugin() {
    let host = shop().await;
    for (fault, what) in [
        ("error", "fault-fields/fault-fields@1.0.0 failed at vectis.fields: it is broken"),
        ("panic", "fault-fields/fault-fields@1.0.0 failed at vectis.fields: panicked at "),
        ("late", "fault-fields/fault-fields@1.0.0 failed at vectis.fields: it did not answer within 1000 ms"),
        (
            "too few",
            "fault-fields/fault-fields@1.0.0 gave an invalid answer at vectis.fields: it gives 0 answers to 1 questions",
        ),
    ] {
        let answer =
            product(&host.client(), &format!("faultThing(fault: \"{fault}\") {{ name }} warrantyMonths"))
                .await;

        assert_eq!(answer.at("/variantsBySku/0/product/faultThing"), json!(null));
        assert_eq!(
            answer.at("/variantsBySku/0/product/warrantyMonths"),
            0,
            "the other plugin answers: {}",
            answer.body
        );
        assert!(errors(&answer)[0].contains(what), "{fault}: {:?}", errors(&answer));
    }
    let well = product(&host.client(), "faultNumber").await;
    assert_eq!(well.at("/variantsBySku/0/product/faultNumber"), 7, "{}", well.body);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_come_with_variables_and_defaults() {
    let host = shop().await;
    let query = "query($id: ID, $range: FaultRange, $unset: FaultKind) { faultEcho(ids: [\"x\", $id], range: $range, kind: $unset) \
                 short: faultEcho(ids: \"one\", range: { to: 3 }) all: faultEcho }";
    let query = query.replace("$id: ID,", "$id: ID!,");

    let answer = host.client().send(&query, json!({ "id": "y", "range": { "from": 5 } })).await;
    let wrong = ask(&host.client(), "{ faultEcho(range: { to: \"three\" }) }").await;
    let unknown = ask(&host.client(), "{ faultEcho(colour: 3) }").await;

    assert!(answer.body["errors"].is_null(), "{}", answer.body);
    let given = answer.at("/faultEcho/arguments");
    assert_eq!(given, json!({ "ids": ["x", "y"], "range": { "from": 5 }, "kind": "GOOD" }));
    let short = answer.at("/short/arguments");
    assert_eq!(short, json!({ "ids": ["one"], "range": { "from": 1, "to": 3 }, "kind": "GOOD" }));
    assert_eq!(answer.at("/all/arguments"), json!({ "ids": ["a"], "kind": "GOOD" }));
    assert_eq!(wrong.error_code(), "BAD_USER_INPUT", "{}", wrong.body);
    assert_eq!(unknown.error_code(), "BAD_USER_INPUT", "{}", unknown.body);
    host.stop().await;
}
