//! The fields of a plugin with what they may be asked and what they may answer, for whoever tries a plugin out.

use std::sync::Arc;

use async_graphql::Positioned;
use async_graphql::parser::types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind};
use serde_json::{Map, Value as Json, json};
use vectis_contracts::plugin_fields::{AddedSdl, DeclaredField};

use crate::mixing::added::{Added, AddedField};
use crate::mixing::fill::brief;
use crate::mixing::{CORE, scalars};

/// Values that one argument is tried with.
const MOST_SAMPLES: usize = 24;
/// Inputs may hold themselves; below this depth what may be left out is.
const MOST_DEPTH: usize = 4;

/// The fields of a plugin, mutations last.
pub fn declared_fields(plugin: &AddedSdl, texts: &[String]) -> Result<Vec<DeclaredField>, String> {
    let added = Arc::new(Added::default().and(&CORE, plugin)?);
    let mut fields: Vec<_> = added.fields.values().flat_map(|fields| fields.values()).collect();
    fields.sort_by_key(|field| (field.kind(), field.name()));
    let samples = Samples { added: &added, texts };
    Ok(fields.into_iter().map(|field| declared(field, &added, &samples)).collect())
}

fn declared(field: &AddedField, added: &Arc<Added>, samples: &Samples<'_>) -> DeclaredField {
    let (types, ty) = (added.clone(), field.definition.ty.node.clone());
    DeclaredField {
        kind: field.kind(),
        name: field.name(),
        needs: field.needs.iter().map(|name| (name.clone(), samples.fact(&field.on, name))).collect(),
        arguments: samples.objects(&field.definition.arguments, 0),
        check: Box::new(move |answer| check(&types, answer, &ty)),
    }
}

/// Holds a whole answer against its type, whatever a request would select of it.
fn check(added: &Added, answer: &Json, ty: &Type) -> Result<(), String> {
    let is_of_type = match (&ty.base, answer) {
        (_, Json::Null) => ty.nullable,
        (BaseType::List(inner), Json::Array(items)) => {
            return items.iter().try_for_each(|item| check(added, item, inner));
        }
        (BaseType::List(_), _) => false,
        (BaseType::Named(name), _) => match (added.kind(&CORE, name), answer) {
            (Some(TypeKind::Object(object)), Json::Object(members)) => {
                return object.fields.iter().try_for_each(|field| {
                    let FieldDefinition { name, ty, .. } = &field.node;
                    let member = members.get(name.node.as_str()).unwrap_or(&Json::Null);
                    check(added, member, &ty.node).map_err(|what| format!("{}: {what}", name.node))
                });
            }
            (Some(TypeKind::Object(_)), _) => false,
            _ => scalars::leaf(added, name, answer).is_some(),
        },
    };
    if is_of_type { Ok(()) } else { Err(format!("{} for {ty}", brief(answer))) }
}

/// Values of declared types.
struct Samples<'a> {
    added: &'a Added,
    texts: &'a [String],
}

impl Samples<'_> {
    /// Values of a field of a parent.
    fn fact(&self, on: &str, name: &str) -> Vec<Json> {
        let Some(TypeKind::Object(object)) = self.added.kind(&CORE, on) else { return Vec::new() };
        let field = object.fields.iter().find(|field| field.node.name.node == name);
        field.map(|field| self.values(&field.node.ty.node, 0)).unwrap_or_default()
    }

    /// Objects of these members: the plain one, the shortest, and the plain one with one member different.
    fn objects(&self, members: &[Positioned<InputValueDefinition>], depth: usize) -> Vec<Map<String, Json>> {
        let named: Vec<_> = members
            .iter()
            .map(|member| {
                let InputValueDefinition { name, ty, default_value, .. } = &member.node;
                let may_be_left_out = ty.node.nullable || default_value.is_some();
                (name.node.to_string(), self.values(&ty.node, depth), may_be_left_out)
            })
            .collect();
        let first = |(name, values, _): &(String, Vec<Json>, bool)| {
            Some((name.clone(), values.first().filter(|value| !value.is_null())?.clone()))
        };
        let plain: Map<String, Json> = named.iter().filter_map(first).collect();
        let shortest: Map<String, Json> =
            named.iter().filter(|(.., may_be_left_out)| !may_be_left_out).filter_map(first).collect();
        let mut objects = vec![plain.clone()];
        if shortest != plain {
            objects.push(shortest);
        }
        for (name, values, _) in &named {
            for value in values.iter().skip(1) {
                let mut other = plain.clone();
                other.insert(name.clone(), value.clone());
                objects.push(other);
            }
        }
        objects
    }

    /// Values of a type, the plainest first.
    fn values(&self, ty: &Type, depth: usize) -> Vec<Json> {
        let mut values = match &ty.base {
            _ if depth > MOST_DEPTH && ty.nullable => Vec::new(),
            BaseType::List(inner) => {
                let of_one = self.values(inner, depth + 1);
                let single = of_one.iter().take(1).cloned().collect::<Vec<_>>();
                vec![single.into(), json!([]), of_one.into()]
            }
            BaseType::Named(name) => match self.added.kind(&CORE, name) {
                Some(TypeKind::Enum(kind)) => {
                    kind.values.iter().map(|value| json!(value.node.value.node.as_str())).collect()
                }
                Some(TypeKind::InputObject(input)) => {
                    self.objects(&input.fields, depth + 1).into_iter().map(Json::Object).collect()
                }
                _ => self.scalars(name),
            },
        };
        values.truncate(MOST_SAMPLES);
        if ty.nullable {
            values.push(Json::Null);
        }
        values
    }

    fn scalars(&self, name: &str) -> Vec<Json> {
        match name {
            "Int" => vec![json!(1), json!(0), json!(-1), json!(100), json!(i32::MAX), json!(i32::MIN)],
            "Float" => vec![json!(1.5), json!(0), json!(-1.5), json!(1e300), json!(-1e300)],
            "Boolean" => vec![json!(true), json!(false)],
            "ID" => vec![json!("0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c"), json!("no id"), json!("")],
            "Decimal" => vec![json!("1.00"), json!("0"), json!("-1.5"), json!("999999999999.999999")],
            "Quantity" => vec![json!("1"), json!("0.001"), json!("1000000")],
            "CurrencyCode" => vec![json!("EUR"), json!("USD"), json!("JPY"), json!("KWD")],
            "DateTime" => ["2026-01-15T12:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
                .map(Json::from)
                .to_vec(),
            "JSON" => vec![json!({}), json!(null), json!([1, "two", { "three": null }]), json!("text")],
            _ => {
                let long = "x".repeat(10_000);
                let odd = ["", " ", "Käufer", "🦀", "\u{202e}מנהל", "a'b\"\n\0", "-1", long.as_str()];
                let plain = std::iter::once("text").chain(self.texts.iter().map(String::as_str));
                plain.take(MOST_SAMPLES - odd.len()).chain(odd).map(Json::from).collect()
            }
        }
    }
}
