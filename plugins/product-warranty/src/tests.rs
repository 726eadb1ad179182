use std::collections::BTreeMap;
use std::sync::Mutex;

use vectis_plugin_api::fields::Parent;
use vectis_plugin_api::serde_json::{Value, json};
use vectis_plugin_api::tables::Tables;
use vectis_plugin_api::task::TaskReport;
use vectis_plugin_api::testing::{self, FieldsHarness, TaskHarness, TestHost};
use vectis_plugin_api::{ErrorCode, Id};

use crate::certificate::Certificate;
use crate::date::Date;
use crate::{Config, Ending, EndingConfig, ProductWarranty};

fn warranty() -> FieldsHarness {
    let config = json!({
        "categories": { "tools": { "months": 24, "scope": "PARTS_AND_LABOUR", "conditions": "Not for hire." } },
        "others": { "months": 12, "scope": "PARTS" },
    });
    let harness = testing::fields::<ProductWarranty>(config).unwrap();
    keep_certificates(&harness);
    harness
}

/// Answers as the table does: a piece keeps its first certificate.
fn keep_certificates(harness: &FieldsHarness) {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    harness.host().on_sql(move |statement, parameters| {
        let text = |name: &str| parameters[name].as_str().unwrap_or_default().to_owned();
        Ok(match statement {
            "register" => vec![json!({ "number": kept.entry(text("serial")).or_insert(text("number")) })],
            "find" => {
                let found = kept.values().filter(|number| **number == text("number"));
                found.map(|number| json!({ "number": number, "ended_on": null })).collect()
            }
            other => panic!("{other} is no statement of the plugin"),
        })
    });
}

fn ending(batches: Vec<u64>) -> (TestHost, TaskHarness) {
    let host = TestHost::default();
    let left = Mutex::new(batches.into_iter());
    host.on_sql(move |statement, parameters| {
        assert_eq!((statement, &parameters["today"]), ("end_due", &json!("2026-01-15")));
        Ok(vec![json!({ "ended": left.lock().unwrap().next().unwrap_or_default() })])
    });
    let task = testing::task_on::<Ending>(&host, "{}").unwrap();
    (host, task)
}

fn product(number: u8, tax_category: &str) -> Parent {
    Parent::new(Id([number; 16]), [("taxCategory", json!(tax_category))])
}

fn register(serial: &str, bought_on: &str) -> Value {
    let input = json!({ "serialNumber": serial, "taxCategory": "tools", "boughtOn": bought_on });
    warranty().mutate("warrantyRegister", json!({ "input": input })).unwrap()
}

#[test]
fn the_manifest_states_the_schema_of_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "warranty");
}

#[test]
fn the_manifest_states_the_schema_of_the_task_that_has_none_to_speak_of() {
    testing::assert_config_schema::<EndingConfig>(include_str!("../plugin.toml"), "end-due");
}

#[test]
fn certificates_that_have_run_out_are_ended_as_many_at_once_as_there_are() {
    let (_host, task) = ending(vec![5_000, 5_000, 7]);

    let report = task.run(&testing::task_run(|_| {})).unwrap();

    assert_eq!(report, TaskReport::new(10_007, "10007 certificates have ended before 2026-01-15"));
    assert_eq!(task.run(&testing::task_run(|run| run.attempt = 2)).unwrap().count, 0);
}

#[test]
fn a_run_without_time_ends_nothing_and_may_be_attempted_again() {
    let (_host, task) = ending(vec![5_000; 100]);

    let error = task.run_within(1, &testing::task_run(|_| {})).unwrap_err();

    assert_eq!((error.code, error.retryable), (ErrorCode::DEADLINE, true));
}

#[test]
fn an_instant_has_its_day() {
    let day = |ms| Date::of_instant(ms).map(|date| date.to_string());

    assert_eq!(day(0).unwrap(), "1970-01-01");
    assert_eq!(day(1_835_395_199_999).unwrap(), "2028-02-28");
    assert_eq!(day(1_835_395_200_000).unwrap(), "2028-02-29");
    assert_eq!(day(1_798_761_600_000).unwrap(), "2027-01-01");
    assert_eq!(day(-1), None);
    assert_eq!(day(i64::MAX), None);
}

#[test]
fn a_category_has_its_terms_and_the_others_theirs() {
    let products = [product(1, "tools"), product(2, "books")];

    let months = warranty().resolve("Product.warrantyMonths", &products, json!({})).unwrap();
    let terms = warranty().resolve("Product.warranty", &products, json!({})).unwrap();

    assert_eq!(months, [24, 12]);
    assert_eq!(terms[0], json!({ "months": 24, "scope": "PARTS_AND_LABOUR", "conditions": "Not for hire." }));
    assert_eq!(terms[1]["scope"], "PARTS");
    assert_eq!(warranty().query("warrantyTerms", json!({ "taxCategory": "tools" })).unwrap(), terms[0]);
}

