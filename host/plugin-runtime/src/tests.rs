//! What can be judged without a shop.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_contracts::plugins::Isolation;

use crate::config::ConfigSchema;
use crate::host_api::{Admission, LogLimit};
use crate::isolation::{IsolationPolicy, ProcessOptions, Quarantine};
use crate::lifecycle::{Fall, Faults};
use crate::load::Loader;
use crate::refusal::Identity;
use crate::trust::Trust;

/// Pointer and sentence of the first thing wrong.
fn judged(schema: &Value, config: &Value) -> Option<(String, String)> {
    let fault = ConfigSchema::new(schema).unwrap().check(config).err()?;
    Some((fault.pointer.unwrap(), fault.why))
}

fn tiers() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "currency": { "enum": ["EUR", "GBP"] },
            "tiers": { "type": "array", "items": { "$ref": "#/$defs/Tier" } },
            "a/b": { "type": "object", "properties": { "c": {} }, "additionalProperties": false },
        },
        "$defs": {
            "Tier": {
                "type": "object",
                "additionalProperties": false,
                "required": ["from"],
                "properties": { "from": { "type": "integer" }, "percent": { "maximum": 100 } },
            },
        },
    })
}

#[test]
fn a_configuration_that_fits_is_taken() {
    let config = json!({ "currency": "EUR", "tiers": [{ "from": 1, "percent": 5 }] });

    assert_eq!(judged(&tiers(), &config), None);
    assert_eq!(judged(&tiers(), &json!({})), None);
}

#[test]
fn the_pointer_leads_to_what_is_wrong() {
    let cases = [
        (json!({ "currency": "DEM" }), "/currency", "/currency: \"DEM\" is not one of \"EUR\" or \"GBP\""),
        (json!({ "tiers": [{ "from": 1 }, {}] }), "/tiers/1", "/tiers/1: \"from\" is missing"),
        (
            json!({ "tiers": [{ "from": 1, "percent": 101 }] }),
            "/tiers/0/percent",
            "/tiers/0/percent: 101 is greater than the maximum of 100",
        ),
        (json!([]), "", "the configuration: [] is not of type \"object\""),
    ];
    for (config, pointer, why) in cases {
        assert_eq!(judged(&tiers(), &config), Some((pointer.to_owned(), why.to_owned())));
    }
}

#[test]
fn an_unknown_key_names_the_one_that_was_meant() {
    let cases = [
        (json!({ "teirs": [] }), "/teirs", "/teirs: unknown key; did you mean tiers?"),
        (
            json!({ "tiers": [{ "from": 1, "precent": 5 }] }),
            "/tiers/0/precent",
            "/tiers/0/precent: unknown key; did you mean percent?",
        ),
        (json!({ "wholesale": 1 }), "/wholesale", "/wholesale: unknown key; known are a/b, currency, tiers"),
        (json!({ "a/b": { "d/e": 1 } }), "/a~1b/d~1e", "/a~1b/d~1e: unknown key; known are c"),
    ];
    for (config, pointer, why) in cases {
        assert_eq!(judged(&tiers(), &config), Some((pointer.to_owned(), why.to_owned())));
    }
}

#[test]
fn a_schema_that_refers_elsewhere_is_refused() {
    let outside = json!({ "$ref": "https://example.com/schema.json" });

    assert!(ConfigSchema::new(&outside).is_err());
}

#[test]
fn only_panics_close_together_are_too_many() {
    let start = Instant::now();
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let mut faults = Faults::new(Quarantine::default());

    for second in [0, 40, 80, 120, 170, 190] {
        faults.record(at(second), Fall::Panic, "panicked");
        assert_eq!(faults.given_up, None, "at {second}");
    }
    faults.record(at(195), Fall::Panic, "panicked for good");
    let sentence = "it panicked 3 times within 60 s and is not asked again until the plugins are reloaded; the last time it \
                    panicked for good";
    assert_eq!(faults.given_up.as_deref(), Some(sentence));
}

#[test]
fn log_lines_above_the_limit_are_dropped_and_counted() {
    let limit = LogLimit::new(2);
    let written = Admission::Written { dropped_before: 0 };

    assert_eq!(
        [7, 7, 7, 7].map(|second| limit.admit(second)),
        [written, Admission::Written { dropped_before: 0 }, Admission::Dropped, Admission::Dropped]
    );
    assert_eq!(limit.admit(8), Admission::Written { dropped_before: 2 });
    assert_eq!(limit.admit(8), Admission::Written { dropped_before: 0 });
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_seventeenth_version_of_a_plugin_is_loaded_with_a_warning() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/golden-1.0.so");
    let bytes = std::fs::read(golden).unwrap();
    let text = b"Frozen: ";
    let starts: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("golden.so");
    let here = IsolationPolicy { default: Isolation::InProcess, ..IsolationPolicy::default() };
    let loader = Loader::new(Trust::default(), here, ProcessOptions::default(), 100);
    let log = Log::default();
    let written = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    for version in 0..17_u8 {
        assert_eq!(written(), "", "before version {version}");
        let mut other = bytes.clone();
        for start in &starts {
            other[*start] = b'A' + version;
        }
        std::fs::write(&path, &other).unwrap();
        assert!(loader.load(&path, &mut Identity::default(), &mut |_, _| {}).is_ok());
    }

    assert!(written().contains("golden is mapped in 17 versions"), "{}", written());
}
