mod configuration;
mod inclusive;
mod lookup;
mod properties;
mod rates;

use vectis_plugin_api::tax::TaxLine;
use vectis_plugin_api::testing::{self, TaxCart, TaxHarness, Taxed};

use crate::TableTax;

fn table(config: &str) -> TaxHarness {
    testing::tax::<TableTax>(config).unwrap()
}

/// Name, jurisdiction and amount of each tax, in order.
fn amounts(taxed: &[Taxed]) -> Vec<(&str, &str, i64)> {
    taxed.iter().map(|tax| (tax.name.as_str(), tax.jurisdiction.as_str(), tax.amount_minor)).collect()
}

fn standard(minor: i64) -> TaxLine<'static> {
    TaxLine::new("standard", minor, 1_000)
}

const GERMANY: &str = r#"{ "stage": 300, "rates": [
    { "country": "DE", "rate_percent": "19", "name": "VAT" },
    { "country": "DE", "category": "books", "rate_percent": "7", "name": "VAT" },
    { "country": "DE", "category": "gold", "rate_percent": "0", "name": "VAT" }
] }"#;

const TEXAS: &str = r#"{ "rates": [
    { "country": "US", "region": "TX", "rate_percent": "6.25", "name": "State tax" },
    { "country": "US", "region": "TX", "city": "Austin", "rate_percent": "2", "name": "City tax" },
    { "country": "US", "region": "TX", "city": "Austin", "category": "food", "rate_percent": "0.5", "name": "City tax" }
] }"#;

fn to_germany() -> TaxCart<'static> {
    TaxCart::new("EUR", 2, "DE")
}

fn to_austin() -> TaxCart<'static> {
    TaxCart::new("USD", 2, "US").to("TX", "Austin", "78701")
}
