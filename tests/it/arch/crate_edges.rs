//! Which crate may depend on which: the drawing in DESIGN, compared with what cargo says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::{modules, root};

/// Our normal dependencies (no dev-dependencies) by crate.
fn edges() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let mut edges = BTreeMap::new();
    for package in packages {
        let normal = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null());
        let names = normal.map(|d| d["name"].as_str().unwrap()).filter(|name| ours.contains(name));
        edges.insert(package["name"].as_str().unwrap().to_owned(), names.map(str::to_owned).collect());
    }
    edges
}

/// What a crate may depend on.
fn allowed(name: &str) -> Option<Vec<String>> {
    let list = |names: &[&str]| Some(names.iter().map(|name| format!("vectis-{name}")).collect());
    let module_names = modules();
    match name.strip_prefix("vectis-").unwrap_or("host") {
        "kernel" | "plugin-api" => list(&[]),
        "db" => list(&["kernel"]),
        "contracts" => list(&["kernel", "db"]),
        "graphql" => list(&["kernel", "contracts"]),
        "plugin-runtime" => list(&["kernel", "contracts", "plugin-api"]),
        "outbound" => list(&[]),
        "plugin-services" => list(&["kernel", "contracts", "outbound", "plugin-api"]),
        "webhook-sender" => list(&["kernel", "contracts", "outbound"]),
        "importer" => list(&["kernel"]),
        "events" => list(&["kernel", "db", "contracts"]),
        "events-kafka" => list(&["kernel", "contracts"]),
        "search-index" => list(&["kernel", "db", "contracts"]),
        "search-meilisearch" => list(&["kernel", "contracts"]),
        "workflow" => list(&["kernel", "db", "contracts"]),
        module if module_names.iter().any(|known| known == module) => list(&["kernel", "db", "contracts"]),
        "host" => {
            let rooms = [
                "kernel",
                "db",
                "contracts",
                "events",
                "events-kafka",
                "graphql",
                "importer",
                "outbound",
                "plugin-runtime",
                "plugin-services",
                "search-index",
                "search-meilisearch",
                "webhook-sender",
                "workflow",
            ];
            let rooms = rooms.iter().map(|room| format!("vectis-{room}"));
            Some(rooms.chain(module_names.iter().map(|module| format!("vectis-{module}"))).collect())
        }
        "tests" => None,
        // Plugins, the template and the fixtures of tests: an author's view of the world.
        _ => list(&["plugin-api"]),
    }
}

#[test]
fn no_crate_depends_on_what_it_may_not() {
    let mut wrong = Vec::new();
    for (name, dependencies) in edges() {
        let Some(allowed) = allowed(&name) else { continue };
        for dependency in dependencies.iter().filter(|dependency| !allowed.contains(dependency)) {
            wrong.push(format!(
                "{name} may not depend on {dependency}; put the shared thing in contracts or raise an event"
            ));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_host_depends_on_no_plugin() {
    let edges = edges();
    let plugins: BTreeSet<String> = std::fs::read_dir(root().join("plugins"))
        .unwrap()
        .map(|entry| format!("vectis-{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();

    let named: Vec<_> = edges["vectis"].intersection(&plugins).collect();

    assert!(!plugins.is_empty());
    assert_eq!(named, Vec::<&String>::new());
}
