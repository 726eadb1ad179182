//! What the port promises, held by each driver.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vectis_contracts::ports::event_log::{EventLog, LogError, Record};
use vectis_tests::broker::Broker;

use super::logs::{Embedded, assert_silent, kafka, number, numbered, read, unique};

macro_rules! on_both {
    ($($case:ident,)*) => {
        mod on_the_embedded_log {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let embedded = super::Embedded::new().await;
                super::$case(&*embedded.log).await;
            })*
        }

        mod on_kafka {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let Some(broker) = super::Broker::shared().await else { return };
                super::$case(&super::kafka(broker)).await;
            })*
        }
    };
}

on_both! {
    records_come_as_they_were_written_in_the_order_of_their_key,
    a_group_goes_on_where_it_has_come_to,
    what_was_not_committed_comes_again,
    members_of_a_group_share_its_records,
    each_group_reads_everything,
    an_onlooker_sees_what_comes_from_now_on,
    the_lag_is_what_is_not_done_with,
    ten_megabytes_pass,
    making_topics_twice_changes_nothing,
}

/// 20 numbers of each of 5 keys, in turn.
fn mixed(topic: &str) -> Vec<Record> {
    (0..100).map(|at| numbered(topic, &format!("key-{}", at % 5), at / 5)).collect()
}

async fn topic(log: &dyn EventLog) -> String {
    let topic = unique("vectis.testing");
    log.ensure_topics(&[&topic]).await.unwrap();
    topic
}

async fn records_come_as_they_were_written_in_the_order_of_their_key(log: &dyn EventLog) {
    let topic = topic(log).await;
    let written = mixed(&topic);

    log.append(&written[..50]).await.unwrap();
    log.append(&written[50..]).await.unwrap();
    let mut subscription = log.subscribe(&unique("group"), &[&topic]).await.unwrap();
    let delivered = read(&mut *subscription, 100).await;

    let mut by_key: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in &delivered {
        let (key, number) = number(record);
        by_key.entry(key).or_default().push(number);
    }
    assert_eq!(by_key.len(), 5);
    assert!(by_key.values().all(|numbers| *numbers == (0..20).collect::<Vec<_>>()), "{by_key:?}");
    for record in &delivered {
        let headers = &record.record.headers;
        let original = written.iter().find(|one| one.headers["event-id"] == headers["event-id"]).unwrap();
        assert_eq!(*headers, original.headers);
        assert_eq!(record.record.topic, original.topic);
        let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
        assert_eq!(value(&record.record.payload), value(&original.payload));
    }
    assert_silent(&mut *subscription).await;
}

async fn a_group_goes_on_where_it_has_come_to(log: &dyn EventLog) {
    let (topic, group) = (topic(log).await, unique("group"));
    log.append(&mixed(&topic)).await.unwrap();
    let mut first = log.subscribe(&group, &[&topic]).await.unwrap();
    read(&mut *first, 100).await;
    drop(first);

    log.append(&[numbered(&topic, "key-0", 20)]).await.unwrap();
    let mut second = log.subscribe(&group, &[&topic]).await.unwrap();

    assert_eq!(number(&read(&mut *second, 1).await[0]), ("key-0".to_owned(), 20));
    assert_silent(&mut *second).await;
}

async fn what_was_not_committed_comes_again(log: &dyn EventLog) {
    let (topic, group) = (topic(log).await, unique("group"));
    log.append(&[numbered(&topic, "one", 1)]).await.unwrap();
    let mut first = log.subscribe(&group, &[&topic]).await.unwrap();
    let seen = first.next(100, Duration::from_secs(30)).await.unwrap();
    drop(first);

    let mut second = log.subscribe(&group, &[&topic]).await.unwrap();

    assert_eq!(read(&mut *second, 1).await, seen);
}

