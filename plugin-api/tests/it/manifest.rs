use vectis_plugin_api::manifest::Manifest;

const FULL: &str = r#"
schema = 1

[plugin]
name = "acme-pricing"
version = "1.4.0"
api = "^1.0"
description = "Prices of Acme Ltd"
license = "MIT"

[entry-points."vectis.pricing"]
acme = "AcmePricing"
acme-2 = "Second"

[capabilities]
http = ["https://erp.example/*"]

[permissions]
add = ["pricing.configure_tiers"]

[config.acme]
type = "object"
additionalProperties = false
"#;

fn refusal(from: &str, to: &str) -> String {
    assert!(FULL.contains(from));
    Manifest::parse(&FULL.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn a_full_manifest_is_read() {
    let manifest = Manifest::parse(FULL).unwrap();

    assert_eq!(manifest.plugin.name, "acme-pricing");
    assert_eq!(manifest.entry_points["vectis.pricing"]["acme"], "AcmePricing");
    assert_eq!(manifest.entry_points["vectis.pricing"].len(), 2);
    assert_eq!(manifest.capabilities["http"], ["https://erp.example/*"]);
    assert_eq!(manifest.permissions.add, ["pricing.configure_tiers"]);
    assert_eq!(manifest.config["acme"]["type"], "object");
}

#[test]
fn unknown_keys_are_refused() {
    let message = refusal("license", "licence");
    assert!(message.starts_with("line 9: unknown field `licence`, expected one of"), "{message}");
    assert!(refusal("[permissions]\nadd", "[permissions]\nadds").contains("unknown field `adds`"));
    assert!(refusal("[capabilities]", "[capabilitys]").contains("unknown field `capabilitys`"));
}

#[test]
fn what_every_plugin_needs_must_be_there() {
    assert!(refusal("version = \"1.4.0\"\n", "").contains("missing field `version`"));
    assert!(refusal("api = \"^1.0\"\n", "").contains("missing field `api`"));
}

#[test]
fn a_manifest_of_another_format_is_refused() {
    assert_eq!(refusal("schema = 1", "schema = 2"), "schema is 2, this version reads 1");
}

#[test]
fn names_have_one_spelling() {
    let message = refusal("acme-pricing", "Acme Pricing");

    assert!(message.starts_with("the plugin name \"Acme Pricing\" must be lower-case"), "{message}");
    assert!(refusal("acme-2", "\"2\"").starts_with("the entry point name \"2\" must"));
}

#[test]
fn a_name_stands_in_one_group_only() {
    let twice = "[entry-points.\"vectis.tax\"]\nacme = \"Tax\"\n[capabilities]";

    assert_eq!(refusal("[capabilities]", twice), "the entry point name \"acme\" stands in two groups");
}

#[test]
fn a_configuration_of_no_entry_point_is_refused() {
    assert!(refusal("[config.acme]", "[config]").starts_with("[config.additionalProperties] belongs to no"));
}

#[test]
fn text_that_is_no_toml_is_refused_in_one_line() {
    let message = refusal("schema = 1", "schema");

    assert!(message.starts_with("line 2: "), "{message}");
    assert_eq!(message.lines().count(), 1);
}
