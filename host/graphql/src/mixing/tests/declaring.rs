use std::collections::BTreeSet;

use super::{plugin, refusal, refusal_beside};
use crate::{sdl, sdl_with};

const GOOD: &str = "
    extend type Product { \"How it smells.\" scent(strength: Int = 3): Scent! @public @needs(fields: \"slug\") }
    \"A smell.\"
    type Scent @permission(key: \"acme.read\") { name: String! price: Money kind: ScentKind! old: Int @deprecated(reason: \"gone\") }
    enum ScentKind { FINE FOUL }
    input ScentInput { kind: ScentKind = FINE notes: [String!] }
    extend type Query { scents(input: ScentInput!): [Scent!]! @permission(key: \"products.read\") }
    extend type Mutation { scentSet(input: ScentInput): Boolean! @permission(key: \"acme.read\") }
";

#[track_caller]
fn assert_refused(sdl: &str, says: &str) {
    let why = refusal(sdl);
    assert!(why.contains(says), "{sdl}\nsays: {why}");
    assert!(!why.contains('\n'), "{why}");
}

#[test]
fn fields_types_inputs_enums_and_operations_are_merged_with_their_descriptions() {
    assert_eq!(refusal(GOOD), "");

    let (core, merged) = (sdl(), sdl_with(vec![plugin("acme", GOOD)]));

    let lines = |sdl: &str| sdl.lines().map(|line| line.trim().to_owned()).collect::<BTreeSet<_>>();
    let (core_lines, merged_lines) = (lines(&core), lines(&merged));
    for line in [
        "scent(strength: Int = 3): Scent!",
        "How it smells.",
        "type Scent {",
        "A smell.",
        "price: Money",
        "old: Int @deprecated(reason: \"gone\")",
        "enum ScentKind {",
        "input ScentInput {",
        "kind: ScentKind = FINE",
        "scents(input: ScentInput!): [Scent!]!",
        "scentSet(input: ScentInput): Boolean!",
    ] {
        let added: Vec<_> = merged_lines.difference(&core_lines).collect();
        assert!(merged_lines.contains(line), "{line} is not among {added:#?}");
    }
    assert!(core_lines.is_subset(&merged_lines), "nothing of the platform's is lost");
    assert_eq!(sdl_with(Vec::new()), core);
}

#[test]
fn what_is_no_graphql_is_refused_with_its_place() {
    assert_refused(
        "extend type Product {\n  scent String\n}",
        "line 2, column 9: this is no GraphQL: expected",
    );
    assert_refused("", "this is no GraphQL");
    assert_refused("type Scent @public { name: Int }", "extend no type");
    let much = format!("extend type Query {{ a: Int @public }}{}", " ".repeat(300_000));
    assert_refused(&much, "larger than 256 KiB");
}

#[test]
fn only_objects_inputs_and_enums_are_taken() {
    for sdl in ["scalar Scent", "interface Scent { a: Int }", "union Scent = Product"] {
        assert_refused(sdl, "Scent must be an object, an input or an enum");
    }
    assert_refused("schema { query: Query }", "the schema is the platform's");
    assert_refused("directive @loud on FIELD_DEFINITION", "directives cannot be defined");
    assert_refused("extend type Query @loud { a: Int @public }", "there is no directive @loud here");
    assert_refused("extend input MoneyInput { a: Int }", "only object types can be extended");
    assert_refused("type A implements B @public { a: Int }", "interfaces cannot be implemented");
    assert_refused(
        "type A @public { a(b: Int): Int } extend type Query { x: A @public }",
        "A.a takes arguments",
    );
}

#[test]
fn types_without_an_id_and_unknown_ones_cannot_be_extended() {
    assert_refused("extend type Scent { a: Int @public }", "the platform has no object type Scent to extend");
    assert_refused("extend type Money { a: Int @public }", "Money has no id: ID!");
    assert_refused("extend type Subscription { a: Int @public }", "no object type Subscription");
}

#[test]
fn the_platform_has_its_names_first_then_the_plugins_before() {
    let other = [plugin("other", GOOD)];

    assert_refused(
        "extend type Product { name: Int @public }",
        "line 1, column 23: Product.name is the platform's own",
    );
    assert_refused("type Product @public { a: Int }", "the type Product is the platform's own");
    assert_refused("enum Int { A }", "the type Int is the platform's own");
    let field = refusal_beside(&other, "extend type Product { scent: Int @public }");
    assert!(field.contains("Product.scent is added by other already; choose another name"), "{field}");
    let ty = refusal_beside(&other, "type Scent @public { a: Int } extend type Query { x: Scent @public }");
    assert!(ty.contains("the type Scent is defined by other already"), "{ty}");
    assert_refused(
        "extend type Query { a: Int @public a: Int @public }",
        "Query.a is added by this plugin already",
    );
    assert_refused("extend type Query { __a: Int @public }", "__a begins with __");
    assert_eq!(refusal_beside(&other, "extend type Product { colour: Int @public }"), "");
    let foreign = refusal_beside(&other, "extend type Product { colour: Scent @public }");
    assert!(foreign.contains("Scent cannot be answered"), "{foreign}");
}

#[test]
fn types_must_exist_and_be_of_their_use() {
    assert_refused("extend type Query { a: Scent @public }", "line 1, column 24: there is no type Scent");
    assert_refused("extend type Query { a: Product @public }", "Product cannot be answered");
    assert_refused("extend type Query { a: MoneyInput @public }", "MoneyInput cannot be answered");
    assert_refused("extend type Query { a(b: Money): Int @public }", "Money cannot be an argument");
    assert_refused("extend type Query { a(b: Int = 5000000000): Int @public }", "5000000000 is no Int");
    assert_refused("extend type Query { a(b: [Boolean!] = [null]): Int @public }", "null is no Boolean!");
    assert_refused("extend type Query { a(b: Int c: Int b: Int): Int @public }", "b stands here twice");
    for ty in ["Decimal", "Quantity!", "[DateTime!]", "JSON", "CurrencyCode", "Money", "[[UnitPrice]]"] {
        assert_eq!(refusal(&format!("extend type Query {{ a: {ty} @public }}")), "");
    }
}

#[test]
fn every_field_says_who_may_use_it() {
    assert_refused("extend type Product { a: Int }", "nothing says who may use Product.a");
    assert_refused("type A { a: Int } extend type Query { x: A @public }", "nothing says who may use A.a");
    assert_refused("extend type Query { a: Int @permission }", "say which permission");
    assert_refused(
        "extend type Query { a: Int @permission(key: \"acme.write\") }",
        "there is no permission \"acme.write\"",
    );
    assert_refused(
        "extend type Query { a: Int @public @permission(key: \"acme.read\") }",
        "two directives say",
    );
    assert_eq!(
        refusal("extend type Query @public { a: Int b: Int @permission(key: \"catalog.browse\") }"),
        ""
    );
}

#[test]
fn only_open_facts_of_a_parent_can_be_needed() {
    let needs =
        |fields: &str| format!("extend type Product {{ a: Int @public @needs(fields: \"{fields}\") }}");

    assert_eq!(refusal(&needs("slug name taxCategory customFields categoryIds")), "");
    for closed in ["version", "variants", "colour"] {
        assert_refused(&needs(closed), &format!("Product.{closed} cannot be needed"));
    }
    assert_refused("extend type Query { a: Int @public @needs(fields: \"products\") }", "cannot be needed");
}

#[test]
fn there_are_as_many_different_rules_as_introspection_can_tell_apart() {
    let keys: Vec<String> = (0..70).map(|number| format!("acme.k{number}")).collect();
    let fields = |count: usize| {
        let field = |key: &String| format!("f{}: Int @permission(key: \"{key}\") ", key.replace('.', "_"));
        let fields: String = keys[..count].iter().map(field).collect();
        let mut plugin = plugin("acme", &format!("extend type Query {{ {fields} }}"));
        plugin.permissions.clone_from(&keys);
        plugin
    };

    assert_eq!(crate::judge_additions(&[], &fields(64)), Ok(()));
    assert!(
        crate::judge_additions(&[], &fields(65)).unwrap_err().contains("more than 64 different permissions")
    );
}
