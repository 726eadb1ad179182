//! How subscriptions are told, on both logs: in order, at least once, with a dead letter for what nobody can take, and nothing kept
//! for those that are over.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::event_log::{EventLog, Record};
use vectis_contracts::ports::event_observers::{
    Declared, EventObservers, Observed, Subscription, SubscriptionId, Untold,
};
use vectis_db::{Db, dead_letters, outbox, subscribers};
use vectis_events::housekeeping::{Keep, clean_up};
use vectis_events::subscribers::Subscribers;
use vectis_tests::broker::Broker;

use super::feed::until;
use super::logs::{Embedded, kafka, numbered, unique};

const TOPIC: &str = "vectis.accounts";
const EVENT: &str = "vectis.accounts.group_created.v1";
const ATTEMPTS: u32 = 3;

/// What a number does to the plugin.
#[derive(Clone, Copy)]
enum Fault {
    /// It is to be tried again so often.
    Later(u32),
    Never,
    Crashes,
}

/// A plugin with one subscription.
struct Plugin {
    declared: Mutex<Declared>,
    id: SubscriptionId,
    faults: Mutex<HashMap<u64, Fault>>,
    told: Mutex<Vec<(String, u64)>>,
    calls: Mutex<Vec<usize>>,
}

impl Plugin {
    fn new(from_beginning: bool, batch: usize, faults: &[(u64, Fault)]) -> Arc<Self> {
        let id = SubscriptionId { plugin: unique("plugin").replace('_', "-"), name: "numbers".to_owned() };
        let subscription = Subscription {
            id: id.clone(),
            events: vec![EVENT.to_owned()],
            from_beginning,
            batch,
            is_granted: true,
            waits: None,
        };
        let declared = Declared { plugins: [id.plugin.clone()].into(), subscriptions: vec![subscription] };
        Arc::new(Self {
            declared: Mutex::new(declared),
            id,
            faults: Mutex::new(faults.iter().copied().collect()),
            told: Mutex::default(),
            calls: Mutex::default(),
        })
    }

    fn waits(&self, why: Option<&str>) {
        self.declared.lock().unwrap().subscriptions[0].waits = why.map(str::to_owned);
    }

    fn told(&self) -> Vec<(String, u64)> {
        self.told.lock().unwrap().clone()
    }

    fn numbers(&self) -> Vec<u64> {
        self.told().into_iter().map(|(_, number)| number).collect()
    }

    fn judge(&self, number: u64) -> Result<Observed, Untold> {
        match self.faults.lock().unwrap().get_mut(&number) {
            None | Some(Fault::Later(0)) => Ok(Observed::Taken),
            Some(Fault::Later(times)) => {
                *times -= 1;
                Ok(Observed::Retry("not now".to_owned()))
            }
            Some(Fault::Never) => Ok(Observed::GiveUp("never".to_owned())),
            Some(Fault::Crashes) => {
                Err(Untold::Failed { reason: "it crashed".to_owned(), has_crashed: true })
            }
        }
    }
}

#[async_trait]
impl EventObservers for Plugin {
    fn declared(&self) -> Declared {
        self.declared.lock().unwrap().clone()
    }

    async fn tell(
        &self,
        _: &SubscriptionId,
        _: DateTime<Utc>,
        events: &[IncomingEvent],
    ) -> Result<Vec<Observed>, Untold> {
        self.calls.lock().unwrap().push(events.len());
        let numbers: Vec<u64> =
            events.iter().map(|event| event.envelope["data"]["number"].as_u64().unwrap()).collect();
        let (mut outcomes, mut held_back) = (Vec::new(), HashSet::new());
        for (event, number) in events.iter().zip(&numbers) {
            let outcome = match held_back.contains(&event.key) {
                true => Observed::Retry("it waits for another".to_owned()),
                false => self.judge(*number)?,
            };
            if matches!(outcome, Observed::Retry(_)) {
                held_back.insert(event.key.clone());
            }
            outcomes.push(outcome);
        }
        let mut told = self.told.lock().unwrap();
        for ((event, number), outcome) in events.iter().zip(numbers).zip(&outcomes) {
            if *outcome == Observed::Taken {
                told.push((event.key.clone(), number));
            }
        }
        Ok(outcomes)
    }
}

