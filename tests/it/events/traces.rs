//! One trace from the request over the plugins and the database to the broker and to whoever takes the event in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use vectis_contracts::ports::event_log::EventLog as _;
use vectis_db::outbox::Signal;
use vectis_events::embedded::EmbeddedLog;
use vectis_tests::broker::Broker;
use vectis_tests::collector::Collector;
use vectis_tests::shop::{PASSWORD, lines};
use vectis_tests::{Client, TestHost};

use super::feed::count;
use crate::kills::program::Program;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_of_kind(span: &Span, kind: SpanKind) -> bool {
    span.kind == kind as i32
}

/// The first span that is wanted; spans leave in batches, some seconds later.
async fn span(collector: &Collector, what: &str, is_wanted: impl Fn(&Span) -> bool) -> Span {
    let started = Instant::now();
    loop {
        if let Some(span) = collector.spans().into_iter().find(|span| is_wanted(span)) {
            return span;
        }
        let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
        assert!(started.elapsed() < Duration::from_secs(60), "no {what} among {names:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Up to the first span of a trace.
fn root_of(collector: &Collector, span: &Span) -> Span {
    let spans = collector.spans();
    let mut at = span.clone();
    while let Some(above) = spans.iter().find(|above| above.span_id == at.parent_span_id) {
        at = above.clone();
    }
    at
}

async fn traced(shop: &TestHost, collector: &Collector, changes: &[&str]) -> (Program, Client) {
    let url = format!("traces.otlp_url={}", collector.url());
    let mut all = vec![url.as_str()];
    all.extend(changes);
    let program = Program::start_with(shop, &all).await;
    let client = Client::new(program.url.clone()).channel("wholesale");
    let buyer = client.signed_in("buyer@demo.vectis.test", PASSWORD).await;
    (program, buyer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_its_plugins_and_its_statements_are_one_trace() {
    let (shop, collector) = (TestHost::demo().await, Collector::start().await);
    let (program, buyer) = traced(&shop, &collector, &[]).await;
    let cart = buyer.new_cart().await;
    buyer.add_lines(&cart, lines(3, 1)).await.ok();

    // A plugin is asked when it is loaded, too.
    let asked = |span: &Span| {
        let is_of = |request: &Span| request.trace_id == span.trace_id && request.name == "graphql";
        let is_pricing = format!("{:?}", span.attributes).contains("vectis.pricing");
        span.name == "plugin" && is_pricing && collector.spans().iter().any(is_of)
    };
    let plugin = span(&collector, "call of a plugin", asked).await;
    let statement = |span: &Span| span.trace_id == plugin.trace_id && span.name.starts_with("db.carts");
    let statement = span(&collector, "statement of the cart", statement).await;
    let request = |span: &Span| span.trace_id == plugin.trace_id && is_of_kind(span, SpanKind::Server);
    let request = span(&collector, "request", request).await;
    assert_eq!(request.name, "graphql");
    assert_eq!(root_of(&collector, &plugin).span_id, request.span_id);
    assert_eq!(root_of(&collector, &statement).span_id, request.span_id);
    assert!(request.parent_span_id.is_empty());
    let known: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit.entry WHERE replace(trace_id::text, '-', '') = $1")
            .bind(hex(&request.trace_id))
            .fetch_one(shop.db.pool())
            .await
            .unwrap();
    assert!(known > 0, "the audit trail knows the trace by the same id");
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_caller_goes_on_only_where_it_is_believed() {
    let (shop, collector) = (TestHost::demo().await, Collector::start().await);
    for (accepts, parent) in [(false, ""), (true, PARENT)] {
        let (program, _) =
            traced(&shop, &collector, &[&format!("traces.accept_traceparent={accepts}")]).await;
        let name = format!("Accepts{accepts}");
        let body = json!({ "query": format!("query {name} {{ __typename }}"), "operationName": name });
        let asked = reqwest::Client::new()
            .post(&program.url)
            .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send();
        assert!(asked.await.unwrap().status().is_success());

        let named = |span: &Span| format!("{:?}", span.attributes).contains(&name);
        let request = span(&collector, "request", named).await;
        assert_eq!(hex(&request.parent_span_id), parent);
        assert_eq!(hex(&request.trace_id) == TRACE, accepts);
        program.kill().await;
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_an_event_in_goes_on_with_its_trace() {
    let (shop, collector) = (TestHost::demo().await, Collector::start().await);
    let (program, _) = traced(&shop, &collector, &[]).await;
    let mut record = count(1, 1, "X-1", "5");
    record.headers = BTreeMap::from([("traceparent".to_owned(), format!("00-{TRACE}-{PARENT}-01"))]);
    let log = EmbeddedLog::new(shop.db.clone(), Signal::of(&shop.db), Duration::from_millis(100));
    log.append(&[record]).await.unwrap();

    let is_its = |span: &Span| is_of_kind(span, SpanKind::Consumer) && hex(&span.trace_id) == TRACE;
    let taken = span(&collector, "consumer", is_its).await;
    assert!(!taken.parent_span_id.is_empty());
    program.kill().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_to_the_broker_hangs_below_its_request() {
    let Some(broker) = Broker::start_new().await else { return };
    let (shop, collector) = (TestHost::demo().await, Collector::start().await);
    let brokers = format!("events.brokers={}", broker.address());
    let (program, buyer) = traced(&shop, &collector, &[&brokers]).await;
    let cart = buyer.new_cart().await;
    let added = buyer.add_lines(&cart, lines(3, 1)).await.ok();
    buyer.submit(&cart, &added.at("/cartLinesAdd/cart/version"), &cart).await.ok();

    let sent = span(&collector, "event on its way", |span| {
        is_of_kind(span, SpanKind::Producer)
            && collector.spans().iter().any(|root| root.trace_id == span.trace_id && root.name == "graphql")
    })
    .await;
    assert_eq!(root_of(&collector, &sent).name, "graphql");
    program.kill().await;
    shop.stop().await;
}
