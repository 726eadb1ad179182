use vectis_plugin_api::observer::Outcome;
use vectis_plugin_api::serde_json::{Value, from_slice, json};
use vectis_plugin_api::services::Response;
use vectis_plugin_api::testing::{self, NOW_MS, ObserverHarness, TestHost, event};
use vectis_plugin_api::{Error, ErrorCode, Id};

use super::{Config, KEY, Notifier};

const CONFIG: &str = r#"{ "url": "https://erp.example/orders" }"#;

fn notifier(host: &TestHost) -> ObserverHarness {
    host.set_secret(KEY, "s3cret");
    testing::observer_on::<Notifier>(host, CONFIG).unwrap()
}

#[test]
fn an_order_is_posted_with_its_id_and_a_signature() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(204, "")));

    let outcomes = notifier(&host).observe(&[event(1, |_| {})]).unwrap();

    assert_eq!(outcomes, [Outcome::Taken]);
    let request = &host.requests()[0];
    assert_eq!((request.method(), request.url()), ("POST", "https://erp.example/orders"));
    assert_eq!(request.header_value("event-id"), Some(Id([1; 16]).to_string().as_str()));
    let body: Value = from_slice(request.body_bytes()).unwrap();
    assert_eq!((&body["data"], &body["sequence"]), (&json!({ "number": "1000001" }), &json!(1)));
    let signature = request.header_value("vectis-signature").unwrap();
    assert!(signature.starts_with(&format!("t={},v1=", NOW_MS / 1_000)), "{signature}");
}

/// By `printf '1768478400.{}' | openssl dgst -sha256 -hmac s3cret`.
#[test]
fn the_signature_is_what_others_compute_too() {
    let host = TestHost::default();
    host.set_secret(KEY, "s3cret");
    let key = host.handle().secret(KEY).unwrap();

    let signature = super::signature::of(&key, 1_768_478_400, "{}");

    assert_eq!(signature, "t=1768478400,v1=7690790f0d8495811ddd7c869fda986ae394d7ce57355280204afcd04230550e");
}

#[test]
fn a_receiver_that_is_busy_or_away_is_tried_again_and_later_events_of_the_order_wait() {
    for answer in [
        Ok(Response::new(503, "")),
        Ok(Response::new(429, "")),
        Err(Error::new(ErrorCode::UNAVAILABLE, "away")),
    ] {
        let host = TestHost::default();
        host.on_http(move |_| answer.clone());

        let outcomes = notifier(&host).observe(&[event(1, |_| {}), event(2, |_| {})]).unwrap();

        assert!(outcomes.iter().all(Outcome::is_retry), "{outcomes:?}");
        assert_eq!(host.requests().len(), 1);
    }
}

#[test]
fn a_receiver_that_refuses_is_not_asked_twice() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(422, "")));

    let outcomes = notifier(&host).observe(&[event(1, |_| {})]).unwrap();

    assert_eq!(outcomes, [Outcome::give_up("the receiver answers 422 and will not change its mind")]);
}

#[test]
fn nothing_is_sent_unsigned() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(200, "")));
    let notifier = testing::observer_on::<Notifier>(&host, CONFIG).unwrap();

    let outcomes = notifier.observe(&[event(1, |_| {})]).unwrap();

    assert_ne!(outcomes, [Outcome::Taken]);
    assert!(host.requests().is_empty());
}

#[test]
fn an_address_that_is_none_is_refused_with_its_place() {
    let error = testing::observer::<Notifier>(r#"{ "url": "ftp://erp.example" }"#).err().unwrap();

    assert_eq!(error.code, ErrorCode::CONFIG);
    assert!(error.message.starts_with("/url: "), "{}", error.message);
}

#[test]
fn the_manifest_states_the_configuration() {
    testing::assert_config_schema::<Config>(include_str!("../plugin.toml"), "notify");
}
