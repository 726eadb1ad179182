//! The conformance kit: it passes what is good, and finds what is bad.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use vectis_plugin_runtime::{Conformance, ConformanceOptions, Report, RuntimeOptions, TrustOptions, inspect};

use crate::libraries::{fault_set, first_party, golden, template};
use crate::shop::Folder;

/// The least number of cases an entry point is put to.
const LEAST_CASES: usize = 100;

fn opened(bytes: &[u8]) -> (TempDir, Conformance) {
    opened_with(bytes, Folder::new(&[]).options())
}

fn opened_with(bytes: &[u8], options: RuntimeOptions) -> (TempDir, Conformance) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.so");
    std::fs::write(&path, bytes).unwrap();
    let conformance = Conformance::open(&path, options).unwrap();
    (folder, conformance)
}

fn options(config: Value) -> ConformanceOptions {
    ConformanceOptions { config, declared: vectis_graphql::declared_fields, ..ConformanceOptions::default() }
}

fn examined(bytes: &[u8], config: Value) -> Report {
    opened(bytes).1.examine(&options(config))
}

/// Every promise is kept, in process and in processes of its own.
#[track_caller]
fn assert_keeps(bytes: &[u8], config: Value) {
    assert_kept(&examined(bytes, config.clone()));
    assert_kept(&opened_with(bytes, Folder::new(&[]).options_apart()).1.examine(&options(config)));
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
        assert_keeps(&library, config);
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
        assert_keeps(&library, config);
    }
}

/// With carriers that answer well, badly, or not at all; nothing leaves the machine.
#[test]
fn carrier_rate_keeps_every_promise() {
    let flat =
        json!({ "code": "flat", "name": "Flat", "currency": "EUR", "price_minor": 990, "per_kg_minor": 10 });
    let config =
        json!({ "url": "https://api.carrier.example/v1/rates", "signs_in": true, "fallback": [flat] });
    assert_keeps(&first_party("carrier-rate"), config);
}

/// With receivers that answer well, badly, or not at all; nothing leaves the machine.
#[test]
fn order_notifier_keeps_every_promise() {
    assert_keeps(&first_party("order-notifier"), json!({ "url": "https://erp.example/orders" }));
}

#[test]
fn the_order_processes_keep_every_promise() {
    assert_keeps(&first_party("retail-order-process"), json!({}));
    let b2b = first_party("b2b-order-process");
    for config in [
        json!({}),
        json!({ "hold_over_amount": { "EUR": "50000.00" }, "hold_approved": true, "buyers_may_cancel": false }),
    ] {
        assert_keeps(&b2b, config);
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
        assert_keeps(&library, config);
    }
}

#[test]
fn product_warranty_keeps_every_promise() {
    let library = first_party("product-warranty");
    let categories = json!({
        "tools": { "months": 24, "scope": "PARTS_AND_LABOUR", "conditions": "Not for rental." },
        "standard": { "months": 600, "scope": "REPLACEMENT" }
    });
    for (entry_point, config) in [
        ("warranty", json!({})),
        ("warranty", json!({ "categories": categories, "others": { "months": 6, "scope": "PARTS" } })),
        ("end-due", json!({})),
    ] {
        for runtime in [Folder::new(&[]).options(), Folder::new(&[]).options_apart()] {
            let of_one =
                ConformanceOptions { entry_point: Some(entry_point.to_owned()), ..options(config.clone()) };
            assert_kept(&opened_with(&library, runtime).1.examine(&of_one));
        }
    }
}

#[test]
fn the_template_keeps_every_promise() {
    assert_keeps(template(), json!({ "percent": 15 }));
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

/// Of a hundred bugs so many must be found.
const LEAST_FOUND: usize = 95;
/// How long the bug that never answers is waited for.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// Every bug of the fault set, with its entry point.
fn bugs(folder: &TempDir) -> Vec<(String, String)> {
    let manifest =
        inspect(&folder.path().join("acme.so"), &TrustOptions::default()).unwrap().unwrap().manifest;
    let of = |(name, schema): (&String, &Value)| {
        let bugs = schema["properties"]["bug"]["enum"].as_array().unwrap().clone();
        let name = name.clone();
        bugs.into_iter().map(move |bug| (name.clone(), bug.as_str().unwrap().to_owned()))
    };
    manifest.config.iter().flat_map(of).collect()
}

fn with_bug(conformance: &Conformance, entry_point: &str, bug: &str) -> Report {
    let options = options(json!({ "bug": bug }));
    let patience = if bug == "never-answers" { SHORT_PATIENCE } else { options.patience };
    conformance.examine(&ConformanceOptions {
        entry_point: Some(entry_point.to_owned()),
        patience,
        ..options
    })
}

#[test]
fn the_kit_finds_the_bugs_that_people_make() {
    let (folder, conformance) = opened(&fault_set());
    let waiting = Mutex::new(bugs(&folder).into_iter().filter(|(_, bug)| bug != "none"));
    let count = bugs(&folder).len() - 7;
    let missed = Mutex::new(Vec::new());

    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((entry_point, bug)) = next else { break };
                    if with_bug(&conformance, &entry_point, &bug).is_ok() {
                        missed.lock().unwrap().push(format!("{entry_point} {bug}"));
                    }
                }
            });
        }
    });

    let missed = missed.into_inner().unwrap();
    println!("{} of {count} bugs found; missed: {missed:?}", count - missed.len());
    assert!(count >= 60, "{count}");
    assert!((count - missed.len()) * 100 >= count * LEAST_FOUND, "{missed:#?}");
}

#[test]
fn the_fault_set_without_a_bug_keeps_every_promise() {
    let (_folder, conformance) = opened(&fault_set());

    for entry_point in [
        "faulty-pricing",
        "faulty-tax",
        "faulty-process",
        "faulty-approval",
        "faulty-fields",
        "faulty-task",
        "faulty-observer",
    ] {
        assert_kept(&with_bug(&conformance, entry_point, "none"));
    }
}
