//! A connector with a carrier behind it: the same rates from a plugin in the shop's process and from one apart, remembered in
//! the shop, and flat rates when the carrier is silent.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vectis_tests::carrier::{Behaviour, Carrier};
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, PluginFolder, TestHost};

use super::no_plugins::channel_id;
use crate::kills::program::Program;

const TOKEN: &str = "carrier-s3cret-token";

/// A demo shop with carrier-rate in its own process, activated for the wholesale channel.
async fn shop(carrier: &Carrier) -> TestHost {
    let folder = PluginFolder::first_party();
    folder.drop_in("carrier-rate");
    let url = carrier.url();
    let host = TestHost::configured(folder, true, |config| {
        let grant = [
            ("http", vec![url]),
            ("addresses", vec!["127.0.0.1".to_owned()]),
            ("kv", vec!["read".to_owned(), "write".to_owned()]),
            ("secret", vec!["carrier_token".to_owned()]),
            ("emit", vec!["rates_failed".to_owned()]),
            ("metric", vec!["asked".to_owned(), "remembered".to_owned(), "fallbacks".to_owned()]),
        ];
        let grant = grant.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
        config.plugins.grants.add("carrier-rate", &grant);
        config.plugins.secrets.insert("carrier_token".to_owned(), TOKEN.to_owned().into());
    })
    .await;
    let staff = host.staff().await;
    let channel = channel_id(&staff, "wholesale").await;
    let flat = json!({ "code": "flat", "name": "Flat", "currency": "EUR", "price_minor": 990 });
    let config = json!({ "url": carrier.url(), "signs_in": true, "timeout_ms": 400, "fallback": [flat] });
    let input = json!({ "channelId": channel, "point": "vectis.shipping_rate", "plugin": "carrier-rate", "config": config });
    let query = "mutation($i: StrategyActivateInput!) { strategyActivate(input: $i) { userErrors { code field message } } }";
    let activated = staff.send(query, json!({ "i": input })).await.ok();
    assert_eq!(activated.at("/strategyActivate/userErrors"), json!([]));
    host
}

/// The same shop in a program of its own, with carrier-rate in processes of its own.
async fn apart(shop: &TestHost, carrier: &Carrier) -> (Program, Client) {
    let grant = format!(
        "plugins.grants.carrier-rate={{ http = [\"{}\"], addresses = [\"127.0.0.0/8\"], kv = [\"read\", \"write\"], \
         secret = [\"carrier_token\"], emit = [\"rates_failed\"] }}",
        carrier.url()
    );
    let secret = format!("plugins.secrets.carrier_token={TOKEN}");
    let changes = [grant.as_str(), &secret, "plugins.isolation.carrier-rate=process"];
    let program = Program::start_with(shop, &changes).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let client = client.signed_in("buyer@demo.vectis.test", PASSWORD).await;
    (program, client)
}

async fn cart(buyer: &Client, quantity: u32) -> String {
    let cart = buyer.new_cart().await;
    buyer.add_lines(&cart, lines(2, quantity)).await.ok();
    cart
}

async fn rates(buyer: &Client, cart: &str) -> Value {
    let query = "query($c: ID!) { shippingRates(cartId: $c) { isComplete rates { code name days isEstimate source \
                 price { amount currencyCode } } } }";
    buyer.send(query, json!({ "c": cart })).await.ok().at("/shippingRates")
}

fn of_the_carrier() -> Value {
    let rate = |code: &str, name: &str, amount: &str, days: Value| {
        json!({
            "code": code, "name": name, "days": days, "isEstimate": false, "source": "carrier-rate/carrier",
            "price": { "amount": amount, "currencyCode": "EUR" },
        })
    };
    let rates =
        [rate("ground", "Ground", "5.90", Value::Null), rate("express", "Express", "12.90", json!(1))];
    json!({ "isComplete": true, "rates": rates })
}

fn instead() -> Value {
    let price = json!({ "amount": "9.90", "currencyCode": "EUR" });
    let flat = json!({
        "code": "flat", "name": "Flat", "days": null, "isEstimate": true, "source": "carrier-rate/carrier", "price": price,
    });
    json!({ "isComplete": true, "rates": [flat] })
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_the_same_from_both_sides_of_the_process_border_and_remembered_across_it() {
    let carrier = Carrier::start().await;
    let shop = shop(&carrier).await;
    let (program, there) = apart(&shop, &carrier).await;
    let here = shop.buyer().await;

    for (asked, first, second) in [(1, &here, &there), (2, &there, &here)] {
        let cart = cart(&here, 10 * asked).await;
        assert_eq!(rates(first, &cart).await, of_the_carrier());
        assert_eq!(rates(second, &cart).await, of_the_carrier());
        let requests = carrier.requests();
        assert_eq!(requests.len(), asked as usize, "the second one remembers what the first has asked for");
        assert!(requests.iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}"))));
    }
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_is_silent_or_refuses_leads_to_flat_rates_on_both_sides() {
    let carrier = Carrier::start().await;
    let shop = shop(&carrier).await;
    let (program, there) = apart(&shop, &carrier).await;
    let here = shop.buyer().await;
    let cart = cart(&here, 7).await;

    for (number, buyer) in [&here, &there].into_iter().enumerate() {
        carrier.now(Behaviour::Refuses(503));
        assert_eq!(rates(buyer, &cart).await, instead());
        carrier.now(Behaviour::Silent);
        assert_eq!(rates(buyer, &cart).await, instead());
        let start = Instant::now();
        while carrier.hung_up() <= number {
            assert!(start.elapsed() < Duration::from_secs(10), "the connection stays open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let told: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM events.outbox WHERE event_type = 'vectis.extensions.plugin_told.v1' \
         AND payload -> 'data' ->> 'plugin' = 'carrier-rate' AND payload -> 'data' ->> 'name' = 'rates_failed'",
    )
    .fetch_one(shop.db.pool())
    .await
    .unwrap();
    assert_eq!(told, 4);
    program.kill().await;
    shop.stop().await;
}
