//! The broker goes away and comes back: orders go on, and what they told arrives afterwards.

use std::time::{Duration, Instant};

use vectis_contracts::ports::event_log::{EventLog, LogError};
use vectis_tests::broker::Broker;

use super::flow::{by_aggregate, first_copies, place_an_order, shop_on, told};
use super::logs::{kafka, numbered, read, unique};

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_on_without_the_broker_and_their_events_arrive_when_it_is_back() {
    let Some(mut broker) = Broker::start_new().await else { return };
    let shop = shop_on(&broker.address()).await;
    place_an_order(&shop).await;
    broker.stop().await;

    let started = Instant::now();
    for _ in 0..5 {
        place_an_order(&shop).await;
    }
    let without = started.elapsed();
    broker.start().await;
    let back = Instant::now();

    let told = told(&shop).await;
    let count = told.values().map(Vec::len).sum();
    // What was under way when the broker died may come twice: first copies count.
    let (delivered, copies) = first_copies(&kafka(&broker), count).await;

    println!(
        "5 orders in {without:?} without a broker; {count} events there {:?} after it was back, {copies} copies more",
        back.elapsed()
    );
    assert!(by_aggregate(&delivered) == told, "the broker has other events, or in another order");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_larger_than_the_broker_takes_is_named_and_the_rest_goes_on() {
    let Some(broker) = Broker::shared().await else { return };
    let log = kafka(broker);
    let topic = unique("vectis.testing");
    log.ensure_topics(&[&topic]).await.unwrap();
    let mut large = numbered(&topic, "one", 2);
    // Nothing that could be pressed together.
    large.payload = std::iter::repeat_with(rand::random::<u8>).take(17 * 1024 * 1024).collect();

    let outcome = log.append(&[numbered(&topic, "one", 1), large, numbered(&topic, "one", 3)]).await;
    log.append(&[numbered(&topic, "one", 3)]).await.unwrap();

    assert!(matches!(outcome, Err(LogError::Refused { index: 1, .. })), "{outcome:?}");
    let mut subscription = log.subscribe(&unique("group"), &[&topic]).await.unwrap();
    let numbers: Vec<u64> =
        read(&mut *subscription, 2).await.iter().map(|one| super::logs::number(one).1).collect();
    assert_eq!(numbers, [1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_to_a_broker_that_is_away_fails_in_time() {
    let Some(mut broker) = Broker::start_new().await else { return };
    let topic = unique("vectis.testing");
    kafka(&broker).ensure_topics(&[&topic]).await.unwrap();
    broker.stop().await;
    let log = super::logs::impatient_kafka(&broker);

    let started = Instant::now();
    let outcome = log.append(&[numbered(&topic, "one", 1)]).await;

    assert!(matches!(outcome, Err(LogError::Unavailable(_))), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
