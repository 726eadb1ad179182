//! The schema as a whole: every field has a rule, the committed SDL is true, documents over a limit are refused.

use std::collections::BTreeSet;

use super::*;

/// Types whose fields anybody may read who got hold of one: they carry no facts of their own.
fn is_envelope(type_name: &str) -> bool {
    ["Connection", "Edge", "Payload", "UserError"].iter().any(|end| type_name.ends_with(end))
        || type_name == "PageInfo"
}

fn field_types() -> FieldTypes {
    FieldTypes::new(&async_graphql::parser::parse_schema(sdl()).unwrap())
}

#[test]
fn every_field_of_every_object_says_who_may_ask_for_it() {
    let types = field_types();

    let missing: BTreeSet<_> = types
        .all()
        .filter(|(type_name, field)| !is_envelope(type_name) && POLICY.find(type_name, field).is_none())
        .collect();

    assert_eq!(missing, BTreeSet::new(), "declare these in the POLICY table next to their type");
}

#[test]
fn every_rule_is_about_a_field_that_exists() {
    let types = field_types();
    let known: BTreeSet<_> = types.all().collect();

    let stale: BTreeSet<_> = POLICY.declared().filter(|name| !known.contains(name)).collect();

    assert_eq!(stale, BTreeSet::new(), "remove these from the POLICY tables");
}

#[test]
fn the_committed_sdl_is_what_the_code_says() {
    let committed = include_str!("../schema.graphql");

    assert!(committed == sdl(), "run `vectis schema --core > host/graphql/schema.graphql` and commit it");
}

mod documents;
mod examples;
