//! What can be judged without a shop.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::plugins::Isolation;
use vectis_contracts::points::{PriceCandidate, PriceLevel};
use vectis_contracts::price_candidates::PriceCandidates;
use vectis_kernel::ids::PriceListId;
use vectis_kernel::{Currency, Quantity, UnitPrice};
use vectis_plugin_api::Id;
use vectis_plugin_api::abi::pricing::candidates_of;
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::pricing::{Candidate, PriceLevel as WireLevel};

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

#[test]
fn candidates_of_the_domain_lie_in_memory_as_plugins_read_them() {
    let list = PriceListId(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10));
    let instant = |ms| DateTime::from_timestamp_millis(ms);
    let candidate = |level, priority, price_list_id| PriceCandidate {
        level,
        price_list_id,
        priority,
        min_quantity: Quantity::from_milli(1_500),
        unit_price: UnitPrice::from_micros(12_500, Currency::EUR),
        converted: false,
        valid_from: None,
        valid_to: None,
    };
    let bounded = PriceCandidate {
        converted: true,
        valid_from: instant(-7),
        valid_to: instant(1_768_478_400_001),
        ..candidate(PriceLevel::Managed, i32::MIN, None)
    };
    let candidates = [
        bounded,
        candidate(PriceLevel::Location, -1, Some(list)),
        candidate(PriceLevel::Account, 0, Some(list)),
        candidate(PriceLevel::Group, 1, Some(list)),
        candidate(PriceLevel::Default, i32::MAX, Some(list)),
    ];
    let wire = |level| Candidate::new(level, 12_500).from_quantity(1_500);
    let of_list = |level, priority| wire(level).of_list(Id(list.0.into_bytes()), priority);
    let expected = [
        wire(WireLevel::MANAGED).of_list(Id::NIL, i32::MIN).valid(-7, 1_768_478_400_001).converted(),
        of_list(WireLevel::LOCATION, -1),
        of_list(WireLevel::ACCOUNT, 0),
        of_list(WireLevel::GROUP, 1),
        of_list(WireLevel::DEFAULT, i32::MAX),
    ];

    let kept = PriceCandidates::of(Currency::EUR, candidates.clone());

    assert_eq!(candidates_of(kept.as_records()), expected);
    assert!(kept.iter().eq(candidates.iter().cloned()) && kept.len() == 5);
    assert_eq!(kept.get(5), None);
    assert!(kept.range(1..3).eq(candidates[1..3].iter().cloned()) && kept.range(4..6).len() == 0);
}

#[test]
fn a_subscription_to_what_never_happens_is_refused_with_the_nearest_name() {
    let manifest = |event: &str| {
        let text = format!(
            "schema = 1\n[plugin]\nname = \"acme\"\nversion = \"1.0.0\"\napi = \"^1.2\"\n\
             [entry-points.\"vectis.observer\"]\nnotify = \"Notifier\"\n[capabilities]\nevents = [\"{event}\"]\n\
             [[subscriptions]]\nname = \"orders\"\nobserver = \"notify\"\nevents = [\"{event}\"]\n"
        );
        crate::observers::check(&Manifest::parse(&text).unwrap())
    };

    assert_eq!(manifest("vectis.orders.order_placed.v1"), Ok(()));
    assert_eq!(manifest("vectis.orders.*"), Ok(()));
    let mistyped = manifest("vectis.orders.order_plaecd.v1").unwrap_err();
    assert!(mistyped.starts_with("[[subscriptions]] orders: there is no event type"), "{mistyped}");
    assert!(mistyped.contains("did you mean vectis.orders.order_placed.v1?"), "{mistyped}");
    let domain = manifest("vectis.order.*").unwrap_err();
    assert!(domain.contains("did you mean vectis.orders.*?"), "{domain}");
}
