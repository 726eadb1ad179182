//! What is refused before anything runs.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_graphql::{Request, Variables};
use vectis_kernel::ids::LoginId;
use vectis_kernel::{Actor, Ctx, StaffActor};

use crate::mixing::Added;
use crate::shape::POLICY;
use crate::{Caller, DocumentCheck, Limits};

fn caller(actor: Actor) -> Caller {
    Caller {
        ctx: Ctx { actor, ..Ctx::system("test") },
        channel: None,
        currency: None,
        principal: None,
        membership: None,
        idempotency_header: None,
        has_commanded: AtomicBool::new(false),
    }
}

fn anonymous() -> Caller {
    caller(Actor::Anonymous { guest: None })
}

fn check_with(query: &str, caller: &Caller, variables: serde_json::Value) -> Result<(), String> {
    let types = super::field_types();
    let limits = Limits::default();
    let check =
        DocumentCheck { limits: &limits, policy: &POLICY, added: &Added::default(), types: &types, caller };
    let mut request = Request::new(query);
    let document = request.parsed_query().unwrap();
    check.run(document, None, &Variables::from_json(variables)).map(drop).map_err(|error| error.message)
}

fn check(query: &str) -> Result<(), String> {
    check_with(query, &anonymous(), serde_json::json!({}))
}

#[test]
fn only_the_first_command_of_a_request_does_without_reading_channel_and_buyer() {
    let caller = anonymous();

    assert!(caller.shopper().is_some());
    assert!(caller.shopper().is_none());
}

#[test]
fn twelve_levels_pass_and_thirteen_do_not() {
    let query = |levels: usize| {
        // cart(id) { approvalRequest { cart { … id } } }: `levels` counts every field on the way.
        let mut inner = "id".to_owned();
        for level in (1..levels).rev() {
            let field = if level == 1 {
                "cart(id: \"cart:0\")"
            } else if level % 2 == 0 {
                "approvalRequest"
            } else {
                "cart"
            };
            inner = format!("{field} {{ {inner} }}");
        }
        format!("{{ {inner} }}")
    };

    assert_eq!(check(&query(12)), Ok(()));
    assert!(check(&query(13)).unwrap_err().contains("levels of depth"));
}

#[test]
fn fifty_aliases_pass_and_fifty_one_do_not() {
    let query = |count: usize| {
        let fields: Vec<String> = (0..count).map(|index| format!("a{index}: name")).collect();
        format!("{{ me {{ {} }} }}", fields.join(" "))
    };

    assert_eq!(check(&query(50)), Ok(()));
    assert!(check(&query(51)).unwrap_err().contains("aliases"));
}

#[test]
fn aliases_are_counted_after_fragments_are_expanded() {
    let query = "query { me { ...a ...a ...a ...a ...a ...a } } \
                 fragment a on Me { ...b ...b ...b } \
                 fragment b on Me { x: name y: email z: kind }";

    assert!(check(query).unwrap_err().contains("aliases"));
}

#[test]
fn fragments_that_spread_themselves_end() {
    let query = "query { me { ...a } } fragment a on Me { name ...b } fragment b on Me { ...a }";

    assert!(check(query).unwrap_err().contains("nested fragments"));
}

#[test]
fn a_thousand_fields_pass_and_one_more_does_not() {
    let query = |count: usize| format!("{{ me {{ {} }} }}", "name ".repeat(count - 1));

    assert_eq!(check(&query(1_000)), Ok(()));
    assert!(check(&query(1_001)).unwrap_err().contains("fields"));
}

#[test]
fn four_mutations_pass_and_five_do_not() {
    let query = |count: usize| {
        let fields: Vec<String> = (0..count)
            .map(|index| format!("m{index}: signOut(input: {{ refreshToken: \"x\" }}) {{ isDone }}"))
            .collect();
        format!("mutation {{ {} }}", fields.join(" "))
    };

    assert_eq!(check(&query(4)), Ok(()));
    assert!(check(&query(5)).unwrap_err().contains("fields at the root"));
}

#[test]
fn lists_in_lists_cost_their_product_also_through_variables() {
    let query = "query($n: Int) { products(first: $n) { nodes { variants { sku name id product { \
                 id name slug } } slug name id description a: id b: id c: id d: id } } }";
    let wide = |n: u32| check_with(query, &anonymous(), serde_json::json!({ "n": n }));

    assert_eq!(wide(100), Ok(()));
    let unsaid = format!("{{ products {{ nodes {{ {} }} }} }}", "id ".repeat(501));
    assert!(check(&unsaid).unwrap_err().contains("cost"), "without `first`, twenty are given");
    let huge = format!("{{ products(first: 100) {{ nodes {{ {} }} }} }}", "id ".repeat(101));
    assert!(check(&huge).unwrap_err().contains("cost"));
}

#[test]
fn things_of_a_kind_within_things_of_the_same_kind_are_refused() {
    let once = "{ products(first: 9) { nodes { variants { product { name } } } edges { node { variants { sku } } } } }";
    let again = "{ products(first: 9) { nodes { variants { product { variants { sku } } } } } }";
    let hidden = "{ variantsBySku(skus: []) { ...a } } fragment a on ProductVariant { product { ...b } } \
                  fragment b on Product { ... { variants { sku } } }";

    assert_eq!(check(once), Ok(()));
    for query in [again, hidden] {
        assert!(check(query).unwrap_err().contains("lists of ProductVariant in lists of ProductVariant"));
    }
}

#[test]
fn introspection_that_multiplies_itself_is_refused() {
    let useful =
        "{ __schema { types { name fields { name args { name type { name ofType { name } } } } } } }";
    let bomb = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    let hidden = "{ __type(name: \"Order\") { ...a } } fragment a on __Type { fields { type { ...b } } } \
                  fragment b on __Type { fields { type { fields { type { fields { name } } } } } }";
    let deep =
        format!("{{ __type(name: \"Order\") {{ {} name {} }} }}", "ofType { ".repeat(20), "}".repeat(20));

    assert_eq!(check(useful), Ok(()));
    for query in [bomb, hidden] {
        assert!(check(query).unwrap_err().contains("nested lists of introspection"));
    }
    assert!(check(&deep).unwrap_err().contains("levels of introspection"));
}

#[test]
fn directives_are_limited() {
    let query = |count: usize| format!("{{ me {{ name {} }} }}", "@include(if: true) ".repeat(count));

    assert_eq!(check(&query(20)), Ok(()));
    assert!(check(&query(21)).unwrap_err().contains("directives"));
}

#[test]
fn a_field_behind_a_permission_is_refused_to_everybody_else() {
    let accounts = "{ accounts { nodes { id externalReference } } }";
    let nobody = caller(Actor::Staff(StaffActor {
        login_id: LoginId(uuid::Uuid::nil()),
        permissions: Arc::new(std::collections::BTreeSet::new()),
    }));
    let reader = caller(Actor::Staff(StaffActor {
        login_id: LoginId(uuid::Uuid::nil()),
        permissions: Arc::new([vectis_kernel::permission::staff::ACCOUNTS_READ].into()),
    }));

    assert!(check(accounts).unwrap_err().contains("Query.accounts"));
    assert!(check_with(accounts, &nobody, serde_json::json!({})).unwrap_err().contains("Query.accounts"));
    assert_eq!(check_with(accounts, &reader, serde_json::json!({})), Ok(()));
}

#[test]
fn a_forbidden_field_is_found_inside_fragments() {
    let query = "query { products { nodes { ...secret } } } fragment secret on Product { version }";

    assert!(check(query).unwrap_err().contains("Product.version"));
}
