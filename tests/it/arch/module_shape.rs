//! One door: a module's `lib.rs` shows what it needs, what it gives, and how to put it together. Nothing else.

use syn::{Item, Visibility};

use super::{modules, root};

/// What a door may show. `Error` and `SigningKeys` stand for named parts of what `build` gives or fails with.
const DOOR: [&str; 8] =
    ["Deps", "Built", "build", "MIGRATIONS", "Config", "BuildError", "KeyError", "SigningKeys"];

fn shown(item: &Item) -> Vec<String> {
    let is_public = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    match item {
        Item::Mod(module) if is_public(&module.vis) => vec![format!("mod {}", module.ident)],
        Item::Fn(function) if is_public(&function.vis) => vec![function.sig.ident.to_string()],
        Item::Struct(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Enum(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Trait(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Type(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Const(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Static(one) if is_public(&one.vis) => vec![one.ident.to_string()],
        Item::Use(one) if is_public(&one.vis) => names(&one.tree),
        _ => Vec::new(),
    }
}

fn names(tree: &syn::UseTree) -> Vec<String> {
    match tree {
        syn::UseTree::Path(path) => names(&path.tree),
        syn::UseTree::Name(name) => vec![name.ident.to_string()],
        syn::UseTree::Rename(rename) => vec![rename.rename.to_string()],
        syn::UseTree::Glob(_) => vec!["*".to_owned()],
        syn::UseTree::Group(group) => group.items.iter().flat_map(names).collect(),
    }
}

#[test]
fn a_module_shows_only_its_door() {
    let mut wrong = Vec::new();
    for module in modules() {
        let text = std::fs::read_to_string(root().join(format!("host/modules/{module}/src/lib.rs"))).unwrap();
        let file = syn::parse_file(&text).unwrap();
        let shown: Vec<String> = file.items.iter().flat_map(shown).collect();
        let extra = shown.iter().filter(|name| !DOOR.contains(&name.as_str()));
        wrong.extend(
            extra.map(|name| format!("{module} shows {name}; keep it private or put it in contracts")),
        );
        for needed in ["Deps", "Built", "build", "MIGRATIONS"] {
            if !shown.iter().any(|name| name == needed) {
                wrong.push(format!("{module} does not show {needed}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
