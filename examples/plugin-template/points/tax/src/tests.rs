use vectis_plugin_api::tax::TaxLine;
use vectis_plugin_api::testing::{self, TaxCart};

use super::{Config, PluginTemplate};

/// The amounts of 20 % VAT on a cart, with their lines.
fn taxes(cart: &TaxCart<'_>) -> Vec<(usize, i64)> {
    let tax = testing::tax::<PluginTemplate>(r#"{ "name": "VAT", "rate_ppm": 200000 }"#).unwrap();
    tax.tax(cart).unwrap().into_iter().map(|taxed| (taxed.line, taxed.amount_minor)).collect()
}

#[test]
fn net_prices_get_the_tax_on_top() {
    let cart = TaxCart::new("GBP", 2, "GB")
        .line(TaxLine::new("standard", 1_999, 1_000))
        .line(TaxLine::new("standard", 1_999, 1_000).exempt(true));

    assert_eq!(taxes(&cart), [(0, 400)]);
}

#[test]
fn gross_prices_contain_the_tax() {
    let cart = TaxCart::new("GBP", 2, "GB").including_tax().line(TaxLine::new("standard", 1_200, 1_000));

    assert_eq!(taxes(&cart), [(0, 200)]);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
