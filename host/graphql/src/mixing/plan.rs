//! What a request asks of plugins: the ways through its answer that lead to an added field, and one call for each different
//! question. Fragments are expanded and fields of the same name in the answer merged, as the executor does.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet, Type,
};
use async_graphql::{Name, Pos, Positioned, ServerError, Variables};
use serde_json::{Map, Value as Json};
use vectis_contracts::plugin_fields::FieldKind;

use crate::document::innermost;
use crate::error::bad_input;
use crate::mixing::arguments::Arguments;
use crate::mixing::{AddedField, Mixed};

/// What is asked of plugins, and where the answers go.
pub(crate) struct Plan {
    pub(super) root: Within,
    pub(super) calls: Vec<Call>,
    /// The first argument that is not of its type.
    pub(super) misfit: Option<ServerError>,
}

/// One question; of as many parents as there are.
pub(super) struct Call {
    pub(super) plugin: String,
    pub(super) kind: FieldKind,
    /// As the plugin knows it.
    pub(super) field: String,
    pub(super) arguments: Map<String, Json>,
    pub(super) needs: Vec<String>,
    /// Mutations are never the same question: name in the answer.
    key: Option<Name>,
}

/// What is selected of an object of the platform, as far as it leads to added fields.
#[derive(Default)]
pub(super) struct Within {
    pub(super) steps: Vec<Step>,
}

pub(super) struct Step {
    /// Its name in the answer.
    pub(super) key: Name,
    pub(super) ty: Type,
    pub(super) what: What,
}

pub(super) enum What {
    /// A field of the platform on the way.
    Inside(Within),
    /// An added field: which call, and what is selected of its answer.
    Added { call: usize, pos: Pos, shape: Shape },
}

/// What is selected of an answer; nothing of a scalar.
#[derive(Default)]
pub(super) struct Shape {
    pub(super) fields: Vec<Selected>,
}

pub(super) struct Selected {
    pub(super) key: Name,
    pub(super) pos: Pos,
    /// Name and type; `None` for `__typename`.
    pub(super) field: Option<(Name, Type)>,
    pub(super) shape: Shape,
}

impl Plan {
    /// Of a document that has passed the document check and, if it is not valid, will not be executed.
    pub(crate) fn new(
        mixed: &Mixed,
        document: &ExecutableDocument,
        operation: Option<&str>,
        variables: &Variables,
    ) -> Self {
        let Some(operation) = find_operation(document, operation) else {
            return Self { root: Within::default(), calls: Vec::new(), misfit: None };
        };
        let arguments = Arguments { operation, variables, added: &mixed.added };
        let mut planner = Planner { mixed, document, arguments, calls: Vec::new(), misfit: None };
        let root = match operation.ty {
            OperationType::Mutation => "Mutation",
            OperationType::Query | OperationType::Subscription => "Query",
        };
        let root = planner.within(&[&operation.selection_set.node], root);
        Self { root, calls: planner.calls, misfit: planner.misfit }
    }

    /// The call of a mutation by its name in the answer, and whether its failure is that of the whole.
    pub(super) fn mutation(&self, key: &Name) -> Option<(usize, bool)> {
        self.root.steps.iter().find(|step| step.key == *key).and_then(|step| match step.what {
            What::Added { call, .. } => Some((call, !step.ty.nullable)),
            What::Inside(_) => None,
        })
    }
}

fn find_operation<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Option<&'d OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(&operation.node),
        (DocumentOperations::Multiple(many), Some(name)) => many.get(name).map(|operation| &operation.node),
        (DocumentOperations::Multiple(many), None) if many.len() == 1 => {
            many.values().next().map(|it| &it.node)
        }
        (DocumentOperations::Multiple(_), None) => None,
    }
}

/// Fields by their name in the answer.
type Groups<'d> = IndexMap<Name, Vec<&'d Positioned<Field>>>;

struct Planner<'d> {
    mixed: &'d Mixed,
    document: &'d ExecutableDocument,
    arguments: Arguments<'d>,
    calls: Vec<Call>,
    misfit: Option<ServerError>,
}