async fn members_of_a_group_share_its_records(log: &dyn EventLog) {
    let (topic, group) = (topic(log).await, unique("group"));
    let mut first = log.subscribe(&group, &[&topic]).await.unwrap();
    let mut second = log.subscribe(&group, &[&topic]).await.unwrap();
    let (mut of_first, mut of_second) = (BTreeSet::new(), BTreeSet::new());

    // Sharing begins some time after joining: write until both have got something.
    let started = Instant::now();
    let mut written = 0;
    while of_first.is_empty() || of_second.is_empty() || of_first.len() + of_second.len() < written {
        assert!(started.elapsed() < Duration::from_secs(90), "{} and {}", of_first.len(), of_second.len());
        if of_first.is_empty() || of_second.is_empty() {
            log.append(
                &(0..40).map(|at| numbered(&topic, &format!("key-{at}"), written)).collect::<Vec<_>>(),
            )
            .await
            .unwrap();
            written += 40;
        }
        for (member, seen) in [(&mut first, &mut of_first), (&mut second, &mut of_second)] {
            // A member that lost a place in the middle of a batch gets or gives the batch again.
            if let Ok(batch) = member.next(100, Duration::from_millis(200)).await {
                let committed = member.commit().await;
                assert!(matches!(committed, Ok(()) | Err(LogError::Lost)), "{committed:?}");
                seen.extend(batch.iter().map(|record| record.record.headers["event-id"].clone()));
            }
        }
    }

    let all: BTreeSet<&String> = of_first.union(&of_second).collect();
    assert_eq!(all.len(), written);
}

async fn each_group_reads_everything(log: &dyn EventLog) {
    let topic = topic(log).await;
    log.append(&mixed(&topic)).await.unwrap();

    for _ in 0..2 {
        let mut subscription = log.subscribe(&unique("group"), &[&topic]).await.unwrap();
        assert_eq!(read(&mut *subscription, 100).await.len(), 100);
    }
}

async fn an_onlooker_sees_what_comes_from_now_on(log: &dyn EventLog) {
    let topic = topic(log).await;
    log.append(&[numbered(&topic, "one", 1)]).await.unwrap();
    // Until it can be read it is still to come: transactions elsewhere on the server may hold it back.
    read(&mut *log.subscribe(&unique("group"), &[&topic]).await.unwrap(), 1).await;

    let mut onlooker = log.watch(&[&topic]).await.unwrap();
    log.append(&[numbered(&topic, "one", 2)]).await.unwrap();

    assert_eq!(number(&read(&mut *onlooker, 1).await[0]), ("one".to_owned(), 2));
}

async fn the_lag_is_what_is_not_done_with(log: &dyn EventLog) {
    let (topic, group) = (topic(log).await, unique("group"));
    log.append(&mixed(&topic)).await.unwrap();
    let mut subscription = log.subscribe(&group, &[&topic]).await.unwrap();
    read(&mut *subscription, 100).await;
    assert_eq!(subscription.lag().await.unwrap(), 0);

    log.append(&mixed(&topic)[..7]).await.unwrap();

    assert_eq!(subscription.lag().await.unwrap(), 7);
}

async fn ten_megabytes_pass(log: &dyn EventLog) {
    let topic = topic(log).await;
    let mut record = numbered(&topic, "large", 1);
    let text = "0123456789abcdef".repeat(10 * 65_536);
    record.payload = serde_json::json!({ "data": { "text": text } }).to_string().into_bytes();

    log.append(&[record.clone(), numbered(&topic, "large", 2)]).await.unwrap();
    let mut subscription = log.subscribe(&unique("group"), &[&topic]).await.unwrap();
    let delivered = read(&mut *subscription, 2).await;

    assert!(delivered[0].record.payload.len() >= 10 * 1024 * 1024);
    assert_eq!(number(&delivered[1]), ("large".to_owned(), 2));
}

async fn making_topics_twice_changes_nothing(log: &dyn EventLog) {
    let topic = topic(log).await;
    log.append(&[numbered(&topic, "one", 1)]).await.unwrap();

    log.ensure_topics(&[&topic]).await.unwrap();

    let mut subscription = log.subscribe(&unique("group"), &[&topic]).await.unwrap();
    assert_eq!(read(&mut *subscription, 1).await.len(), 1);
}
