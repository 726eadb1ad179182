//! The event boundary: how fast a backlog is drained, and how long one fact takes to the broker's readers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::ports::event_log::{Delivered, EventLog, Subscription};
use vectis_db::outbox::{self, Signal};
use vectis_db::{Db, PoolSettings};
use vectis_events::consumer::Consumer;
use vectis_events::embedded::EmbeddedLog;
use vectis_events::relay::{READER, Relay};
use vectis_events_kafka::{KafkaLog, Settings};
use vectis_kernel::{Ctx, Event};
use vectis_tests::TestDatabase;
use vectis_tests::broker::Broker;

use crate::machine::Memory;
use crate::measure::{Effort, Operation, Samples, alone};
use crate::table::Row;

const EVENT: &str = "vectis.accounts.group_created.v1";
const TOPIC: &str = "vectis.accounts";
/// Events sent or taken in at once, as by default.
const BATCH: usize = 500;
/// Facts of one unit of work while the backlog is made.
const TOGETHER: usize = 100;

pub(crate) struct EventRows {
    pub(crate) consumed: Row,
    /// Where there is a broker.
    pub(crate) relayed: Option<[Row; 2]>,
}

/// On a database of its own, so that nothing else stands in the log.
pub(crate) async fn pass_on(effort: Effort) -> Result<EventRows> {
    let backlog = if effort.window < Effort::FULL.window { 2_000 } else { 50_000 };
    let boundary = Boundary::open().await?;
    boundary.tell(backlog).await?;
    let consumed = boundary.consume(backlog).await?;
    let Some(broker) = Broker::start_new().await else { return Ok(EventRows { consumed, relayed: None }) };
    let drained = boundary.relay(&broker, backlog).await?;
    let arrived = boundary.arrive(&broker, effort).await?;
    Ok(EventRows { consumed, relayed: Some([drained, arrived]) })
}

struct Boundary {
    db: Db,
    log: Arc<dyn EventLog>,
    _database: TestDatabase,
}

/// A task that ends with its handle.
struct Running {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Running {
    async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Counts what it is given.
struct Counting(Arc<AtomicUsize>);

#[async_trait]
impl EventHandler for Counting {
    fn consumer(&self) -> &'static str {
        "bench"
    }

    fn topics(&self) -> Vec<&'static str> {
        vec![TOPIC]
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        Some(vec![EVENT])
    }

    async fn handle(&self, _: &mut Tx, _: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        self.0.fetch_add(events.len(), Ordering::SeqCst);
        Ok(())
    }
}

impl Boundary {
    async fn open() -> Result<Self> {
        let database = TestDatabase::create().await;
        let db = Db::new(vectis_db::connect_url(database.url(), &PoolSettings::default()).await?);
        outbox::register_schemas(vectis_contracts::events::SCHEMAS)?;
        let log = EmbeddedLog::new(db.clone(), Signal::of(&db), Duration::from_secs(1));
        Ok(Self { db, log: Arc::new(log), _database: database })
    }

    async fn tell(&self, count: usize) -> Result<()> {
        let ctx = Ctx::system("bench");
        for _ in 0..count / TOGETHER {
            let events: Vec<Event> = (0..TOGETHER).map(|_| fact(ctx.new_id())).collect();
            let mut tx = self.db.begin().await?;
            outbox::append(&mut tx, &ctx, &events).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn consume(&self, count: usize) -> Result<Row> {
        let taken = Arc::<AtomicUsize>::default();
        let consumer = Consumer {
            db: self.db.clone(),
            log: self.log.clone(),
            handler: Arc::new(Counting(taken.clone())),
            batch: BATCH,
            attempts: 1,
            retry_wait: Duration::from_millis(1),
        };
        let started = Instant::now();
        let running = run(move |stop| async move { consumer.run(stop).await });
        while taken.load(Ordering::SeqCst) < count {
            ensure!(started.elapsed() < Duration::from_secs(300), "the backlog is not drained");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let row = drained("embedded log to a consumer with its inbox", count, started.elapsed())?;
        running.stop().await;
        Ok(row)
    }

    async fn relay(&self, broker: &Broker, count: usize) -> Result<Row> {
        let started = Instant::now();
        let running = self.relaying(broker);
        loop {
            let standings = outbox::standings(&self.db).await?;
            if standings.iter().any(|standing| standing.name == READER && standing.behind == 0) {
                break;
            }
            ensure!(started.elapsed() < Duration::from_secs(300), "the backlog is not drained");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let row = drained("outbox to Kafka by the relay", count, started.elapsed())?;
        running.stop().await;
        Ok(row)
    }

    fn relaying(&self, broker: &Broker) -> Running {
        let (db, outbox) = (self.db.clone(), self.log.clone());
        let relay = Relay { db, outbox, broker: Arc::new(kafka(broker)), batch: BATCH };
        run(move |stop| async move { relay.run(stop).await })
    }

    /// One fact at a time, until a reader of the broker has it.
    async fn arrive(&self, broker: &Broker, effort: Effort) -> Result<Row> {
        let running = self.relaying(broker);
        let subscription = kafka(broker).watch(&[TOPIC]).await?;
        let mut one = OneFact { db: self.db.clone(), subscription };
        let samples = alone(effort, &mut one).await?;
        running.stop().await;
        let name = "one event, from its commit to a reader of the broker";
        Ok(Row::new(name, samples, Memory::of_this_process()?.now_kb))
    }
}

fn run<F>(work: impl FnOnce(CancellationToken) -> F) -> Running
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(work(stop.clone()));
    Running { stop, tasks }
}

fn fact(group: Uuid) -> Event {
    Event::new(EVENT, "group", group, json!({ "groupId": group, "name": "bench" }))
}

fn kafka(broker: &Broker) -> KafkaLog {
    KafkaLog::new(Settings {
        brokers: broker.address(),
        partitions: 6,
        replication_factor: 0,
        largest_record: 16 * 1024 * 1024,
        acknowledge_timeout: Duration::from_secs(30),
        properties: Default::default(),
    })
}

/// A backlog as a row: nobody waits for one event of it, so each counts as the mean.
fn drained(what: &str, count: usize, time: Duration) -> Result<Row> {
    let mean = time / u32::try_from(count)?;
    let mut samples = Samples::default();
    (0..count).for_each(|_| samples.push(mean));
    let name = format!("drain {} events: {what} (mean)", super::grouped(count));
    Ok(Row { time, ..Row::new(name, samples, Memory::of_this_process()?.now_kb) })
}

struct OneFact {
    db: Db,
    subscription: Box<dyn Subscription>,
}

impl Operation for OneFact {
    type Ready = (Tx, Uuid);
    type Answer = (Uuid, Vec<Delivered>);

    async fn prepare(&mut self) -> Result<(Tx, Uuid)> {
        let ctx = Ctx::system("bench");
        let group = ctx.new_id();
        let mut tx = self.db.begin().await?;
        outbox::append(&mut tx, &ctx, &[fact(group)]).await?;
        Ok((tx, group))
    }

    async fn run(&mut self, (tx, group): (Tx, Uuid)) -> Result<(Uuid, Vec<Delivered>)> {
        tx.commit().await?;
        Ok((group, self.subscription.next(1, Duration::from_secs(60)).await?))
    }

    fn check(&self, (group, delivered): (Uuid, Vec<Delivered>)) -> Result<()> {
        let one = delivered.first().context("the event did not arrive")?;
        ensure!(one.record.key == group.to_string(), "another event arrived");
        Ok(())
    }
}