/// An event of the subscription's type, true from now on.
fn event(key: &str, number: usize) -> Record {
    let mut record = numbered(TOPIC, key, number);
    record.headers.insert("event-type".to_owned(), EVENT.to_owned());
    let id = record.headers["event-id"].clone();
    #[expect(clippy::disallowed_methods, reason = "a sender outside has a clock of its own")]
    let now = Utc::now();
    let payload = json!({ "id": id, "type": EVENT, "occurredAt": now, "data": { "number": number } });
    record.payload = payload.to_string().into_bytes();
    record
}

fn told_by(db: &Db, log: &Arc<dyn EventLog>, plugin: &Arc<Plugin>) -> Subscribers {
    Subscribers {
        db: db.clone(),
        log: log.clone(),
        observers: plugin.clone(),
        attempts: ATTEMPTS,
        retry_wait: Duration::from_millis(1),
    }
}

/// Runs so many processes that tell the plugin while `work` is done.
async fn telling(
    db: &Db,
    log: &Arc<dyn EventLog>,
    plugin: &Arc<Plugin>,
    processes: usize,
    work: impl Future<Output = ()>,
) {
    let stop = CancellationToken::new();
    let all: Vec<Subscribers> = (0..processes).map(|_| told_by(db, log, plugin)).collect();
    let running = futures_util::future::join_all(all.iter().map(|one| one.run(stop.clone())));
    let working = async {
        work.await;
        stop.cancel();
    };
    tokio::join!(running, working);
}

async fn began(db: &Db, plugin: &Plugin) {
    until(true, async || {
        subscribers::list(db).await.unwrap().iter().any(|known| known.reader == plugin.id.reader())
    })
    .await;
}

/// Keys and the numbers each was told with, in order.
fn by_key(told: Vec<(String, u64)>) -> BTreeMap<String, Vec<u64>> {
    let mut keys: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for (key, number) in told {
        keys.entry(key).or_default().push(number);
    }
    keys
}

