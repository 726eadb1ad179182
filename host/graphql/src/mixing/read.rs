//! What a plugin may declare: every rule, each refusal with line and column.

use std::collections::{BTreeSet, HashMap};

use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, ObjectType, ServiceDocument, Type, TypeDefinition,
    TypeKind, TypeSystemDefinition,
};
use async_graphql::{Pos, Positioned, Value};
use vectis_contracts::plugin_fields::AddedSdl;
use vectis_kernel::Permission;
use vectis_kernel::permission::{buyer, staff};

use crate::FieldTypes;
use crate::document::innermost;
use crate::mixing::added::{Added, AddedField, Grant, MAX_RULES};
use crate::mixing::arguments::coerce;
use crate::policy::Access;
use crate::shape::POLICY;

/// What a plugin may declare at most.
const MAX_BYTES: usize = 256 * 1024;
const BUILT_IN: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];
/// Objects of the platform that are plain data, so that a plugin can give them.
const DATA: [&str; 2] = ["Money", "UnitPrice"];

/// The platform's own types.
pub(crate) struct Core {
    types: HashMap<String, TypeDefinition>,
    fields: FieldTypes,
}

impl Core {
    pub(crate) fn new(document: ServiceDocument) -> Self {
        let fields = FieldTypes::new(&document);
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => {
                Some((definition.node.name.node.to_string(), definition.node))
            }
            _ => None,
        });
        Self { types: types.collect(), fields }
    }

    pub(crate) fn field_types(&self) -> &FieldTypes {
        &self.fields
    }

    pub(crate) fn kind(&self, name: &str) -> Option<&TypeKind> {
        if BUILT_IN.contains(&name) {
            Some(&TypeKind::Scalar)
        } else {
            self.types.get(name).map(|found| &found.kind)
        }
    }

    fn object(&self, name: &str) -> Option<&ObjectType> {
        match self.kind(name) {
            Some(TypeKind::Object(object)) => Some(object),
            _ => None,
        }
    }
}

/// Whether a type is for answers or for arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Output,
    Input,
}

/// Reads one plugin's definitions.
pub(crate) struct Reader<'a> {
    core: &'a Core,
    plugin: &'a AddedSdl,
    document: ServiceDocument,
    added: Added,
}

fn at<T>(pos: Pos, why: impl std::fmt::Display) -> Result<T, String> {
    Err(format!("its definitions for the API, line {}, column {}: {why}", pos.line, pos.column))
}

impl<'a> Reader<'a> {
    pub(crate) fn new(core: &'a Core, before: &Added, plugin: &'a AddedSdl) -> Result<Self, String> {
        if plugin.sdl.len() > MAX_BYTES {
            let kib = MAX_BYTES / 1024;
            return Err(format!("its definitions for the API are larger than {kib} KiB; declare less"));
        }
        let document = async_graphql::parser::parse_schema(&plugin.sdl).or_else(|error| {
            let message = error.to_string();
            // The parser draws the place; its last line says what it wanted.
            let said = message.rsplit("= ").next().unwrap_or_default().trim().replace('\n', " ");
            let pos = error.positions().next().unwrap_or_default();
            at(pos, format!("this is no GraphQL: {said}"))
        })?;
        Ok(Self { core, plugin, document, added: before.clone() })
    }

