//! What the schema offers to whom: the list comes from the schema itself, so a new mutation is tested the day it is made.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use vectis_tests::Client;

use super::Cast;

/// Anybody, guests among them: getting in, and a cart of one's own.
const ANYBODY: [&str; 13] = [
    "cartCreate",
    "cartDetailsSet",
    "cartLinesAdd",
    "cartLinesRemove",
    "cartLinesReplace",
    "cartLinesUpdate",
    "cartPricesAccept",
    "cartSubmit",
    "customerRegister",
    "orderPlace",
    "signIn",
    "signOut",
    "tokenRefresh",
];
/// Besides, who is signed in.
const SIGNED_IN: [&str; 4] = ["cartMergeGuest", "cartWithdraw", "orderTransition", "passwordChange"];
/// Besides, employees who approve, and nobody of the merchant's.
const APPROVERS: [&str; 2] = ["approvalRequestApprove", "approvalRequestReject"];
/// Besides, employees who manage their account.
const ADMINS: [&str; 4] = ["addressCreate", "employeeCreate", "employeeUpdate", "locationCreate"];
/// Of these staff may what is theirs only when they may place for others.
const FOR_SHOPPERS: [&str; 9] = [
    "cartCreate",
    "cartDetailsSet",
    "cartLinesAdd",
    "cartLinesRemove",
    "cartLinesReplace",
    "cartLinesUpdate",
    "cartPricesAccept",
    "cartSubmit",
    "orderPlace",
];

fn set<'a>(lists: impl IntoIterator<Item = &'a [&'a str]>) -> BTreeSet<String> {
    lists.into_iter().flatten().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_refused_to_all_but_those_it_is_for() {
    let cast = Cast::gather().await;
    // What one of them does not see, the other does.
    let schema = Schema::as_seen_by(&cast.staff).await.and(Schema::as_seen_by(&cast.other_admin).await);
    let all: BTreeSet<String> = schema.mutations.keys().cloned().collect();
    assert!(all.len() > 50, "everything: {all:?}");
    let anybody = set([&ANYBODY[..]]);
    let buyer = set([&ANYBODY[..], &SIGNED_IN]);
    let approver = set([&ANYBODY[..], &SIGNED_IN, &APPROVERS]);
    let admin = set([&ANYBODY[..], &SIGNED_IN, &APPROVERS, &ADMINS]);
    let mut nobody = buyer.clone();
    nobody.retain(|name| !FOR_SHOPPERS.contains(&name.as_str()));
    let mut staff = all.clone();
    staff.retain(|name| !APPROVERS.contains(&name.as_str()));
    let wrong_token = cast.anonymous.with("authorization", "Bearer no.such.token");

    let before = cast.host.contents().await;
    for (who, client, may, code) in [
        ("anonymous", &cast.anonymous, &anybody, "UNAUTHENTICATED"),
        ("a guest", &cast.guest, &anybody, "UNAUTHENTICATED"),
        ("a buyer", &cast.buyer, &buyer, "FORBIDDEN"),
        ("a suspended buyer", &cast.suspended, &buyer, "FORBIDDEN"),
        ("an approver", &cast.approver, &approver, "FORBIDDEN"),
        ("an admin", &cast.other_admin, &admin, "FORBIDDEN"),
        ("staff without rights", &cast.nobody, &nobody, "FORBIDDEN"),
        ("staff with all rights", &cast.staff, &staff, "FORBIDDEN"),
    ] {
        let shown: BTreeSet<String> = Schema::as_seen_by(client).await.mutations.into_keys().collect();
        assert_eq!(&shown, may, "what introspection shows {who}");
        for mutation in all.difference(may) {
            let refused = schema.call(client, mutation).await;
            assert_eq!(refused.error_code(), code, "{mutation} by {who}: {}", refused.body);
            assert!(refused.body["data"].is_null(), "{mutation} by {who}: {}", refused.body);
        }
    }
    for mutation in &all {
        let refused = schema.call(&wrong_token, mutation).await;
        assert_eq!((refused.status, refused.error_code().as_str()), (401, "UNAUTHENTICATED"), "{mutation}");
    }
    cast.host.assert_unchanged_since(&before).await;
    cast.host.stop().await;
}

/// The mutations and input types that introspection shows somebody.
struct Schema {
    /// The type of each mutation's argument `input`; null without one.
    mutations: BTreeMap<String, Value>,
    types: BTreeMap<String, Value>,
}

impl Schema {
    async fn as_seen_by(client: &Client) -> Self {
        let query = "{ __schema { \
                     mutationType { fields { name args { name type { ...t } } } } \
                     types { name kind inputFields { name defaultValue type { ...t } } enumValues { name } } } } \
                     fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
        let seen = client.send(query, json!({})).await.ok();
        let fields = seen.at("/__schema/mutationType/fields");
        let named = |thing: &Value| thing["name"].as_str().unwrap().to_owned();
        Self {
            mutations: fields
                .as_array()
                .unwrap()
                .iter()
                .map(|field| (named(field), field["args"].pointer("/0/type").cloned().unwrap_or_default()))
                .collect(),
            types: seen
                .at("/__schema/types")
                .as_array()
                .unwrap()
                .iter()
                .map(|t| (named(t), t.clone()))
                .collect(),
        }
    }

    /// With what another one sees.
    fn and(mut self, other: Self) -> Self {
        self.mutations.extend(other.mutations);
        self.types.extend(other.types);
        self
    }

    /// Calls a mutation with the least that it takes.
    async fn call(&self, client: &Client, mutation: &str) -> vectis_tests::Graphql {
        let input = &self.mutations[mutation];
        if input.is_null() {
            return client.send(&format!("mutation {{ {mutation} {{ __typename }} }}"), json!({})).await;
        }
        let query = format!(
            "mutation($i: {}!) {{ {mutation}(input: $i) {{ __typename }} }}",
            input["ofType"]["name"].as_str().unwrap()
        );
        client.send(&query, json!({ "i": self.least(input) })).await
    }

    /// The smallest value of a type.
    fn least(&self, of: &Value) -> Value {
        let name = of["name"].as_str().unwrap_or_default();
        match of["kind"].as_str().unwrap() {
            "NON_NULL" => self.least(&of["ofType"]),
            "LIST" => json!([]),
            "ENUM" => self.types[name]["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => {
                let fields = self.types[name]["inputFields"].as_array().unwrap().iter();
                let needed = fields
                    .filter(|field| field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null());
                let least = needed
                    .map(|field| (field["name"].as_str().unwrap().to_owned(), self.least(&field["type"])));
                Value::Object(least.collect::<Map<_, _>>())
            }
            _ => match name {
                "Int" => json!(1),
                "Boolean" => json!(false),
                "CurrencyCode" => json!("EUR"),
                "DateTime" => json!("2030-01-01T00:00:00Z"),
                "JSON" => json!({}),
                _ => json!("1"),
            },
        }
    }
}
