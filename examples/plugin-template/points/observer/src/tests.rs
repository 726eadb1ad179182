use vectis_plugin_api::observer::Outcome;
use vectis_plugin_api::services::Response;
use vectis_plugin_api::testing::{self, ObserverHarness, TestHost, event};

use super::{Config, PluginTemplate};

fn on(host: &TestHost) -> ObserverHarness {
    host.set_secret("erp_token", "s3cret");
    testing::observer_on::<PluginTemplate>(host, r#"{ "warehouse": "north" }"#).unwrap()
}

#[test]
fn an_order_is_passed_on_with_its_id() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(201, "")));
    let placed = event(1, |_| {});

    let outcomes = on(&host).observe(std::slice::from_ref(&placed)).unwrap();

    assert_eq!(outcomes, [Outcome::Taken]);
    let request = &host.requests()[0];
    assert_eq!(request.header_value("idempotency-key"), Some(placed.id.to_string().as_str()));
    assert_eq!(request.body_bytes(), br#"{"order":"1000001","warehouse":"north"}"#);
}

#[test]
fn a_system_that_is_away_is_tried_again_and_one_that_refuses_is_not() {
    for (status, expected) in
        [(503, Outcome::retry("it answers 503")), (422, Outcome::give_up("it refuses the order: 422"))]
    {
        let host = TestHost::default();
        host.on_http(move |_| Ok(Response::new(status, "")));

        assert_eq!(on(&host).observe(&[event(1, |_| {})]).unwrap(), [expected]);
    }
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "plugin-template");
}
