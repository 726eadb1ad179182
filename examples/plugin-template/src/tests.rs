use vectis_plugin_api::ErrorCode;
use vectis_plugin_api::pricing::{Candidate, PriceLevel, Priced};
use vectis_plugin_api::testing::{self, PricingCart};

use super::{Config, PluginTemplate};

#[test]
fn the_lowest_applicable_price_is_reduced() {
    let pricing = testing::pricing::<PluginTemplate>(r#"{ "percent": 10 }"#).unwrap();
    let list = Candidate::new(PriceLevel::DEFAULT, 5_000_000);
    let from_ten = Candidate::new(PriceLevel::DEFAULT, 4_000_000).from_quantity(10_000);
    let cart = PricingCart::new("EUR")
        .line("A-1", 1_000, &[list, from_ten])
        .line("A-1", 10_000, &[list, from_ten])
        .line("B-2", 1_000, &[]);

    let priced = pricing.price(&cart).unwrap();

    assert_eq!(
        priced,
        [Priced::at(4_500_000).from_candidate(0), Priced::at(3_600_000).from_candidate(1), Priced::none()]
    );
}

#[test]
fn a_percentage_above_100_is_refused() {
    let error = testing::pricing::<PluginTemplate>(r#"{ "percent": 101 }"#).err().unwrap();

    assert_eq!((error.code, error.message.as_str()), (ErrorCode::CONFIG, "/percent: must be 0 to 100"));
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
