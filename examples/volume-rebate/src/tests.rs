use vectis_plugin_api::ErrorCode;
use vectis_plugin_api::pricing::{Candidate, PriceLevel, Priced};
use vectis_plugin_api::testing::{self, PricingCart, PricingHarness};

use super::{Config, VolumeRebate};

const CONFIG: &str = r#"{ "families": [
    { "sku_prefix": "SCREW-", "steps": [{ "from": "100", "percent": "2.5" }, { "from": "1000", "percent": "10" }] }
] }"#;

fn strategy() -> PricingHarness {
    testing::pricing::<VolumeRebate>(CONFIG).unwrap()
}

fn list() -> [Candidate; 1] {
    [Candidate::new(PriceLevel::DEFAULT, 2_000_000)]
}

#[test]
fn quantities_of_a_family_are_added_over_the_lines() {
    let cart = PricingCart::new("EUR")
        .line("SCREW-M4", 60_000, &list())
        .line("NUT-M4", 500_000, &list())
        .line("SCREW-M5", 40_000, &list());

    let priced = strategy().price(&cart).unwrap();

    let at = |micros| Priced::at(micros).from_candidate(0);
    assert_eq!(priced, [at(1_950_000), at(2_000_000), at(1_950_000)]);
}

#[test]
fn the_largest_step_that_is_reached_counts() {
    for (milli, micros) in
        [(99_999, 2_000_000), (100_000, 1_950_000), (999_999, 1_950_000), (1_000_000, 1_800_000)]
    {
        let cart = PricingCart::new("EUR").line("SCREW-M4", milli, &list());

        assert_eq!(strategy().price(&cart).unwrap()[0].unit_price_micros, micros, "{milli}");
    }
}

#[test]
fn quantities_that_cannot_be_added_are_an_error() {
    let cart = PricingCart::new("EUR").line("SCREW-M4", i64::MAX, &list()).line("SCREW-M5", 1, &list());

    assert_eq!(strategy().price(&cart).unwrap_err().code, ErrorCode::INPUT);
}

#[test]
fn steps_must_rise() {
    let falling = CONFIG.replace("1000", "50");

    let error = testing::pricing::<VolumeRebate>(falling).err().unwrap();

    assert_eq!(error.message, "/families/0/steps/1/from: must be above that of the step before");
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "volume-rebate");
}
