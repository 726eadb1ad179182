//! What is asked, what is taken, and what is offered instead.

use vectis_plugin_api::serde_json::{self, Value, json};
use vectis_plugin_api::services::Response;
use vectis_plugin_api::shipping_rate::Rate;
use vectis_plugin_api::testing::{self, ShippingRateHarness, TestHost, shipping_cart};
use vectis_plugin_api::{Error, ErrorCode};

use crate::Carrier;

fn config() -> Value {
    json!({
        "url": "https://api.carrier.example/v1/rates",
        "signs_in": true,
        "fallback": [
            { "code": "standard", "name": "Standard", "currency": "EUR", "price_minor": 900, "per_kg_minor": 100 }
        ]
    })
}

fn carrier(host: &TestHost) -> ShippingRateHarness {
    host.set_secret("carrier_token", "s3cret");
    testing::shipping_rate_on::<Carrier>(host, config()).unwrap()
}

fn rates() -> Value {
    json!({ "rates": [
        { "code": "express", "name": "Express", "currency": "EUR", "price_minor": 1290, "days": 1 },
        { "code": "ground", "name": "Ground", "currency": "EUR", "price_minor": 590 },
    ] })
}

fn answers(
    answer: Value,
) -> impl Fn(&vectis_plugin_api::services::Request) -> Result<Response, Error> + Send {
    move |_| Ok(Response::new(200, answer.to_string()))
}

#[test]
fn the_carrier_gets_weight_and_place_and_its_rates_are_taken() {
    let host = TestHost::default();
    host.on_http(answers(rates()));

    let found = carrier(&host).rates(&shipping_cart(|_| ())).unwrap();

    assert_eq!(found, [Rate::new("express", "Express", 1290).within(1), Rate::new("ground", "Ground", 590)]);
    let request = &host.requests()[0];
    assert_eq!(request.header_value("authorization"), Some("Bearer s3cret"));
    let asked: Value = serde_json::from_slice(request.body_bytes()).unwrap();
    assert_eq!(asked["weight_g"], 1_000);
    assert_eq!(asked["postal_code"], "10115");
}

#[test]
fn the_same_parcel_is_asked_for_once_until_it_is_forgotten() {
    let host = TestHost::default();
    host.on_http(answers(rates()));
    let carrier = carrier(&host);
    let cart = shipping_cart(|_| ());

    let first = carrier.rates(&cart).unwrap();
    assert_eq!(carrier.rates(&cart).unwrap(), first);
    assert_eq!(host.requests().len(), 1);

    carrier.rates(&shipping_cart(|cart| cart.items[0].weight_g = 1)).unwrap();
    assert_eq!(host.requests().len(), 2, "another parcel");
    host.forget();
    carrier.rates(&cart).unwrap();
    assert_eq!(host.requests().len(), 3);
}

#[test]
fn a_carrier_that_is_away_leads_to_flat_rates_that_say_why() {
    let host = TestHost::default();
    host.on_http(|_| Err(Error::new(ErrorCode::DEADLINE, "there was no answer within 1500 ms")));
    let carrier = carrier(&host);

    let found = carrier.rates(&shipping_cart(|_| ())).unwrap();

    let why = "the carrier gave no rates: there was no answer within 1500 ms";
    assert_eq!(found, [Rate::new("standard", "Standard", 1_000).estimated(why)]);
    assert_eq!(carrier.logs().last().unwrap().message, why);
    assert_eq!(host.told()[0].0, "rates_failed");
    assert_eq!(host.metrics(), [("fallbacks".to_owned(), 1)]);
    // An estimate is not remembered.
    host.on_http(answers(rates()));
    assert!(!carrier.rates(&shipping_cart(|_| ())).unwrap()[0].is_estimate);
}

#[test]
fn without_a_flat_rate_in_the_currency_there_is_an_error_that_says_what_to_do() {
    let host = TestHost::default();
    let error = carrier(&host).rates(&shipping_cart(|cart| cart.currency = "USD".to_owned())).unwrap_err();

    assert_eq!(error.code, ErrorCode::UNAVAILABLE);
    assert!(error.message.ends_with("there is no flat rate in USD, add one under fallback"), "{error}");
}

#[test]
fn an_answer_with_anything_wrong_in_it_is_not_taken_at_all() {
    let host = TestHost::default();
    let carrier = carrier(&host);
    let with = |key: &str, value: Value| {
        let mut rates = rates();
        rates["rates"][1][key] = value;
        rates
    };
    let wrong = [
        (json!({}), "missing field"),
        (json!({ "rates": [] }), "it gives 0 rates"),
        (with("code", json!("express")), "twice"),
        (with("code", json!("Über Nacht")), "a rate with the code"),
        (with("name", json!(" ")), "no name"),
        (with("currency", json!("USD")), "another currency"),
        (with("price_minor", json!(-1)), "below zero"),
        (with("price_minor", json!(5.9)), "not the JSON that was expected"),
    ];
    for (answer, why) in wrong {
        host.on_http(answers(answer));
        let found = carrier.rates(&shipping_cart(|_| ())).unwrap();
        assert!(found[0].is_estimate && found[0].note.contains(why), "{found:?} does not say {why}");
    }
    host.on_http(|_| Ok(Response::new(503, "")));
    assert!(carrier.rates(&shipping_cart(|_| ())).unwrap()[0].note.contains("status 503"));
}

#[test]
fn the_token_is_in_no_log_and_no_note() {
    let host = TestHost::default();
    host.on_http(|_| Ok(Response::new(401, "s3cret is wrong")));
    let carrier = carrier(&host);

    let found = carrier.rates(&shipping_cart(|_| ())).unwrap();

    assert!(!format!("{found:?} {:?} {:?}", carrier.logs(), host.told()).contains("s3cret"));
}

#[test]
fn wrong_configurations_are_refused_with_their_place() {
    let refused = |pointer: &str, value: Value| {
        let mut config = config();
        *config.pointer_mut(pointer).unwrap() = value;
        testing::shipping_rate::<Carrier>(config).err().unwrap().message
    };
    assert!(refused("/url", json!("ftp://x")).starts_with("/url: "));
    assert!(refused("/fallback/0/price_minor", json!(-1)).starts_with("/fallback/0/price_minor: "));
    let mut twice = config();
    let flat = twice["fallback"][0].clone();
    twice["fallback"].as_array_mut().unwrap().push(flat);
    let error = testing::shipping_rate::<Carrier>(twice).err().unwrap();
    assert!(error.message.starts_with("/fallback/1/code: "), "{error}");
}

#[test]
fn the_manifest_has_the_schema_of_the_configuration() {
    testing::assert_config_schema::<crate::Config>(include_str!("../plugin.toml"), "carrier");
}
