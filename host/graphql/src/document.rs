//! The one look at a request's document before anything runs: limits (after fragments are expanded) and the policy of
//! every field asked for. Costs the same however many lines the answer will have.

use std::collections::HashMap;

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Error, Name, Positioned, Variables};
use async_graphql_value::{ConstValue, Value};

use crate::caller::Caller;
use crate::error::{bad_input, coded};
use crate::mixing::{Added, RESERVED};
use crate::policy::Policy;

/// What one request may ask for. Counted after fragments are expanded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Nesting of fields.
    pub depth: usize,
    /// Fields under another name.
    pub aliases: usize,
    /// Fields in all.
    pub fields: usize,
    /// Directives in all.
    pub directives: usize,
    /// Fields at the root of a query.
    pub root_queries: usize,
    /// Fields at the root of a mutation.
    pub root_mutations: usize,
    /// Sum over all fields, those below a connection counted `first` times.
    pub cost: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 12,
            aliases: 50,
            fields: 1_000,
            directives: 20,
            root_queries: 20,
            root_mutations: 4,
            cost: 10_000,
        }
    }
}

/// Which type each field of each object type has; read from the schema's own SDL.
#[derive(Clone)]
pub struct FieldTypes(HashMap<String, HashMap<String, FieldType>>);

#[derive(Clone)]
struct FieldType {
    name: String,
    is_list: bool,
    ty: Type,
}

impl FieldType {
    fn new(ty: &Type) -> Self {
        Self { name: innermost(ty).to_owned(), is_list: matches!(ty.base, BaseType::List(_)), ty: ty.clone() }
    }
}

impl FieldTypes {
    /// From a parsed SDL.
    pub fn new(sdl: &ServiceDocument) -> Self {
        let mut types = HashMap::new();
        for definition in &sdl.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let fields = match &definition.node.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let fields = fields
                .iter()
                .map(|field| (field.node.name.node.to_string(), FieldType::new(&field.node.ty.node)));
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Self(types)
    }

    /// The same with what plugins add.
    pub(crate) fn with(&self, added: &Added) -> Self {
        let mut types = self.clone();
        for (on, fields) in &added.fields {
            let fields =
                fields.iter().map(|(name, field)| (name.clone(), FieldType::new(&field.definition.ty.node)));
            types.0.entry(on.clone()).or_default().extend(fields);
        }
        for (name, (_, definition)) in &added.types {
            let TypeKind::Object(object) = &definition.kind else { continue };
            let fields = object.fields.iter().map(|field| &field.node);
            let fields = fields.map(|field| (field.name.node.to_string(), FieldType::new(&field.ty.node)));
            types.0.insert(name.clone(), fields.collect());
        }
        types
    }

    /// The type of a field; `None` when there is no such field.
    pub(crate) fn ty(&self, type_name: &str, field: &str) -> Option<&Type> {
        self.0.get(type_name)?.get(field).map(|found| &found.ty)
    }

    /// All `Type.field` names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .flat_map(|(name, fields)| fields.keys().map(move |field| (name.as_str(), field.as_str())))
    }
}

/// The name inside of all lists.
pub(crate) fn innermost(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => innermost(inner),
    }
}

/// Checks a document for a caller.
pub struct DocumentCheck<'a> {
    /// The limits.
    pub limits: &'a Limits,
    /// The policy.
    pub policy: &'a Policy,
    /// What plugins add, with its rules.
    pub(crate) added: &'a Added,
    /// The schema's field types.
    pub types: &'a FieldTypes,
    /// Who asks.
    pub caller: &'a Caller,
}

#[derive(Default)]
struct Counts {
    aliases: usize,
    fields: usize,
    directives: usize,
    cost: u64,
}

struct Walk<'a> {
    check: &'a DocumentCheck<'a>,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'a Variables,
    counts: Counts,
    asks_plugins: bool,
}

/// Where in the walk a selection stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    type_name: &'a str,
    depth: usize,
    spreads: usize,
    times: u64,
    lists: Option<&'a Lists<'a>>,
    /// In how many lists of introspection, when in introspection at all.
    introspected: Option<usize>,
}

/// The lists a selection stands in, by what they are lists of, innermost first.
struct Lists<'a> {
    of: &'a str,
    outer: Option<&'a Lists<'a>>,
}