#[test]
fn without_a_configuration_nobody_stands_in_for_anything() {
    let none = testing::fields::<ProductWarranty>("{}").unwrap();
    let products = [product(1, "tools")];

    assert_eq!(none.resolve("Product.warrantyMonths", &products, json!({})).unwrap(), [0]);
    assert_eq!(none.resolve("Product.warranty", &products, json!({})).unwrap(), [Value::Null]);
}

#[test]
fn no_months_are_refused_with_their_place() {
    let config = json!({ "categories": { "tools": { "months": 0, "scope": "PARTS" } } });

    let error = testing::fields::<ProductWarranty>(config).err().unwrap();

    assert_eq!(error.code, ErrorCode::CONFIG);
    assert_eq!(error.message, "/categories/tools/months: must be 1 to 600");
}

#[test]
fn a_registration_makes_a_certificate_that_can_be_read_again() {
    let harness = warranty();
    let input = json!({ "serialNumber": "a1b2", "taxCategory": "tools", "boughtOn": "2026-01-15" });

    let made = harness.mutate("warrantyRegister", json!({ "input": input })).unwrap();
    let number = made["certificate"]["number"].as_str().unwrap();
    let read = harness.query("warrantyCertificate", json!({ "number": number })).unwrap();

    assert_eq!(made["userErrors"], json!([]));
    assert_eq!(made["certificate"]["serialNumber"], "A1B2");
    assert_eq!(made["certificate"]["validUntil"], "2028-01-14");
    assert_eq!(read, made["certificate"]);
}

#[test]
fn what_was_not_registered_is_not_found() {
    let elsewhere = register("A1B2", "2026-01-15");
    let number = elsewhere["certificate"]["number"].as_str().unwrap();

    assert_eq!(warranty().query("warrantyCertificate", json!({ "number": number })).unwrap(), Value::Null);
}

#[test]
fn a_piece_has_one_certificate_however_often_it_is_registered() {
    let harness = warranty();
    let register = |bought_on: &str| {
        let input = json!({ "serialNumber": "A1", "taxCategory": "tools", "boughtOn": bought_on });
        harness.mutate("warrantyRegister", json!({ "input": input })).unwrap()
    };

    let first = register("2026-01-15");

    assert_eq!(register("2026-01-15"), first);
    let other = register("2026-01-16");
    assert_eq!(other["certificate"], Value::Null);
    assert_eq!(other["userErrors"][0]["code"], "ALREADY_REGISTERED");
}

#[test]
fn the_tables_can_be_read() {
    let tables = Tables::parse(include_str!("../tables.sql")).unwrap();

    assert_eq!(tables.migrations.len(), 2);
    assert_eq!(tables.statements.keys().collect::<Vec<_>>(), ["end_due", "find", "register"]);
}

#[test]
fn a_mistyped_number_is_no_certificate() {
    let number = register("A1B2", "2026-01-15")["certificate"]["number"].as_str().unwrap().to_owned();

    for wrong in [number.replace("A1", "1A"), number.replace("2028", "2029"), "W-1".to_owned(), String::new()]
    {
        let read = warranty().query("warrantyCertificate", json!({ "number": wrong })).unwrap();
        assert_eq!(read, Value::Null, "{wrong}");
    }
}

#[test]
fn what_cannot_be_registered_is_told_with_its_field() {
    let code = |answer: &Value| answer["userErrors"][0]["code"].as_str().unwrap().to_owned();

    assert_eq!(code(&register("", "2026-01-15")), "INVALID_SERIAL_NUMBER");
    assert_eq!(code(&register("A-1", "2026-01-15")), "INVALID_SERIAL_NUMBER");
    assert_eq!(code(&register("A1", "2026-02-29")), "INVALID_DATE");
    assert_eq!(code(&register("A1", "15.01.2026")), "INVALID_DATE");
    let none = testing::fields::<ProductWarranty>("{}").unwrap();
    let input = json!({ "serialNumber": "A1", "taxCategory": "tools", "boughtOn": "2026-01-15" });
    let answer = none.mutate("warrantyRegister", json!({ "input": input })).unwrap();
    assert_eq!(code(&answer), "NO_WARRANTY");
    assert_eq!(answer["userErrors"][0]["field"], json!(["taxCategory"]));
}

#[test]
fn a_warranty_ends_with_the_day_before_or_with_the_month() {
    let end = |from: &str, months| Date::read(from).unwrap().last_day_after(months).to_string();

    assert_eq!(end("2026-01-15", 1), "2026-02-14");
    assert_eq!(end("2026-01-31", 1), "2026-02-28");
    assert_eq!(end("2027-01-31", 13), "2028-02-29");
    assert_eq!(end("2026-01-01", 12), "2026-12-31");
    assert_eq!(end("2026-03-01", 1), "2026-03-31");
}

#[test]
fn a_number_holds_what_it_was_made_of() {
    let certificate = Certificate {
        serial: "X9".to_owned(),
        bought_on: Date::read("2026-01-15").unwrap(),
        valid_until: Date::read("2027-01-14").unwrap(),
    };

    assert_eq!(Certificate::read(&certificate.number().to_lowercase()), Some(certificate));
}
