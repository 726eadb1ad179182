use vectis_plugin_api::services::Response;
use vectis_plugin_api::shipping_rate::Rate;
use vectis_plugin_api::testing::{self, TestHost, shipping_cart};

use super::{Config, PluginTemplate};

const CONFIG: &str = r#"{ "otherwise_minor": 990 }"#;

#[test]
fn the_carrier_is_asked_for_the_price_of_the_weight() {
    let host = TestHost::default();
    host.set_secret("carrier_token", "s3cret");
    host.on_http(|_| Ok(Response::new(200, "490")));
    let shipping = testing::shipping_rate_on::<PluginTemplate>(&host, CONFIG).unwrap();

    let rates = shipping.rates(&shipping_cart(|_| {})).unwrap();

    assert_eq!(rates, [Rate::new("standard", "Standard", 490)]);
    let request = &host.requests()[0];
    assert_eq!(request.header_value("authorization"), Some("Bearer s3cret"));
    assert_eq!(request.body_bytes(), br#"{"currency":"EUR","grams":1000}"#);
}

#[test]
fn there_is_a_flat_rate_when_it_is_away() {
    let host = TestHost::default();
    let shipping = testing::shipping_rate_on::<PluginTemplate>(&host, CONFIG).unwrap();

    let rate = shipping.rates(&shipping_cart(|_| {})).unwrap().remove(0);

    assert_eq!((rate.price_minor, rate.is_estimate), (990, true));
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
