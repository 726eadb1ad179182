use vectis_plugin_api::testing;
use vectis_plugin_api::{ErrorCode, serde_json};

use super::{GERMANY, TEXAS, table};
use crate::{Config, TableTax};

#[test]
fn the_stage_is_that_of_sales_taxes_unless_set() {
    assert_eq!(table(TEXAS).stage(), Ok(100));
    assert_eq!(table(GERMANY).stage(), Ok(300));
}

fn refusal(config: &serde_json::Value) -> String {
    let error = testing::tax::<TableTax>(config).err().unwrap();
    assert_eq!(error.code, ErrorCode::CONFIG);
    error.message
}

#[test]
fn a_wrong_rate_is_refused_with_place_and_fix() {
    for (key, value, message) in [
        (
            "country",
            "de",
            r#"/rates/1/country: must be an ISO 3166-1 code of two upper-case letters, like "DE", not "de""#,
        ),
        (
            "rate_percent",
            "19,5",
            r#"/rates/1/rate_percent: must be a percentage from 0 to 1000 with at most four digits after the point, like "8.25", not "19,5""#,
        ),
        (
            "rate_percent",
            "1000.0001",
            r#"/rates/1/rate_percent: must be a percentage from 0 to 1000 with at most four digits after the point, like "8.25", not "1000.0001""#,
        ),
        (
            "rate_percent",
            "-1",
            r#"/rates/1/rate_percent: must be a percentage from 0 to 1000 with at most four digits after the point, like "8.25", not "-1""#,
        ),
        ("name", " ", r#"/rates/1/name: is empty; name the tax, like "VAT""#),
        ("region", "", "/rates/1/region: is empty; leave it out when it does not matter"),
        ("category", "", "/rates/1/category: is empty; leave it out when it does not matter"),
    ] {
        let mut config: serde_json::Value = serde_json::from_str(GERMANY).unwrap();
        config["rates"][1][key] = value.into();

        assert_eq!(refusal(&config), message);
    }
}

#[test]
fn a_rate_that_stands_twice_is_refused() {
    let config = serde_json::json!({ "rates": [
        { "country": "US", "region": "TX", "rate_percent": "6.25", "name": "State tax" },
        { "country": "US", "region": "tx", "rate_percent": "6.5", "name": "State tax" },
    ] });

    assert_eq!(
        refusal(&config),
        "/rates/1: stands in the table already with this place, category and name; remove one of the two"
    );
}

#[test]
fn a_wrong_default_rate_is_refused() {
    let rate = |percent: &str, name: &str| serde_json::json!({ "rates": [], "default_rate": { "rate_percent": percent, "name": name } });

    assert_eq!(
        refusal(&rate("twenty", "VAT")),
        r#"/default_rate/rate_percent: must be a percentage from 0 to 1000 with at most four digits after the point, like "8.25", not "twenty""#
    );
    assert_eq!(refusal(&rate("20", "")), r#"/default_rate/name: is empty; name the tax, like "VAT""#);
}

#[test]
fn a_table_without_rates_has_to_say_so() {
    assert_eq!(refusal(&serde_json::json!({})), "config: missing field `rates`");
    assert!(testing::tax::<TableTax>(r#"{ "rates": [] }"#).is_ok());
}

#[test]
fn the_example_of_the_readme_is_a_configuration() {
    let example =
        include_str!("../../README.md").split("```").find_map(|block| block.strip_prefix("json")).unwrap();

    assert_eq!(testing::tax::<TableTax>(example).err(), None);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../../plugin.toml"), "table");
}
