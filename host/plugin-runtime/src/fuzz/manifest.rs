//! Manifests: never a panic, and what is taken keeps the rules of the format.

use std::path::Path;

use serde_json::json;
use vectis_plugin_api::manifest::Manifest;

use super::{fuzz, mutated};
use crate::manifest::entry_points;

const WORDS: [&[u8]; 24] = [
    b"schema = 1\n",
    b"[plugin]\n",
    b"[entry-points.\"vectis.tax\"]\n",
    b"[config.",
    b"[[config]]\n",
    b"\"$ref\" = \"#\"\n",
    b"\"$ref\" = \"#/properties/x\"\n",
    b"\"$dynamicRef\" = \"#\"\n",
    b"type = \"object\"\n",
    b"pattern = \"(a+)+$\"\n",
    b"pattern = \"[\"\n",
    b"minimum = -9223372036854775808\n",
    b"maximum = 1e400\n",
    b"multipleOf = 0\n",
    b"enum = []\n",
    b"required = [1]\n",
    b"a.b.c.d.e.f = 1\n",
    b"[[[[[[[[[[[[[[[[",
    b"{a={a={a={a={a={a={",
    b"\"\"\"",
    b"\\u0000",
    b"\xff\xfe",
    "🦀".as_bytes(),
    b"2026-01-15T12:00:00Z",
];

fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [
        "plugins/tax-table",
        "plugins/approval-rules",
        "plugins/tiered-pricing",
        "examples/plugin-template",
        "tests/fault-set",
    ]
    .iter()
    .map(|folder| std::fs::read(root.join(folder).join("plugin.toml")).unwrap())
    .collect()
}

/// What the host does with a manifest before it maps anything.
fn read(text: &str) {
    let Ok(manifest) = Manifest::parse(text) else { return };
    assert_eq!(manifest.schema, 1);
    let names = manifest.entry_points.values().flat_map(|names| names.keys());
    for name in names.chain([&manifest.plugin.name]) {
        let is_word = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        assert!(is_word && name.as_bytes()[0].is_ascii_lowercase(), "{name:?} was taken");
    }
    let Ok(found) = entry_points(&manifest) else { return };
    for schema in found.into_iter().filter_map(|entry| entry.schema) {
        for config in
            [json!({}), json!({ "bug": "none", "rates": [{}], "x": { "x": {} } }), json!([]), json!(null)]
        {
            if let Err(fault) = schema.check(&config) {
                assert!(!fault.why.is_empty());
            }
        }
    }
}

#[test]
fn manifests() {
    let corpus = corpus();
    fuzz("manifests", |dice| {
        let bytes = mutated(&dice.pick(&corpus), &WORDS, dice);
        read(&String::from_utf8_lossy(&bytes));
    });
}