async fn in_order_and_once(db: &Db, log: &Arc<dyn EventLog>) {
    let plugin = Plugin::new(false, 10, &[]);
    log.ensure_topics(&[TOPIC]).await.unwrap();
    log.append(&(0..20).map(|number| event("before", number)).collect::<Vec<_>>()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    telling(db, log, &plugin, 2, async {
        began(db, &plugin).await;
        for number in 0..200 {
            log.append(&[event(&format!("key-{}", number % 7), number)]).await.unwrap();
        }
        until(200, async || plugin.told().len()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;

    let keys = by_key(plugin.told());
    assert_eq!(keys.len(), 7, "what was there before it began is not told");
    assert!(keys.values().all(|numbers| numbers.is_sorted()), "{keys:?}");
    assert_eq!(plugin.told().len(), 200, "one process tells, not both");
    assert!(plugin.calls.lock().unwrap().iter().all(|events| *events <= 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_in_their_order_and_once_from_the_outbox() {
    let embedded = Embedded::new().await;
    in_order_and_once(&embedded.db, &embedded.log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_told_in_their_order_and_once_from_a_broker() {
    let Some(broker) = Broker::shared().await else { return };
    let embedded = Embedded::new().await;
    let log: Arc<dyn EventLog> = Arc::new(kafka(broker));
    in_order_and_once(&embedded.db, &log).await;
}

/// Tells 1 to 8, all of one key, until so many are taken and so many put away.
async fn told_with(faults: &[(u64, Fault)], taken: usize, dead: usize) -> (Embedded, Arc<Plugin>) {
    let embedded = Embedded::new().await;
    let plugin = Plugin::new(true, 10, faults);
    embedded.log.append(&(1..=8).map(|number| event("one", number)).collect::<Vec<_>>()).await.unwrap();
    telling(&embedded.db, &embedded.log, &plugin, 1, async {
        until((taken, dead), async || {
            (plugin.told().len(), dead_letters::list(&embedded.db, None, 100).await.unwrap().len())
        })
        .await;
    })
    .await;
    (embedded, plugin)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_wants_to_be_tried_again_is_before_the_next_one() {
    let (_, plugin) = told_with(&[(1, Fault::Later(2))], 8, 0).await;

    assert_eq!(plugin.numbers(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_crashes_the_plugin_is_put_away_after_two_crashes_and_the_rest_goes_on() {
    let (embedded, plugin) = told_with(&[(3, Fault::Crashes)], 7, 1).await;

    let letters = dead_letters::list(&embedded.db, Some(&plugin.id.reader()), 10).await.unwrap();
    assert_eq!((letters[0].reason.as_str(), letters[0].attempts), ("it crashed", 1));
    assert_eq!(plugin.numbers(), [1, 2, 4, 5, 6, 7, 8]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_or_tried_too_often_is_put_away() {
    let (embedded, plugin) = told_with(&[(2, Fault::Never), (5, Fault::Later(99))], 6, 2).await;

    let letters = dead_letters::list(&embedded.db, None, 10).await.unwrap();
    let mut reasons: Vec<_> =
        letters.iter().map(|letter| (letter.reason.as_str(), letter.attempts)).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, [("never", 1), ("not now", 3)]);
    let mut numbers = plugin.numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 3, 4, 6, 7, 8]);
    let failure = &subscribers::list(&embedded.db).await.unwrap()[0].last_failure;
    assert!(failure.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_plugin_that_is_away() {
    let embedded = Embedded::new().await;
    let plugin = Plugin::new(false, 10, &[]);
    telling(&embedded.db, &embedded.log, &plugin, 1, async {
        began(&embedded.db, &plugin).await;
        plugin.waits(Some("it is switched off"));
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        embedded.log.append(&[event("one", 1), event("one", 2)]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(plugin.numbers(), [] as [u64; 0]);
        assert_eq!(embedded.log.lag_of(&plugin.id.reader(), &[TOPIC]).await.unwrap(), 2);
        plugin.waits(None);
        until(2, async || plugin.told().len()).await;
    })
    .await;
    assert_eq!(plugin.numbers(), [1, 2]);
}

/// How many readers are known, in the log and beside it.
async fn known(db: &Db, plugin: &Plugin) -> (usize, usize) {
    let reader = plugin.id.reader();
    let subscribers = subscribers::list(db).await.unwrap();
    let standings = outbox::standings(db).await.unwrap();
    (
        subscribers.iter().filter(|known| known.reader == reader).count(),
        standings.iter().filter(|standing| standing.name == reader).count(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_declared_no_more_leaves_nothing_behind() {
    let embedded = Embedded::new().await;
    let plugin = Plugin::new(true, 10, &[]);
    embedded.log.append(&[event("one", 1)]).await.unwrap();
    telling(&embedded.db, &embedded.log, &plugin, 1, async {
        until(1, async || plugin.told().len()).await;
        assert_eq!(known(&embedded.db, &plugin).await, (1, 1));
        plugin.declared.lock().unwrap().subscriptions.clear();
        until((0, 0), async || known(&embedded.db, &plugin).await).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_of_a_plugin_that_is_gone_waits_but_not_for_ever() {
    let embedded = Embedded::new().await;
    let plugin = Plugin::new(true, 10, &[]);
    telling(&embedded.db, &embedded.log, &plugin, 1, began(&embedded.db, &plugin)).await;
    plugin.waits(Some("gone"));
    embedded.log.append(&[event("one", 1)]).await.unwrap();
    // The event stands in the slot of ten days ago.
    sqlx::query("UPDATE events.outbox SET slot = (slot + 22) % 32")
        .execute(embedded.db.pool())
        .await
        .unwrap();
    let week = Duration::from_secs(7 * 86_400);
    let keep = Keep { outbox: week, inbox: week, readers: Vec::new(), has_subscribers: true };
    let held = async || outbox::read_after(&embedded.db, outbox::Cursor::default(), 10).await.unwrap().len();

    clean_up(&embedded.db, &keep).await.unwrap();
    assert_eq!(held().await, 1, "served of late, it holds the slot");

    sqlx::query("UPDATE events.subscriber SET served_at = now() - interval '8 days'")
        .execute(embedded.db.pool())
        .await
        .unwrap();
    clean_up(&embedded.db, &keep).await.unwrap();
    assert_eq!(held().await, 0, "nobody waits longer than events are kept");
    assert_eq!(known(&embedded.db, &plugin).await, (1, 1), "should it come back, it goes on from there");
}
