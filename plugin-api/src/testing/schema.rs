use schemars::JsonSchema;

use crate::manifest::Manifest;

/// Compares the schema that `plugin.toml` states for an entry point with the one its configuration type has, so that
/// operators see before the start what the plugin will accept.
///
/// # Panics
/// When they differ; the message holds the section to paste into `plugin.toml`.
pub fn assert_config_schema<C: JsonSchema>(manifest: &str, entry_point: &str) {
    let manifest = Manifest::parse(manifest).expect("plugin.toml is a manifest");
    let mut actual = schemars::schema_for!(C).to_value();
    if let Some(schema) = actual.as_object_mut() {
        // They name the dialect and the Rust type: nothing an operator needs.
        schema.remove("$schema");
        schema.remove("title");
    }
    let section = toml::to_string(&serde_json::json!({ "config": { entry_point: &actual } }))
        .expect("a JSON schema without nulls is TOML");
    assert!(
        manifest.config.get(entry_point) == Some(&actual),
        "plugin.toml must state the schema of {entry_point} as:\n\n{section}"
    );
}