impl<'d> Planner<'d> {
    fn within(&mut self, sets: &[&'d SelectionSet], type_name: &str) -> Within {
        let mut steps = Vec::new();
        for (key, group) in self.groups(sets) {
            let first = group[0];
            let name = first.node.name.node.as_str();
            let mixed = self.mixed;
            let Some(ty) = mixed.types.ty(type_name, name) else { continue };
            let sets = below(&group);
            if let Some(added) = mixed.added.find(type_name, name) {
                let call = self.call(added, first, &key);
                let shape = self.shape(&sets, innermost(ty));
                steps.push(Step { key, ty: ty.clone(), what: What::Added { call, pos: first.pos, shape } });
                continue;
            }
            let inside = self.within(&sets, innermost(ty));
            if !inside.steps.is_empty() {
                steps.push(Step { key, ty: ty.clone(), what: What::Inside(inside) });
            }
        }
        Within { steps }
    }

    fn shape(&self, sets: &[&'d SelectionSet], type_name: &str) -> Shape {
        let select = |(key, group): (Name, Vec<&'d Positioned<Field>>)| {
            let first = group[0];
            let name = &first.node.name.node;
            if name == "__typename" {
                return Some(Selected { key, pos: first.pos, field: None, shape: Shape::default() });
            }
            let ty = self.mixed.types.ty(type_name, name)?;
            let shape = self.shape(&below(&group), innermost(ty));
            Some(Selected { key, pos: first.pos, field: Some((name.clone(), ty.clone())), shape })
        };
        Shape { fields: self.groups(sets).into_iter().filter_map(select).collect() }
    }

    /// The call for a field with its arguments, the one there is if it asks the same.
    fn call(&mut self, added: &AddedField, field: &Positioned<Field>, key: &Name) -> usize {
        let kind = added.kind();
        let arguments = self.arguments.of(&field.node, &added.definition.arguments).unwrap_or_else(|what| {
            self.misfit.get_or_insert_with(|| bad_input(what).into_server_error(field.pos));
            Map::new()
        });
        let key = (kind == FieldKind::Mutation).then(|| key.clone());
        let name = added.name();
        let same = |call: &Call| {
            call.kind == kind && call.field == name && call.arguments == arguments && call.key == key
        };
        self.calls.iter().position(same).unwrap_or_else(|| {
            let (plugin, needs) = (added.plugin.clone(), added.needs.clone());
            self.calls.push(Call {
                plugin,
                kind,
                field: name.clone(),
                arguments: arguments.clone(),
                needs,
                key,
            });
            self.calls.len() - 1
        })
    }

    fn groups(&self, sets: &[&'d SelectionSet]) -> Groups<'d> {
        let mut groups = Groups::new();
        for set in sets {
            self.collect(set, &mut groups);
        }
        groups
    }

    /// There are no interfaces or unions in the schema, so a fragment's condition is always the type at hand.
    fn collect(&self, set: &'d SelectionSet, groups: &mut Groups<'d>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if self.is_asked(&field.node.directives) => {
                    groups.entry(field.node.response_key().node.clone()).or_default().push(field);
                }
                Selection::InlineFragment(fragment) if self.is_asked(&fragment.node.directives) => {
                    self.collect(&fragment.node.selection_set.node, groups);
                }
                Selection::FragmentSpread(spread) if self.is_asked(&spread.node.directives) => {
                    let found = self.document.fragments.get(&spread.node.fragment_name.node);
                    if let Some(fragment) = found {
                        self.collect(&fragment.node.selection_set.node, groups);
                    }
                }
                Selection::Field(_) | Selection::InlineFragment(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }

    /// Whether no `@skip` or `@include` leaves it out.
    fn is_asked(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let condition =
                directive.node.get_argument("if").and_then(|value| self.arguments.value(&value.node));
            match (directive.node.name.node.as_str(), condition) {
                ("skip", Some(Json::Bool(condition))) => !condition,
                ("include", Some(Json::Bool(condition))) => condition,
                _ => true,
            }
        })
    }
}

fn below<'d>(group: &[&'d Positioned<Field>]) -> Vec<&'d SelectionSet> {
    group.iter().map(|field| &field.node.selection_set.node).collect()
}
