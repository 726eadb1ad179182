//! Added types and fields in async-graphql's registry. It is hidden from its documentation, hence the exact version pin.

use std::cell::RefCell;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    ConstDirective, EnumType, FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind,
};
use async_graphql::registry::{Deprecation, MetaEnumValue, MetaField, MetaInputValue, MetaType, Registry};
use async_graphql::{Context, Positioned, Value};

use crate::caller::ContextExt;
use crate::mixing::added::{Added, Grant, MAX_RULES};

thread_local! {
    /// What the schema that is being built on this thread is to hold. Types register themselves in static functions, which
    /// leaves no other way to tell them.
    static BUILDING: RefCell<Arc<Added>> = RefCell::default();
}

/// Builds a schema that holds `added`.
pub(crate) fn with<T>(added: &Arc<Added>, build: impl FnOnce() -> T) -> T {
    let before = BUILDING.replace(added.clone());
    let built = build();
    BUILDING.set(before);
    built
}

/// Merges what is added into what has registered so far. Called after each root; may come twice.
pub(crate) fn merge(registry: &mut Registry) {
    let added = BUILDING.with_borrow(Arc::clone);
    for (_, definition) in added.types.values() {
        registry.types.insert(definition.name.node.to_string(), own_type(&added, definition));
    }
    for (on, more) in &added.fields {
        let Some(MetaType::Object { fields, .. }) = registry.types.get_mut(on) else { continue };
        let mut more: Vec<_> = more.values().collect();
        more.sort_by_key(|field| &field.definition.name.node);
        for field in more {
            fields.insert(field.definition.name.node.to_string(), meta_field(&added, on, &field.definition));
        }
    }
}

fn own_type(added: &Added, definition: &TypeDefinition) -> MetaType {
    let name = definition.name.node.to_string();
    let description = text(definition.description.as_ref());
    match &definition.kind {
        TypeKind::InputObject(input) => MetaType::InputObject {
            name,
            description,
            input_fields: inputs(&input.fields),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: None,
            oneof: false,
            directive_invocations: Vec::new(),
        },
        TypeKind::Enum(values) => MetaType::Enum {
            name,
            description,
            enum_values: enum_values(values),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: None,
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        },
        // The reader lets no other kind pass.
        kind => {
            let fields = if let TypeKind::Object(object) = kind { &object.fields[..] } else { &[] };
            let field = |field: &Positioned<FieldDefinition>| {
                (field.node.name.node.to_string(), meta_field(added, &name, &field.node))
            };
            MetaType::Object {
                fields: fields.iter().map(field).collect(),
                name: name.clone(),
                description,
                cache_control: Default::default(),
                extends: false,
                shareable: false,
                resolvable: true,
                keys: None,
                visible: None,
                inaccessible: false,
                interface_object: false,
                tags: Vec::new(),
                is_subscription: false,
                rust_typename: None,
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        }
    }
}

fn meta_field(added: &Added, on: &str, definition: &FieldDefinition) -> MetaField {
    let name = definition.name.node.as_str();
    let hides = added.grant(on, name).is_some_and(|grant| *grant != Grant::Public);
    let rule = added.rule(on, name).filter(|_| hides);
    MetaField {
        name: name.to_owned(),
        description: text(definition.description.as_ref()),
        args: inputs(&definition.arguments),
        ty: definition.ty.node.to_string(),
        deprecation: deprecation(&definition.directives),
        cache_control: Default::default(),
        external: false,
        requires: None,
        provides: None,
        visible: rule.map(|index| SHOWN[index]),
        shareable: false,
        inaccessible: false,
        tags: Vec::new(),
        override_from: None,
        compute_complexity: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

fn inputs(definitions: &[Positioned<InputValueDefinition>]) -> IndexMap<String, MetaInputValue> {
    let input = |definition: &Positioned<InputValueDefinition>| {
        let definition = &definition.node;
        let name = definition.name.node.to_string();
        let meta = MetaInputValue {
            name: name.clone(),
            description: text(definition.description.as_ref()),
            ty: definition.ty.node.to_string(),
            deprecation: deprecation(&definition.directives),
            default_value: definition.default_value.as_ref().map(|value| value.node.to_string()),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            is_secret: false,
            directive_invocations: Vec::new(),
        };
        (name, meta)
    };
    definitions.iter().map(input).collect()
}

fn enum_values(values: &EnumType) -> IndexMap<String, MetaEnumValue> {
    let value = |value: &Positioned<async_graphql::parser::types::EnumValueDefinition>| {
        let value = &value.node;
        let name = value.value.node.to_string();
        let meta = MetaEnumValue {
            name: name.clone(),
            description: text(value.description.as_ref()),
            deprecation: deprecation(&value.directives),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            directive_invocations: Vec::new(),
        };
        (name, meta)
    };
    values.values.iter().map(value).collect()
}

fn text(description: Option<&Positioned<String>>) -> Option<String> {
    description.map(|text| text.node.clone())
}

fn deprecation(directives: &[Positioned<ConstDirective>]) -> Deprecation {
    let mut found = directives.iter().filter(|directive| directive.node.name.node == "deprecated");
    found.next().map_or(Deprecation::NoDeprecated, |directive| {
        let reason = directive.node.get_argument("reason").and_then(|reason| match &reason.node {
            Value::String(reason) => Some(reason.clone()),
            _ => None,
        });
        Deprecation::Deprecated { reason }
    })
}

/// Whether the caller passes the rule of this number, in the schema that is asked.
fn visible<const RULE: usize>(ctx: &Context<'_>) -> bool {
    let added = ctx.data_unchecked::<Arc<Added>>();
    added.rules.get(RULE).is_some_and(|rule| rule.allows(ctx.caller()))
}

macro_rules! shown {
    ($($rule:literal)*) => { [$(visible::<$rule>),*] };
}

static SHOWN: [fn(&Context<'_>) -> bool; MAX_RULES] = shown! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
    16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47
    48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
};
