//! The parents of every call, out of what the executor answered: each once, in the order of the answer.

use async_graphql::Value;
use async_graphql::indexmap::IndexMap;
use serde_json::Map;
use uuid::Uuid;
use vectis_contracts::plugin_fields::FieldParent;

use crate::mixing::inject;
use crate::mixing::plan::{Call, Plan, What, Within};

/// By global id.
pub(super) type Parents = IndexMap<String, FieldParent>;

/// The parents of each call of the plan. Operations have none.
pub(super) fn parents(plan: &Plan, data: &Value) -> Vec<Parents> {
    let mut parents: Vec<Parents> = plan.calls.iter().map(|_| Parents::new()).collect();
    visit(plan, &plan.root, data, &mut parents);
    parents
}

fn visit(plan: &Plan, within: &Within, value: &Value, parents: &mut [Parents]) {
    match value {
        Value::List(items) => items.iter().for_each(|item| visit(plan, within, item, parents)),
        Value::Object(members) => {
            for step in &within.steps {
                match &step.what {
                    What::Inside(inside) => {
                        if let Some(value) = members.get(&step.key) {
                            visit(plan, inside, value, parents);
                        }
                    }
                    What::Added { call, .. } => {
                        if let Some(id) = id(members) {
                            let parent = || parent(&plan.calls[*call], id, members);
                            if !parents[*call].contains_key(id)
                                && let Some(parent) = parent()
                            {
                                parents[*call].insert(id.to_owned(), parent);
                            }
                        }
                    }
                }
            }
        }
        _ => {}
    }
}

/// The global id of an object that has an added field.
pub(super) fn id(members: &IndexMap<async_graphql::Name, Value>) -> Option<&str> {
    match members.get(inject::key("id").as_str()) {
        Some(Value::String(id)) => Some(id),
        _ => None,
    }
}

fn parent(call: &Call, id: &str, members: &IndexMap<async_graphql::Name, Value>) -> Option<FieldParent> {
    let uuid = id.rsplit_once(':').map_or(id, |(_, uuid)| uuid);
    let mut facts = Map::new();
    for name in &call.needs {
        let fact = members.get(inject::key(name).as_str()).cloned().unwrap_or_default();
        facts.insert(name.clone(), fact.into_json().unwrap_or_default());
    }
    Some(FieldParent { id: Uuid::parse_str(uuid).ok()?, facts })
}
