//! The conformance kit: it passes what is good, and finds what is bad.

use serde_json::{Value, json};
use tempfile::TempDir;
use vectis_plugin_runtime::{Conformance, ConformanceOptions, Report};

use crate::libraries::{first_party, golden, template};

/// The least number of cases an entry point is put to.
const LEAST_CASES: usize = 100;

fn opened(bytes: &[u8]) -> (TempDir, Conformance) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.so");
    std::fs::write(&path, bytes).unwrap();
    let conformance = Conformance::open(&path).unwrap();
    (folder, conformance)
}

fn options(config: Value) -> ConformanceOptions {
    ConformanceOptions { config, ..ConformanceOptions::default() }
}

fn examined(bytes: &[u8], config: Value) -> Report {
    opened(bytes).1.examine(&options(config))
}

#[track_caller]
fn assert_kept(report: &Report) {
    for entry_point in &report.entry_points {
        let failures: Vec<_> = entry_point.failures().map(ToString::to_string).collect();
        let (name, count) = (&entry_point.name, entry_point.cases.len());
        assert!(failures.is_empty(), "{name}: {} of {count}\n{}", failures.len(), failures.join("\n"));
        assert_eq!(entry_point.stopped, None, "{name}");
        assert!(count >= LEAST_CASES, "{name} was put to {count} cases only");
    }
    assert!(report.is_ok());
}

#[test]
fn tiered_pricing_keeps_every_promise() {
    let library = first_party("tiered-pricing");
    for config in [json!({}), json!({ "levels": ["account", "default"], "allow_converted": false })] {
        assert_kept(&examined(&library, config));
    }
}

#[test]
fn tax_table_keeps_every_promise() {
    let library = first_party("tax-table");
    let rates = json!([
        { "country": "DE", "rate_percent": "19", "name": "VAT" },
        { "country": "DE", "category": "books", "rate_percent": "7", "name": "VAT" },
        { "country": "US", "region": "TX", "rate_percent": "6.25", "name": "State tax" },
        { "country": "US", "region": "TX", "city": "Austin", "rate_percent": "2", "name": "City tax" },
        { "country": "US", "region": "TX", "city": "Austin", "category": "spirits", "rate_percent": "400.5", "name": "Spirits" }
    ]);
    for config in [
        json!({ "rates": rates, "default_rate": { "rate_percent": "0", "name": "Export" } }),
        json!({ "rates": rates, "stage": 300, "compound": true }),
        json!({ "rates": [] }),
    ] {
        assert_kept(&examined(&library, config));
    }
}

#[test]
fn the_order_processes_keep_every_promise() {
    assert_kept(&examined(&first_party("retail-order-process"), json!({})));
    let b2b = first_party("b2b-order-process");
    for config in [
        json!({}),
        json!({ "hold_over_amount": { "EUR": "50000.00" }, "hold_approved": true, "buyers_may_cancel": false }),
    ] {
        assert_kept(&examined(&b2b, config));
    }
}

#[test]
fn approval_rules_keep_every_promise() {
    let library = first_party("approval-rules");
    let rules = json!([
        {
            "name": "Large orders",
            "when": { "min_total": { "amount": "5000.00", "currency": "EUR" } },
            "steps": [{ "name": "over 5,000 EUR", "approvers": ["role:Approver"] }]
        },
        {
            "name": "Chemicals",
            "when": { "categories_any": ["chemicals"] },
            "steps": [
                { "name": "safety", "approvers": ["employee:0198c2a4-7d3e-7c1a-9b5f-0d2e4f6a8b1c", "role:Admin"] },
                { "name": "two of the management", "quorum": 2, "approvers": ["role:Admin"] }
            ]
        }
    ]);
    for config in [json!({}), json!({ "rules": rules, "order_limit_needs_approval": false })] {
        assert_kept(&examined(&library, config));
    }
}

#[test]
fn the_template_keeps_every_promise() {
    assert_kept(&examined(template(), json!({ "percent": 15 })));
}

#[test]
fn a_plugin_built_for_an_older_api_is_examined_too() {
    let report = examined(&golden("golden-1.0.so"), json!({}));

    assert!(!report.entry_points.is_empty());
}

#[test]
fn a_configuration_that_the_schema_refuses_is_the_one_case() {
    let report = examined(template(), json!({ "percent": 101 }));

    let cases = &report.entry_points[0].cases;
    assert_eq!(cases.len(), 1);
    assert!(cases[0].failure.as_ref().unwrap().starts_with("/percent: "), "{cases:?}");
    assert!(!report.is_ok());
}

#[test]
fn nothing_examined_is_nothing_kept() {
    let (_folder, conformance) = opened(template());

    let report = conformance.examine(&ConformanceOptions {
        entry_point: Some("another".to_owned()),
        ..options(json!({ "percent": 1 }))
    });

    assert!(report.entry_points.is_empty());
    assert!(!report.is_ok());
}
