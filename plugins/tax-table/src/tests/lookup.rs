use vectis_plugin_api::testing::TaxCart;

use super::{TEXAS, amounts, standard, table};

fn taxes(config: &str, country: &str, region: &str, city: &str) -> Vec<(String, i64)> {
    let cart = TaxCart::new("USD", 2, country).to(region, city, "").line(standard(10_000));
    let taxed = table(config).tax(&cart).unwrap();
    amounts(&taxed).into_iter().map(|(_, jurisdiction, amount)| (jurisdiction.to_owned(), amount)).collect()
}

fn found(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(jurisdiction, amount)| ((*jurisdiction).to_owned(), *amount)).collect()
}

#[test]
fn region_and_city_are_compared_without_case_and_blanks() {
    assert_eq!(taxes(TEXAS, "US", "tx ", " AUSTIN"), found(&[("US-TX", 625), ("US-TX-Austin", 200)]));
}

#[test]
fn a_city_of_another_region_is_another_city() {
    assert_eq!(taxes(TEXAS, "US", "MN", "Austin"), []);
}

#[test]
fn other_cities_have_the_regions_rate_alone() {
    assert_eq!(taxes(TEXAS, "US", "TX", "Dallas"), found(&[("US-TX", 625)]));
    assert_eq!(taxes(TEXAS, "US", "TX", ""), found(&[("US-TX", 625)]));
}

#[test]
fn all_places_a_destination_lies_in_count() {
    let config = r#"{ "rates": [
        { "country": "XK", "region": "R", "city": "C", "rate_percent": "4", "name": "Tax" },
        { "country": "XK", "city": "C", "rate_percent": "3", "name": "Tax" },
        { "country": "XK", "region": "R", "rate_percent": "2", "name": "Tax" },
        { "country": "XK", "rate_percent": "1", "name": "Tax" }
    ] }"#;

    assert_eq!(
        taxes(config, "XK", "R", "C"),
        found(&[("XK", 100), ("XK-R", 200), ("XK-C", 300), ("XK-R-C", 400)])
    );
    assert_eq!(taxes(config, "XK", "", "C"), found(&[("XK", 100), ("XK-C", 300)]));
}

#[test]
fn countries_that_the_table_does_not_name_have_no_tax() {
    assert_eq!(taxes(TEXAS, "FR", "TX", "Austin"), []);
    assert_eq!(taxes(TEXAS, "", "", ""), []);
}

#[test]
fn the_default_rate_is_for_countries_that_the_table_does_not_name() {
    let config = TEXAS.replacen('{', r#"{ "default_rate": { "rate_percent": "20", "name": "VAT" },"#, 1);

    assert_eq!(taxes(&config, "FR", "", ""), found(&[("FR", 2_000)]));
    assert_eq!(taxes(&config, "", "", ""), found(&[("ZZ", 2_000)]));
    assert_eq!(taxes(&config, "US", "CA", ""), []);
}
