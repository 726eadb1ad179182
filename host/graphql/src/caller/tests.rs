use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::value;

use super::*;

fn hash(input: Value) -> [u8; 32] {
    parameters_hash("accountsCreate", vec![(Name::new("input"), input)]).unwrap()
}

#[test]
fn a_password_leaves_no_trace_in_the_hash_of_a_request() {
    let with = |password: &str| value!({ "accounts": [{ "name": "A", "admin": { "password": password } }] });
    let without = value!({ "accounts": [{ "name": "A", "admin": {} }] });

    assert_eq!(hash(with("one")), hash(with("other")));
    assert_eq!(hash(with("one")), hash(without));
}

#[test]
fn anything_else_that_differs_makes_another_request() {
    let named = |name: &str| value!({ "accounts": [{ "name": name, "admin": { "password": "one" } }] });

    assert_ne!(hash(named("A")), hash(named("B")));
    let of_other_field = parameters_hash("locationCreate", vec![(Name::new("input"), named("A"))]).unwrap();
    assert_ne!(hash(named("A")), of_other_field);
}

/// A secret under another name would be hashed with the rest. Tokens may be: they are random.
#[test]
fn no_input_of_the_schema_holds_a_secret_under_another_name() {
    let document = async_graphql::parser::parse_schema(crate::sdl()).unwrap();
    let mut secrets = Vec::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::InputObject(input) = definition.node.kind else { continue };
        let type_name = definition.node.name.node;
        let names = input.fields.iter().map(|field| field.node.name.node.to_lowercase());
        let is_secret = |name: &String| ["password", "secret"].iter().any(|word| name.contains(word));
        secrets.extend(names.filter(is_secret).map(|name| format!("{type_name}.{name}")));
    }

    let is_left_out = |name: &String| name.ends_with(".password");
    assert!(secrets.iter().any(is_left_out), "the schema has inputs with passwords");
    let others: Vec<_> = secrets.iter().filter(|name| !is_left_out(name)).collect();
    assert!(others.is_empty(), "{others:?}");
}
