//! What a plugin may ask of the host, and when: the same in the server's process and in one of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::plugin_services::{
    Grants, PluginServices, ServiceAnswer, ServiceCaller, ServiceError, ServiceErrorKind, ServiceQuestion,
};
use vectis_contracts::points::{Jurisdiction, PointError, Strategies as _};
use vectis_contracts::shipping::{ShippingQuestion, ShippingRate, ShippingRates as _};
use vectis_kernel::ids::CartId;
use vectis_kernel::{Currency, Money};
use vectis_plugin_runtime::RuntimeOptions;

use crate::libraries::fault_services;
use crate::questions::cart;
use crate::shop::{Folder, SHOP, Shop, binding, ctx};

/// Services that note who asks for what. `http://carrier.example/forever` never answers.
#[derive(Default)]
struct Noted {
    callers: Mutex<Vec<(String, ServiceCaller)>>,
    waiting: AtomicUsize,
    broken_off: AtomicUsize,
}

impl Noted {
    fn asked(&self, service: &str) -> usize {
        self.callers.lock().unwrap().iter().filter(|(asked, _)| asked == service).count()
    }
}

#[async_trait]
impl PluginServices for Noted {
    fn serve_at_once(
        &self,
        _: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Option<Result<ServiceAnswer, ServiceError>> {
        let answer = || ServiceAnswer { json: String::new(), body: b"s3cret".to_vec() };
        (question.service == "secret").then(|| Ok(answer()))
    }

    async fn serve(
        &self,
        caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Result<ServiceAnswer, ServiceError> {
        /// Counts the end of a wait that nobody ended well.
        struct Waits<'a>(&'a AtomicUsize);
        impl Drop for Waits<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        self.callers.lock().unwrap().push((question.service.to_owned(), caller.clone()));
        if question.json.contains("/forever") {
            let _waits = Waits(&self.broken_off);
            self.waiting.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        if question.json.contains("/denied") {
            return Err(ServiceError::new(ServiceErrorKind::Denied, "it is not granted it"));
        }
        if question.json.contains("/large") {
            let body = vec![b'x'; 400];
            return Ok(ServiceAnswer { json: r#"{"status":200}"#.to_owned(), body });
        }
        let json = if question.service == "kv" { r#"{"found":false}"# } else { r#"{"status":200}"# };
        Ok(ServiceAnswer { json: json.to_owned(), body: b"pong".to_vec() })
    }
}

/// The plugin in both modes, told to ask for something.
async fn shops(config: Value) -> [(Shop, Arc<Noted>); 2] {
    [shop(config.clone(), false).await, shop(config, true).await]
}

async fn shop(config: Value, is_apart: bool) -> (Shop, Arc<Noted>) {
    let folder = Folder::new(&[("fault-services.so", fault_services())]);
    for (point, entry) in [("vectis.shipping_rate", "greedy-shipping"), ("vectis.pricing", "greedy-pricing")]
    {
        folder.channels.bind(binding(SHOP, point, ("fault-services", entry), config.clone()));
    }
    let noted = Arc::<Noted>::default();
    let mut grants = Grants::default();
    grants.add("fault-services", &BTreeMap::from([("kv".to_owned(), vec!["read".to_owned()])]));
    let options = if is_apart { folder.options_apart() } else { folder.options() };
    let options = RuntimeOptions {
        services: noted.clone(),
        grants,
        call_budget: Duration::from_secs(20),
        waiting_budget: Duration::from_secs(20),
        ..options
    };
    let shop = folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"));
    (shop, noted)
}

fn question() -> ShippingQuestion {
    ShippingQuestion {
        channel_id: SHOP,
        cart_id: CartId(Uuid::from_u128(7)),
        account_id: None,
        destination: Jurisdiction::default(),
        goods_total: Money::new(100, Currency::EUR),
        at: ctx().now(),
        items: Vec::new(),
    }
}

async fn rates(shop: &Shop) -> Result<Vec<ShippingRate>, PointError> {
    let mut offers = shop.runtime.rates(&ctx(), question()).await?;
    offers.remove(0).rates
}

/// What the plugin says came of it.
async fn said(shop: &Shop) -> String {
    rates(shop).await.unwrap().remove(0).name
}

fn message<T: std::fmt::Debug>(outcome: Result<T, PointError>) -> String {
    match outcome {
        Err(PointError::Failed { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_service_reaches_the_plugin() {
    for (shop, _) in shops(json!({ "ask": "http://carrier.example/pong" })).await {
        assert_eq!(said(&shop).await, "pong");
    }
    for (shop, _) in shops(json!({ "ask": "http://carrier.example/large" })).await {
        assert_eq!(said(&shop).await, "x".repeat(400));
    }
    for (shop, _) in shops(json!({ "ask": "secret" })).await {
        assert_eq!(said(&shop).await, "s3cret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_learns_what_the_plugin_asks_for_and_what_it_is_granted() {
    for (shop, noted) in shops(json!({ "ask": "http://carrier.example/denied" })).await {
        assert_eq!(message(rates(&shop).await), "it is not granted it");
        let (_, caller) = noted.callers.lock().unwrap()[0].clone();
        assert_eq!(caller.plugin, "fault-services");
        assert_eq!(caller.asked["http"], ["http://carrier.example/*"]);
        assert_eq!(caller.granted, BTreeMap::from([("kv".to_owned(), vec!["read".to_owned()])]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_served_neither_to_points_that_do_not_nor_to_constructors() {
    for (shop, noted) in shops(json!({ "ask": "http://carrier.example/pong" })).await {
        let pricing = shop.runtime.pricing(&ctx(), SHOP).unwrap();
        let refused = tokio::task::spawn_blocking(move || pricing.price(&cart("A-1", 1))).await.unwrap();
        let why = message(refused);
        assert!(why.starts_with("http waits, and is not served to greedy-pricing here"), "{why}");
        assert!(
            why.contains(
                "only calls of vectis.fields, vectis.shipping_rate, vectis.task and vectis.observer may wait"
            ),
            "{why}"
        );
        assert_eq!(noted.asked("http"), 0);
    }
    for (shop, noted) in shops(json!({ "ask": "http://carrier.example/pong", "at_once": true })).await {
        let why = message(rates(&shop).await);
        assert!(why.contains("http waits, and is not served to greedy-shipping here"), "{why}");
        assert_eq!(noted.asked("http"), 0);
    }
    // What does not wait is served to all.
    for (shop, _) in shops(json!({ "ask": "secret", "at_once": true })).await {
        assert_eq!(said(&shop).await, "s3cret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_floods_the_host_is_served_so_often_and_no_more() {
    for (shop, noted) in shops(json!({ "ask": "flood" })).await {
        assert_eq!(said(&shop).await, "100: the call has asked for 100 services, which is the most");
        assert_eq!(noted.asked("kv"), 100);
        // The next call begins anew.
        assert!(said(&shop).await.starts_with("100: "));
    }
    for (shop, noted) in shops(json!({ "ask": "http-flood" })).await {
        assert!(said(&shop).await.starts_with("10: "));
        assert_eq!(noted.asked("http"), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_deadline_the_wait_is_broken_off_and_the_plugin_lives() {
    for is_apart in [false, true] {
        let folder = Folder::new(&[("fault-services.so", fault_services())]);
        let config = json!({ "ask": "http://carrier.example/forever" });
        let of = ("fault-services", "greedy-shipping");
        folder.channels.bind(binding(SHOP, "vectis.shipping_rate", of, config));
        let noted = Arc::<Noted>::default();
        let options = if is_apart { folder.options_apart() } else { folder.options() };
        let waiting_budget = Duration::from_millis(200);
        let options = RuntimeOptions { services: noted.clone(), waiting_budget, ..options };
        let shop = folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"));

        for number in 1..=2 {
            let why = message(rates(&shop).await);
            assert!(
                why == "the call's 200 ms are used up" || why == "it did not answer within 200 ms",
                "{why}"
            );
            wait_for(&noted.broken_off, number).await;
        }
        let faults: u64 = shop
            .list()
            .await
            .iter()
            .filter_map(|plugin| plugin.processes.as_ref())
            .map(|all| all.faults)
            .sum();
        assert_eq!(faults, 0, "no process had to be killed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_wants_the_answer_any_more_the_wait_is_broken_off() {
    for (shop, noted) in shops(json!({ "ask": "http://carrier.example/forever" })).await {
        let asked = rates(&shop);
        tokio::select! {
            outcome = asked => panic!("{outcome:?}"),
            () = wait_for(&noted.waiting, 1) => {}
        }
        wait_for(&noted.broken_off, 1).await;
    }
}

async fn wait_for(counter: &AtomicUsize, count: usize) {
    let start = Instant::now();
    while counter.load(Ordering::SeqCst) < count {
        assert!(start.elapsed() < Duration::from_secs(15), "it did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
