//! What all plugins of a set add, ready to be merged and asked.

use std::collections::HashMap;

use async_graphql::parser::types::{FieldDefinition, TypeDefinition, TypeKind};
use vectis_contracts::plugin_fields::{AddedSdl, FieldKind};
use vectis_kernel::Permission;

use crate::Caller;
use crate::mixing::read::{Core, Reader};

/// Who may use what a plugin adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Anybody.
    Public,
    /// Whoever holds the key: employees by their role, staff by theirs.
    To(Permission),
}

impl Grant {
    pub(crate) fn allows(&self, caller: &Caller) -> bool {
        match self {
            Self::Public => true,
            Self::To(permission) => caller.ctx.may(permission),
        }
    }
}

/// A field on a type of the platform, or an operation.
#[derive(Clone, Debug)]
pub(crate) struct AddedField {
    pub(crate) plugin: String,
    /// The type it stands on.
    pub(crate) on: String,
    pub(crate) definition: FieldDefinition,
    /// Fields of the parent that the plugin wants to know.
    pub(crate) needs: Vec<String>,
}

impl AddedField {
    pub(crate) fn kind(&self) -> FieldKind {
        match self.on.as_str() {
            "Query" => FieldKind::Query,
            "Mutation" => FieldKind::Mutation,
            _ => FieldKind::Field,
        }
    }

    /// As the plugin knows it.
    pub(crate) fn name(&self) -> String {
        let name = &self.definition.name.node;
        if self.kind() == FieldKind::Field { format!("{}.{name}", self.on) } else { name.to_string() }
    }
}

/// Introspection asks plain functions, so there is one per rule, and so many rules at most.
pub(crate) const MAX_RULES: usize = 64;

/// Everything added. Empty when no plugin adds anything.
#[derive(Clone, Default)]
pub(crate) struct Added {
    /// By the type they stand on, then by name.
    pub(crate) fields: HashMap<String, HashMap<String, AddedField>>,
    /// Types of plugins, with the plugin's name.
    pub(crate) types: HashMap<String, (String, TypeDefinition)>,
    /// The rule of every field, those of own types too: index into `rules`.
    grants: HashMap<String, HashMap<String, usize>>,
    pub(crate) rules: Vec<Grant>,
}

impl Added {
    /// Of plugins that were judged one by one, in this order.
    pub(crate) fn new(core: &Core, plugins: &[AddedSdl]) -> Self {
        plugins.iter().fold(Self::default(), |added, plugin| match added.and(core, plugin) {
            Ok(more) => more,
            Err(why) => {
                tracing::error!(plugin = plugin.plugin, "its additions to the API are left out: {why}");
                added
            }
        })
    }

    /// The same with one more plugin's.
    pub(crate) fn and(&self, core: &Core, plugin: &AddedSdl) -> Result<Self, String> {
        Reader::new(core, self, plugin)?.read()
    }

    pub(crate) fn find(&self, type_name: &str, field: &str) -> Option<&AddedField> {
        self.fields.get(type_name)?.get(field)
    }

    /// Who may use a field; `None` when no plugin added it.
    pub(crate) fn grant(&self, type_name: &str, field: &str) -> Option<&Grant> {
        self.rule(type_name, field).map(|index| &self.rules[index])
    }

    pub(crate) fn rule(&self, type_name: &str, field: &str) -> Option<usize> {
        self.grants.get(type_name)?.get(field).copied()
    }

    /// Notes who may use a field; false when there are too many different rules.
    pub(crate) fn allow(&mut self, type_name: &str, field: &str, grant: Grant) -> bool {
        let known = self.rules.iter().position(|rule| *rule == grant);
        let index = known.unwrap_or_else(|| {
            self.rules.push(grant);
            self.rules.len() - 1
        });
        self.grants.entry(type_name.to_owned()).or_default().insert(field.to_owned(), index);
        index < MAX_RULES
    }

    /// The kind of a type, the platform's or a plugin's.
    pub(crate) fn kind<'a>(&'a self, core: &'a Core, name: &str) -> Option<&'a TypeKind> {
        core.kind(name).or_else(|| self.types.get(name).map(|(_, definition)| &definition.kind))
    }
}