impl Lists<'_> {
    fn contain(&self, of: &str) -> bool {
        self.of == of || self.outer.is_some_and(|outer| outer.contain(of))
    }
}

impl DocumentCheck<'_> {
    /// Refuses documents over a limit, and fields the caller may not ask for (in the words used for unknown fields, so
    /// that nobody learns what exists). Otherwise says whether a field of a plugin is asked for.
    pub fn run(
        &self,
        document: &ExecutableDocument,
        operation_name: Option<&str>,
        variables: &Variables,
    ) -> Result<bool, Error> {
        let Some(operation) = find_operation(&document.operations, operation_name) else {
            return Ok(false); // The executor says what is wrong.
        };
        let (root, root_limit) = match operation.ty {
            OperationType::Query => ("Query", self.limits.root_queries),
            OperationType::Mutation => ("Mutation", self.limits.root_mutations),
            OperationType::Subscription => return Ok(false),
        };
        let (fragments, counts) = (&document.fragments, Counts::default());
        let mut walk = Walk { check: self, fragments, variables, counts, asks_plugins: false };
        let place =
            Place { type_name: root, depth: 1, spreads: 0, times: 1, lists: None, introspected: None };
        let roots = walk.selections(&operation.selection_set.node, place)?;
        if roots > root_limit {
            return Err(over("fields at the root", root_limit as u64));
        }
        Ok(walk.asks_plugins)
    }
}

fn find_operation<'a>(
    operations: &'a DocumentOperations,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    match (operations, name) {
        (DocumentOperations::Single(operation), _) => Some(&operation.node),
        (DocumentOperations::Multiple(many), Some(name)) => many.get(name).map(|operation| &operation.node),
        (DocumentOperations::Multiple(many), None) if many.len() == 1 => {
            many.values().next().map(|o| &o.node)
        }
        (DocumentOperations::Multiple(_), None) => None,
    }
}

