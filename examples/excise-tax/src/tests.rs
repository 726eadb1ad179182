use vectis_plugin_api::ErrorCode;
use vectis_plugin_api::tax::{STAGE_EXCISE, TaxLine};
use vectis_plugin_api::testing::{self, TaxCart, TaxHarness};

use super::{Config, ExciseTax};

fn strategy() -> TaxHarness {
    testing::tax::<ExciseTax>(include_str!("../config.json")).unwrap()
}

/// Line, jurisdiction and amount of each duty.
fn duties(cart: &TaxCart<'_>) -> Vec<(usize, String, i64)> {
    let taxed = strategy().tax(cart).unwrap();
    taxed.into_iter().map(|duty| (duty.line, duty.jurisdiction, duty.amount_minor)).collect()
}

#[test]
fn duties_are_taken_per_unit_by_category() {
    let cart = TaxCart::new("USD", 2, "US")
        .line(TaxLine::new("spirits", 10_000, 4_000))
        .line(TaxLine::new("books", 10_000, 4_000))
        .line(TaxLine::new("spirits", 10_000, 4_000).exempt(true));

    assert_eq!(duties(&cart), [(0, "US".to_owned(), 1_000)]);
    assert_eq!(strategy().stage().unwrap(), STAGE_EXCISE);
}

#[test]
fn the_duties_of_country_and_region_add_up() {
    let cart = TaxCart::new("USD", 2, "US").to("ca", "", "").line(TaxLine::new("spirits", 10_000, 1_000));

    assert_eq!(duties(&cart), [(0, "US".to_owned(), 250), (0, "US-CA".to_owned(), 33)]);
}

#[test]
fn a_return_gives_the_duty_back_and_a_free_line_has_none() {
    let cart = TaxCart::new("USD", 2, "US")
        .line(TaxLine::new("spirits", -10_000, 1_000))
        .line(TaxLine::new("spirits", 0, 1_000));

    assert_eq!(duties(&cart), [(0, "US".to_owned(), -250), (1, "US".to_owned(), 0)]);
}

#[test]
fn a_cart_in_another_currency_is_refused_rather_than_guessed() {
    let cart = TaxCart::new("EUR", 2, "US").line(TaxLine::new("spirits", 10_000, 1_000));

    let error = strategy().tax(&cart).unwrap_err();

    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::INPUT, "Spirits duty is stated in USD, the cart is in EUR")
    );
}

#[test]
fn a_duty_that_dwarfs_the_line_is_refused() {
    let cart = TaxCart::new("USD", 2, "US").line(TaxLine::new("spirits", 24, 1_000));

    assert!(strategy().tax(&cart).unwrap_err().message.contains("more than 10 times"));
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "excise-tax");
}
