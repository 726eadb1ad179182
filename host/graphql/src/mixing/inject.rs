//! Beside each added field the id of its parent, and what the plugin needs to know of it, under names of our own. They are
//! taken out of the answer again.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};

use crate::FieldTypes;
use crate::document::innermost;
use crate::mixing::{Added, AddedField, RESERVED};

/// The name in the answer of a parent's field.
pub(super) fn key(field: &str) -> String {
    format!("{RESERVED}_{field}")
}

/// Adds what is to be known of parents to all selections with added fields.
pub(super) fn parents(document: &mut ExecutableDocument, types: &FieldTypes, added: &Added) {
    let injection = Injection { types, added };
    for fragment in document.fragments.values_mut() {
        let on = fragment.node.type_condition.node.on.node.to_string();
        injection.selections(&mut fragment.node.selection_set.node, &on);
    }
    let operations: Vec<_> = match &mut document.operations {
        DocumentOperations::Single(operation) => vec![operation],
        DocumentOperations::Multiple(many) => many.values_mut().collect(),
    };
    for operation in operations {
        let root = if operation.node.ty == OperationType::Mutation { "Mutation" } else { "Query" };
        injection.selections(&mut operation.node.selection_set.node, root);
    }
}

struct Injection<'a> {
    types: &'a FieldTypes,
    added: &'a Added,
}

impl Injection<'_> {
    fn selections(&self, set: &mut SelectionSet, type_name: &str) {
        let is_root = matches!(type_name, "Query" | "Mutation");
        let mut beside = Vec::new();
        for selection in &mut set.items {
            match &mut selection.node {
                Selection::Field(field) => match self.added.find(type_name, &field.node.name.node) {
                    Some(added) if !is_root => beside.extend(wanted(added, field)),
                    Some(_) => {}
                    None => {
                        if let Some(ty) = self.types.ty(type_name, &field.node.name.node) {
                            self.selections(&mut field.node.selection_set.node, innermost(ty));
                        }
                    }
                },
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    self.selections(
                        &mut fragment.node.selection_set.node,
                        on.as_deref().unwrap_or(type_name),
                    );
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        set.items.extend(beside);
    }
}

/// What to ask beside a field, under the same conditions.
fn wanted(added: &AddedField, field: &Positioned<Field>) -> Vec<Positioned<Selection>> {
    let pos = field.pos;
    let one = |name: &str| {
        let beside = Field {
            alias: Some(Positioned::new(Name::new(key(name)), pos)),
            name: Positioned::new(Name::new(name), pos),
            arguments: Vec::new(),
            directives: field.node.directives.clone(),
            selection_set: Positioned::default(),
        };
        Positioned::new(Selection::Field(Positioned::new(beside, pos)), pos)
    };
    std::iter::once("id").chain(added.needs.iter().map(String::as_str)).map(one).collect()
}
