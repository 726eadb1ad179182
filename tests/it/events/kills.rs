//! Relays and consumers die at any moment: nothing is missing, nothing is swapped, and copies have no effect.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;
use vectis_contracts::ports::event_log::{Delivered, EventLog, Record};
use vectis_db::outbox;
use vectis_kernel::{Ctx, Event};
use vectis_tests::TestHost;
use vectis_tests::broker::Broker;
use vectis_tests::shop::skus;

use super::feed::{count, on_hand};
use super::logs::{kafka, payload, unique};
use super::processes::Process;

const KILLS: usize = 12;
const EVENT: &str = "vectis.accounts.group_created.v1";

/// Tells facts of forty aggregates, twenty in a unit of work, until told to stop; how many it told.
pub(super) async fn tell(shop: &TestHost, stop: &tokio_util::sync::CancellationToken) -> usize {
    let aggregates: Vec<Uuid> = (1..=40).map(Uuid::from_u128).collect();
    let mut told = 0;
    while !stop.is_cancelled() {
        let events: Vec<Event> = (0..20)
            .map(|at| {
                let aggregate = aggregates[(told + at * 7) % aggregates.len()];
                Event::new(EVENT, "group", aggregate, json!({ "groupId": aggregate, "name": "load" }))
            })
            .collect();
        let mut tx = shop.db.begin().await.unwrap();
        outbox::append(&mut tx, &Ctx::system("load"), &events).await.unwrap();
        tx.commit().await.unwrap();
        told += events.len();
    }
    told
}

/// Two relays, one of which dies again and again.
async fn kill_relays(shop: &TestHost, brokers: &str, random: &mut StdRng) {
    let mut relays =
        vec![Process::start(shop, "relay", brokers).await, Process::start(shop, "relay", brokers).await];
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(100..1_500))).await;
        relays.remove(random.random_range(0..2)).kill().await;
        relays.push(Process::start(shop, "relay", brokers).await);
    }
    for relay in relays {
        relay.kill().await;
    }
}

/// Everything of the load that the broker has, first copies only, by aggregate; and the number of all copies.
pub(super) async fn heard(log: &dyn EventLog, expected: usize) -> (BTreeMap<String, Vec<i64>>, usize) {
    let mut subscription = log.subscribe(&unique("witness"), &["vectis.accounts"]).await.unwrap();
    let started = Instant::now();
    let (mut seen, mut copies) = (HashSet::new(), 0);
    let mut sequences: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    loop {
        let batch: Vec<Delivered> = subscription.next(1_000, Duration::from_secs(3)).await.unwrap();
        if batch.is_empty() && (seen.len() >= expected || started.elapsed() > Duration::from_secs(90)) {
            return (sequences, copies);
        }
        for record in batch.iter().filter(|record| record.record.headers["event-type"] == EVENT) {
            copies += 1;
            if seen.insert(record.record.headers["event-id"].clone()) {
                let sequence = payload(record)["sequence"].as_i64().unwrap();
                sequences.entry(record.record.key.clone()).or_default().push(sequence);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_killed_under_load_lose_and_swap_nothing() {
    let Some(broker) = Broker::start_new().await else { return };
    let seed: u64 = rand::random();
    let shop = TestHost::demo().await;
    let mut random = StdRng::seed_from_u64(seed);

    let stop = tokio_util::sync::CancellationToken::new();
    let killing = async {
        kill_relays(&shop, &broker.address(), &mut random).await;
        stop.cancel();
    };
    let (told, ()) = tokio::join!(tell(&shop, &stop), killing);
    let last = Process::start(&shop, "relay", &broker.address()).await;
    let (sequences, copies) = heard(&kafka(&broker), told).await;
    last.kill().await;

    let arrived: usize = sequences.values().map(Vec::len).sum();
    println!(
        "seed {seed}: {KILLS} relays killed, {told} events told, {arrived} arrived, {} copies more",
        copies - arrived
    );
    assert_eq!(arrived, told);
    for (aggregate, seen) in &sequences {
        assert_eq!(*seen, (1..).take(seen.len()).collect::<Vec<i64>>(), "{aggregate}");
    }
}

/// Counts of twenty goods, each record once or twice, in the order of their sequences, while consumers die.
#[tokio::test(flavor = "multi_thread")]
async fn consumers_killed_under_load_take_every_count_in_once() {
    let Some(broker) = Broker::start_new().await else { return };
    let seed: u64 = rand::random();
    let shop = TestHost::demo().await;
    let log = kafka(&broker);
    log.ensure_topics(&["vectis.inventory"]).await.unwrap();
    let goods = skus(20);
    let mut last: HashMap<&str, i64> = HashMap::new();
    let mut random = StdRng::seed_from_u64(seed);
    let mut sent = 0;
    let mut copies = 0;

    let mut consumer = Process::start(&shop, "consume", &broker.address()).await;
    for round in 1..=6 {
        for step in 0..25 {
            let sequence = round * 100 + step;
            let mut batch: Vec<Record> = Vec::new();
            for sku in &goods {
                let units = random.random_range(5_000..9_000);
                sent += 1;
                let record = count(sent, sequence, sku, &units.to_string());
                last.insert(sku, units * 1_000);
                if random.random_range(0..10) == 0 {
                    batch.push(record.clone());
                    copies += 1;
                }
                batch.push(record);
            }
            // A sender that is not answered sends again.
            while log.append(&batch).await.is_err() {}
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(100..1_500))).await;
        consumer.kill().await;
        consumer = Process::start(&shop, "consume", &broker.address()).await;
    }

    let events = i64::try_from(sent).unwrap();
    let sql = "SELECT COUNT(*) FROM events.inbox WHERE consumer = 'stock-feed'";
    super::feed::until(events, async || sqlx::query_scalar(sql).fetch_one(shop.db.pool()).await.unwrap())
        .await;
    consumer.kill().await;
    println!(
        "seed {seed}: 6 consumers killed, {sent} counts and {copies} copies sent, {events} taken in once"
    );
    for sku in &goods {
        assert_eq!(on_hand(&shop, sku).await, last[sku.as_str()], "{sku}");
    }
    shop.assert_books_balance().await;
}