    pub(crate) fn read(mut self) -> Result<Added, String> {
        let definitions = std::mem::take(&mut self.document.definitions);
        let mut types = Vec::new();
        for definition in definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => types.push(definition),
                TypeSystemDefinition::Schema(other) => {
                    return at(other.pos, "the schema is the platform's; extend Query and Mutation");
                }
                TypeSystemDefinition::Directive(other) => {
                    return at(
                        other.pos,
                        "directives cannot be defined; there are @public, @permission and @needs",
                    );
                }
            }
        }
        let (extensions, own): (Vec<_>, Vec<_>) =
            types.into_iter().partition(|definition| definition.node.extend);
        // All names first: definitions may name each other in any order.
        for definition in &own {
            self.take_name(definition)?;
        }
        for definition in &own {
            self.check_own(definition)?;
        }
        if extensions.is_empty() {
            return Err(
                "its definitions for the API extend no type, so nothing could ask for them; extend Query"
                    .to_owned(),
            );
        }
        for definition in extensions {
            self.extend(definition)?;
        }
        Ok(self.added)
    }

    fn take_name(&mut self, definition: &Positioned<TypeDefinition>) -> Result<(), String> {
        let TypeDefinition { name, kind, .. } = &definition.node;
        if !matches!(kind, TypeKind::Object(_) | TypeKind::InputObject(_) | TypeKind::Enum(_)) {
            return at(definition.pos, format!("{} must be an object, an input or an enum", name.node));
        }
        require_free(name)?;
        if self.core.kind(&name.node).is_some() {
            return at(
                name.pos,
                format!("the type {} is the platform's own; choose another name", name.node),
            );
        }
        if let Some((owner, _)) = self.added.types.get(name.node.as_str()) {
            let owner = if *owner == self.plugin.plugin { "this plugin" } else { owner };
            return at(
                name.pos,
                format!("the type {} is defined by {owner} already; choose another name", name.node),
            );
        }
        let owned = (self.plugin.plugin.clone(), definition.node.clone());
        self.added.types.insert(name.node.to_string(), owned);
        Ok(())
    }

    fn check_own(&mut self, definition: &Positioned<TypeDefinition>) -> Result<(), String> {
        let TypeDefinition { name, kind, directives, .. } = &definition.node;
        match kind {
            TypeKind::Object(object) => {
                require_no_interfaces(object)?;
                let of_type = self.grant(directives)?;
                let mut seen = BTreeSet::new();
                for field in &object.fields {
                    let label = format!("{}.{}", name.node, field.node.name.node);
                    require_once(&mut seen, &field.node.name)?;
                    if !field.node.arguments.is_empty() {
                        return at(
                            field.pos,
                            format!("{label} takes arguments; only fields of the platform's types can"),
                        );
                    }
                    self.require_type(&field.node.ty, Use::Output)?;
                    self.allow(&name.node, field, of_type.as_ref())?;
                }
                if object.fields.is_empty() {
                    at(name.pos, format!("{} has no fields", name.node))
                } else {
                    Ok(())
                }
            }
            TypeKind::InputObject(input) => self.check_inputs(&input.fields),
            _ => Ok(()),
        }
    }

    fn extend(&mut self, definition: Positioned<TypeDefinition>) -> Result<(), String> {
        let TypeDefinition { name, kind, directives, .. } = definition.node;
        let TypeKind::Object(object) = kind else {
            return at(definition.pos, "only object types can be extended");
        };
        require_no_interfaces(&object)?;
        let Some(extended) = self.core.object(&name.node) else {
            return at(name.pos, format!("the platform has no object type {} to extend", name.node));
        };
        let is_root = matches!(name.node.as_str(), "Query" | "Mutation");
        let has_id = extended
            .fields
            .iter()
            .any(|field| field.node.name.node == "id" && field.node.ty.node.to_string() == "ID!");
        if !is_root && !has_id {
            return at(
                name.pos,
                format!(
                    "{} has no id: ID!, so its fields could not be asked for; extend what it stands on",
                    name.node
                ),
            );
        }
        let of_type = self.grant(&directives)?;
        for field in object.fields {
            self.add(&name.node, extended, field, of_type.as_ref())?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        on: &str,
        extended: &ObjectType,
        field: Positioned<FieldDefinition>,
        of_type: Option<&Grant>,
    ) -> Result<(), String> {
        let name = field.node.name.clone();
        let label = format!("{on}.{}", name.node);
        require_free(&name)?;
        if extended.fields.iter().any(|own| own.node.name.node == name.node) {
            return at(name.pos, format!("{label} is the platform's own; choose another name"));
        }
        if let Some(other) = self.added.find(on, &name.node) {
            let owner = if other.plugin == self.plugin.plugin { "this plugin" } else { &other.plugin };
            return at(name.pos, format!("{label} is added by {owner} already; choose another name"));
        }
        self.require_type(&field.node.ty, Use::Output)?;
        self.check_inputs(&field.node.arguments)?;
        let needs = self.needs(on, &field)?;
        self.allow(on, &field, of_type)?;
        let added = AddedField {
            plugin: self.plugin.plugin.clone(),
            on: on.to_owned(),
            definition: field.node,
            needs,
        };
        self.added.fields.entry(on.to_owned()).or_default().insert(name.node.to_string(), added);
        Ok(())
    }

    fn check_inputs(&self, inputs: &[Positioned<InputValueDefinition>]) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for input in inputs {
            require_once(&mut seen, &input.node.name)?;
            self.require_type(&input.node.ty, Use::Input)?;
            if let Some(default) = &input.node.default_value {
                let value = default.node.clone().into_json().unwrap_or_default();
                coerce(&self.added, value, &input.node.ty.node).or_else(|what| at(default.pos, what))?;
            }
        }
        Ok(())
    }

    fn require_type(&self, ty: &Positioned<Type>, needed: Use) -> Result<(), String> {
        let name = innermost(&ty.node);
        let fits = match self.added.kind(self.core, name) {
            None => return at(ty.pos, format!("there is no type {name}")),
            Some(TypeKind::Scalar | TypeKind::Enum(_)) => true,
            Some(TypeKind::Object(_)) if needed == Use::Output => {
                let is_own =
                    self.added.types.get(name).is_some_and(|(owner, _)| *owner == self.plugin.plugin);
                is_own || DATA.contains(&name)
            }
            Some(TypeKind::InputObject(_)) if needed == Use::Input => true,
            Some(_) => false,
        };
        if fits {
            return Ok(());
        }
        at(
            ty.pos,
            match needed {
                Use::Output => format!(
                    "{name} cannot be answered; use a scalar, an enum, an object of this plugin, Money or UnitPrice"
                ),
                Use::Input => format!("{name} cannot be an argument; use a scalar, an enum or an input"),
            },
        )
    }

    /// The rule of a field: its own or its type's.
    fn allow(
        &mut self,
        on: &str,
        field: &Positioned<FieldDefinition>,
        of_type: Option<&Grant>,
    ) -> Result<(), String> {
        let name = &field.node.name.node;
        let Some(grant) = self.grant(&field.node.directives)?.or_else(|| of_type.cloned()) else {
            return at(
                field.node.name.pos,
                format!(
                    "nothing says who may use {on}.{name}; add @permission(key: \"area.action\") or @public"
                ),
            );
        };
        if self.added.allow(on, name, grant) {
            return Ok(());
        }
        at(
            field.node.name.pos,
            format!("all plugins together name more than {MAX_RULES} different permissions; use fewer"),
        )
    }

    /// What `@public` or `@permission` says, if either is there.
    fn grant(&self, directives: &[Positioned<ConstDirective>]) -> Result<Option<Grant>, String> {
        let mut grant = None;
        for directive in directives {
            let found = match directive.node.name.node.as_str() {
                "public" => Grant::Public,
                "permission" => Grant::To(self.permission(directive)?),
                "needs" | "deprecated" => continue,
                other => return at(directive.pos, format!("there is no directive @{other} here")),
            };
            if grant.replace(found).is_some() {
                return at(directive.pos, "two directives say who may use it; keep one");
            }
        }
        Ok(grant)
    }

    fn permission(&self, directive: &Positioned<ConstDirective>) -> Result<Permission, String> {
        let Some(Value::String(key)) = directive.node.get_argument("key").map(|key| &key.node) else {
            return at(directive.pos, "say which permission: @permission(key: \"area.action\")");
        };
        let mut known = buyer::ALL.iter().chain(staff::ALL).map(Permission::key);
        let is_known = known.any(|known| known == key) || self.plugin.permissions.contains(key);
        match Permission::parse(key).filter(|_| is_known) {
            Some(permission) => Ok(permission),
            None => at(
                directive.pos,
                format!(
                    "there is no permission {key:?}; add it to [permissions] in plugin.toml or use one of the platform's"
                ),
            ),
        }
    }

    /// Fields of the parent that the plugin is told with its id.
    fn needs(&self, on: &str, field: &Positioned<FieldDefinition>) -> Result<Vec<String>, String> {
        let mut directives = field.node.directives.iter().filter(|found| found.node.name.node == "needs");
        let Some(directive) = directives.next() else { return Ok(Vec::new()) };
        let Some(Value::String(names)) = directive.node.get_argument("fields").map(|fields| &fields.node)
        else {
            return at(directive.pos, "say which fields of the parent: @needs(fields: \"sku name\")");
        };
        let object = self.core.object(on).filter(|_| !matches!(on, "Query" | "Mutation"));
        for name in names.split_whitespace() {
            let found = object.and_then(|object| object.fields.iter().find(|own| own.node.name.node == name));
            let is_plain = found.is_some_and(|own| {
                let kind = self.core.kind(innermost(&own.node.ty.node));
                own.node.arguments.is_empty() && matches!(kind, Some(TypeKind::Scalar | TypeKind::Enum(_)))
            });
            let is_open = matches!(POLICY.find(on, name), Some(Access::Public | Access::Owner));
            if !is_plain || !is_open {
                return at(
                    directive.pos,
                    format!(
                        "{on}.{name} cannot be needed; only fields without arguments that everybody may read can"
                    ),
                );
            }
        }
        Ok(names.split_whitespace().map(str::to_owned).collect())
    }
}

fn require_free(name: &Positioned<async_graphql::Name>) -> Result<(), String> {
    if name.node.starts_with("__") {
        return at(name.pos, format!("{} begins with __, which GraphQL keeps for itself", name.node));
    }
    Ok(())
}

fn require_once<'n>(
    seen: &mut BTreeSet<&'n str>,
    name: &'n Positioned<async_graphql::Name>,
) -> Result<(), String> {
    require_free(name)?;
    if seen.insert(name.node.as_str()) {
        Ok(())
    } else {
        at(name.pos, format!("{} stands here twice", name.node))
    }
}

fn require_no_interfaces(object: &ObjectType) -> Result<(), String> {
    match object.implements.first() {
        Some(interface) => at(interface.pos, "interfaces cannot be implemented"),
        None => Ok(()),
    }
}