impl Walk<'_> {
    /// Walks a selection set; how many fields it has, fragments expanded.
    fn selections(&mut self, set: &SelectionSet, place: Place<'_>) -> Result<usize, Error> {
        let mut fields = 0;
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    fields += 1;
                    self.field(&field.node, place)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.count_directives(fragment.node.directives.len())?;
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string());
                    let inside = Place {
                        type_name: on.as_deref().unwrap_or(place.type_name),
                        spreads: place.spreads + 1,
                        ..place
                    };
                    fields += self.spread(&fragment.node.selection_set.node, inside)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.count_directives(spread.node.directives.len())?;
                    let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    let inside = Place {
                        type_name: fragment.node.type_condition.node.on.node.as_str(),
                        spreads: place.spreads + 1,
                        ..place
                    };
                    fields += self.spread(&fragment.node.selection_set.node, inside)?;
                }
            }
        }
        Ok(fields)
    }

    /// A fragment's selections. Fragments in fragments are bounded, which also ends cycles.
    fn spread(&mut self, set: &SelectionSet, place: Place<'_>) -> Result<usize, Error> {
        const NESTED_FRAGMENTS: usize = 32;
        if place.spreads > NESTED_FRAGMENTS {
            return Err(over("nested fragments", NESTED_FRAGMENTS as u64));
        }
        self.counts.fields += 1; // Empty spreads are not free either.
        self.selections(set, place)
    }

    fn field(&mut self, field: &async_graphql::parser::types::Field, place: Place<'_>) -> Result<(), Error> {
        let limits = self.check.limits;
        self.counts.fields += 1;
        self.counts.aliases += usize::from(field.alias.is_some());
        self.counts.cost = self.counts.cost.saturating_add(place.times);
        self.count_directives(field.directives.len())?;
        if self.counts.fields > limits.fields {
            return Err(over("fields", limits.fields as u64));
        }
        if self.counts.aliases > limits.aliases {
            return Err(over("aliases", limits.aliases as u64));
        }
        if self.counts.cost > limits.cost {
            return Err(over("cost (fields, times the size of the lists they stand in)", limits.cost));
        }
        if field.alias.as_ref().is_some_and(|alias| alias.node.starts_with(RESERVED)) {
            return Err(bad_input(format!(
                "names that begin with {RESERVED} are kept; choose another alias"
            )));
        }
        let name = field.name.node.as_str();
        if name.starts_with("__") || place.introspected.is_some() {
            return self.introspection(field, place);
        }
        if place.depth > limits.depth {
            return Err(over("levels of depth", limits.depth as u64));
        }
        self.authorize(place.type_name, name)?;
        self.asks_plugins |= self.check.added.find(place.type_name, name).is_some();
        let types = self.check.types;
        let Some(inner) = types.0.get(place.type_name).and_then(|fields| fields.get(name)) else {
            return Ok(()); // Unknown; validation says so.
        };
        let times = place.times.saturating_mul(self.list_size(field, inner));
        let inside = Place { type_name: &inner.name, depth: place.depth + 1, times, ..place };
        if inner.is_list && types.0.contains_key(&inner.name) {
            return self.list(field, inside);
        }
        self.selections(&field.selection_set.node, inside)?;
        Ok(())
    }

    /// A list of objects. Things of a kind within things of the same kind (variants of the products of variants) multiply
    /// without bound, and nobody needs them.
    fn list(&mut self, field: &async_graphql::parser::types::Field, place: Place<'_>) -> Result<(), Error> {
        let of = place.type_name;
        if place.lists.is_some_and(|lists| lists.contain(of)) {
            return Err(coded(
                "LIMIT_EXCEEDED",
                format!("the request asks for lists of {of} in lists of {of}"),
            ));
        }
        let lists = Lists { of, outer: place.lists };
        self.selections(&field.selection_set.node, Place { lists: Some(&lists), ..place })?;
        Ok(())
    }

    /// Introspection is shaped by who asks, so it has no rules here; it counts like everything else. Lists of its types
    /// hold lists of types, so it may nest but few of them.
    fn introspection(
        &mut self,
        field: &async_graphql::parser::types::Field,
        place: Place<'_>,
    ) -> Result<(), Error> {
        /// `types { fields { args { … } } }` is what tools ask for, with some `ofType` below it.
        const NESTED_LISTS: usize = 3;
        const LEVELS: usize = 20;
        const LISTS: [&str; 7] =
            ["types", "fields", "inputFields", "args", "interfaces", "possibleTypes", "enumValues"];
        let is_list = LISTS.contains(&field.name.node.as_str());
        let lists = place.introspected.unwrap_or(0) + usize::from(is_list);
        if lists > NESTED_LISTS {
            return Err(over("nested lists of introspection", NESTED_LISTS as u64));
        }
        if place.depth > LEVELS {
            return Err(over("levels of introspection", LEVELS as u64));
        }
        let inside = Place { depth: place.depth + 1, introspected: Some(lists), ..place };
        self.selections(&field.selection_set.node, inside)?;
        Ok(())
    }

    fn authorize(&self, type_name: &str, field: &str) -> Result<(), Error> {
        let DocumentCheck { policy, added, caller, .. } = self.check;
        let allowed = policy.find(type_name, field).map(|access| access.allows(caller));
        match allowed.or_else(|| added.grant(type_name, field).map(|grant| grant.allows(caller))) {
            Some(false) => {
                let code = if caller.ctx.login_id().is_none() { "UNAUTHENTICATED" } else { "FORBIDDEN" };
                Err(coded(code, format!("you may not ask for {type_name}.{field}")))
            }
            // Without a rule it is an interface's field (checked on the concrete type) or unknown (validation says so);
            // a test holds that every field of every object has one.
            Some(true) | None => Ok(()),
        }
    }

    fn count_directives(&mut self, more: usize) -> Result<(), Error> {
        self.counts.directives += more;
        let most = self.check.limits.directives;
        if self.counts.directives > most { Err(over("directives", most as u64)) } else { Ok(()) }
    }

    /// `first` of a connection, 1 otherwise.
    fn list_size(&self, field: &async_graphql::parser::types::Field, of: &FieldType) -> u64 {
        if !of.name.ends_with("Connection") {
            return 1;
        }
        let first =
            field.arguments.iter().find(|(name, _)| name.node == "first").map(|(_, value)| &value.node);
        let number = match first {
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::Variable(name)) => match self.variables.get(name) {
                Some(ConstValue::Number(number)) => number.as_u64(),
                _ => None,
            },
            _ => None,
        };
        number.unwrap_or(DEFAULT_PAGE).max(1)
    }
}

/// What a connection gives when `first` is left out.
const DEFAULT_PAGE: u64 = 20;

fn over(what: &str, most: u64) -> Error {
    coded("LIMIT_EXCEEDED", format!("the request asks for more than {most} {what}"))
}
