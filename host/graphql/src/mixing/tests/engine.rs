//! The inner workings of async-graphql that this room stands on. A new version that changes one fails here first.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject, Variables};
use serde_json::json;
use vectis_contracts::plugin_fields::Additions;
use vectis_kernel::{Actor, Ctx};

use super::plugin;
use crate::Caller;
use crate::mixing::Mixed;

const SDL: &str = "
    extend type Query {
      acmeNumber(by: AcmeInput, n: Int): Int! @public
      acmeThing: AcmeThing! @public
      acmeSecret: Int! @permission(key: \"acme.read\")
    }
    extend type Mutation { acmeSet: Int! @public }
    type AcmeThing @public { name: String! }
    input AcmeInput { size: Int! }
";

fn mixed() -> Mixed {
    Mixed::new(Arc::new(Additions { generation: 1, plugins: vec![plugin("acme", SDL)] }))
}

fn anybody() -> Arc<Caller> {
    Arc::new(Caller {
        ctx: Ctx { actor: Actor::Anonymous { guest: None }, ..Ctx::system("test") },
        channel: None,
        currency: None,
        principal: None,
        membership: None,
        idempotency_header: None,
        has_commanded: AtomicBool::new(false),
    })
}

async fn run(query: &str) -> serde_json::Value {
    let request = Request::new(query).data(anybody());
    serde_json::to_value(mixed().schema.execute(request).await).unwrap()
}

#[tokio::test]
async fn a_field_that_nobody_resolves_is_null_in_its_place_even_where_it_may_not_be() {
    let answer =
        run("{ a: acmeNumber __typename acmeThing @include(if: true) { name } acmeSecret @skip(if: true) }")
            .await;

    assert_eq!(answer, json!({ "data": { "a": null, "__typename": "Query", "acmeThing": null } }));
    assert_eq!(run("mutation { acmeSet }").await, json!({ "data": { "acmeSet": null } }));
}

#[tokio::test]
async fn added_fields_are_validated_like_all_others() {
    for wrong in [
        "{ acmeNumbr }",
        "{ acmeNumber { x } }",
        "{ acmeThing }",
        "{ acmeThing { size } }",
        "{ acmeNumber(by: { size: \"x\" }) }",
        "{ acmeNumber(by: {}) }",
        "{ acmeNumber(to: 1) }",
        "query($n: Int) { acmeNumber }",
    ] {
        let answer = run(wrong).await;
        assert!(answer["errors"].is_array() && answer["data"].is_null(), "{wrong}: {answer}");
    }
    for declared in ["Int", "String"] {
        let query = format!("query($n: {declared}) {{ acmeNumber(n: $n) }}");
        let request =
            Request::new(query).data(anybody()).variables(Variables::from_json(json!({ "n": "one" })));
        assert_eq!(mixed().schema.execute(request).await.errors.len(), 1);
    }
}

#[tokio::test]
async fn introspection_asks_the_rules_of_its_own_schema() {
    let answer =
        run("{ __type(name: \"Query\") { fields { name } } thing: __type(name: \"AcmeThing\") { name } }")
            .await;

    let text = answer.to_string();
    assert!(text.contains("acmeNumber") && text.contains("\"thing\":{\"name\":\"AcmeThing\"}"), "{text}");
    assert!(!text.contains("acmeSecret"), "{text}");
}

#[tokio::test]
async fn building_a_schema_with_additions_leaves_the_next_one_without() {
    let with = mixed().schema.sdl();

    let without = Mixed::new(Arc::default()).schema.sdl();

    assert!(with.contains("acmeThing") && !without.contains("acmeThing"));
}

#[derive(SimpleObject)]
struct Leaf {
    name: String,
}

struct Root;

#[Object]
impl Root {
    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        1
    }
    async fn fast(&self) -> i32 {
        2
    }
    async fn bad(&self) -> async_graphql::Result<i32> {
        Err("no".into())
    }
    async fn leaf(&self) -> Leaf {
        Leaf { name: "leaf".to_owned() }
    }
}

/// What 7.1 to 7.2 do otherwise (ADR 0015).
#[tokio::test]
async fn answers_keep_the_order_of_the_document_and_a_required_failure_takes_the_whole() {
    let schema = Schema::new(Root, EmptyMutation, EmptySubscription);

    let ordered = schema.execute("{ slow fast leaf { name } }").await;
    let failed = schema.execute("{ fast bad }").await;

    assert_eq!(
        serde_json::to_string(&ordered.data).unwrap(),
        r#"{"slow":1,"fast":2,"leaf":{"name":"leaf"}}"#
    );
    assert_eq!((failed.data, failed.errors.len()), (async_graphql::Value::Null, 1));
}
