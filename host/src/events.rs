//! The wiring of events: which log, who relays, who consumes.

use std::sync::Arc;
use std::time::Duration;

use vectis_contracts::audit::Audit;
use vectis_contracts::inventory::{Inventory, StockFeed};
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::ports::event_log::EventLog;
use vectis_contracts::ports::event_observers::EventObservers;
use vectis_contracts::pricing::PriceFeed;
use vectis_contracts::products::Products;
use vectis_db::Db;
use vectis_db::outbox::Signal;
use vectis_events::consumer::Consumer;
use vectis_events::desk::Desk;
use vectis_events::embedded::EmbeddedLog;
use vectis_events::feeds;
use vectis_events::housekeeping::{self, Keep};
use vectis_events::relay::{self, Relay};
use vectis_events::subscribers::Subscribers;
use vectis_kernel::Ctx;

use crate::config::Events as Config;
use crate::tasks::Tasks;

const CLEAN_UP_EVERY: Duration = Duration::from_secs(600);
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// The parts of the event boundary.
pub struct Events {
    /// The outbox as a log.
    pub outbox: Arc<dyn EventLog>,
    /// The broker, when one is configured.
    pub broker: Option<Arc<dyn EventLog>>,
    signal: Signal,
    db: Db,
    config: Config,
}

/// Contracts that feeds work on.
pub struct Fed {
    /// Who knows SKUs.
    pub products: Arc<dyn Products>,
    /// Who knows warehouses.
    pub inventory: Arc<dyn Inventory>,
    /// Whose stock follows.
    pub stock: Arc<dyn StockFeed>,
    /// Whose prices follow.
    pub prices: Arc<dyn PriceFeed>,
    /// What search takes in.
    pub search: Arc<dyn EventHandler>,
}

/// Everybody who takes events in.
pub fn handlers(fed: Fed) -> Vec<Arc<dyn EventHandler>> {
    let Fed { products, inventory, stock, prices, search } = fed;
    vec![
        Arc::new(feeds::Stock { products: products.clone(), inventory, stock }),
        Arc::new(feeds::Prices { products, prices }),
        search,
    ]
}

impl Events {
    /// Reads the configuration; connects to nothing yet.
    pub fn new(db: &Db, config: &Config) -> anyhow::Result<Self> {
        let signal = Signal::of(db);
        let outbox = Arc::new(EmbeddedLog::new(db.clone(), signal.clone(), config.look_interval));
        let broker = broker(config)?;
        Ok(Self { outbox, broker, signal, db: db.clone(), config: config.clone() })
    }

    /// The log that consumers read: the broker's, or the outbox.
    pub fn log(&self) -> Arc<dyn EventLog> {
        self.broker.clone().unwrap_or_else(|| self.outbox.clone())
    }

    /// Knocks at the readers of other processes when this one has committed.
    pub fn start_knocking(&self, tasks: &Tasks) {
        let (signal, db, stop) = (self.signal.clone(), self.db.clone(), tasks.stopping());
        tasks.insist("events.knock", move || {
            let (signal, db, stop) = (signal.clone(), db.clone(), stop.clone());
            async move { Ok(signal.knock(&db, stop.cancelled()).await?) }
        });
    }

    /// Hears the knocks of other processes.
    pub fn start_listening(&self, tasks: &Tasks) {
        let (signal, db, stop) = (self.signal.clone(), self.db.clone(), tasks.stopping());
        tasks.insist("events.listen", move || {
            let (signal, db, stop) = (signal.clone(), db.clone(), stop.clone());
            async move { Ok(signal.listen(&db, stop.cancelled()).await?) }
        });
    }

    /// Relays, if there is a broker.
    pub fn start_relay(&self, tasks: &Tasks) {
        let Some(broker) = self.broker.clone() else { return };
        let relay =
            Relay { db: self.db.clone(), outbox: self.outbox.clone(), broker, batch: self.config.batch };
        let stop = tasks.stopping();
        tasks.spawn(async move { relay.run(stop).await });
    }

    /// Consumes, one task for each handler.
    pub fn start_consumers(&self, tasks: &Tasks, handlers: &[Arc<dyn EventHandler>]) {
        for handler in handlers {
            let consumer = Consumer {
                db: self.db.clone(),
                log: self.log(),
                handler: handler.clone(),
                batch: self.config.batch,
                attempts: self.config.attempts,
                retry_wait: self.config.retry_wait,
            };
            let stop = tasks.stopping();
            tasks.spawn(async move { consumer.run(stop).await });
        }
    }

    /// Tells plugins, one task for each subscription.
    pub fn start_subscribers(&self, tasks: &Tasks, observers: Arc<dyn EventObservers>) {
        let subscribers = Subscribers {
            db: self.db.clone(),
            log: self.log(),
            observers,
            attempts: self.config.attempts,
            retry_wait: self.config.retry_wait,
        };
        let stop = tasks.stopping();
        tasks.spawn(async move { subscribers.run(stop).await });
    }

    /// What staff see and decide.
    pub fn desk(
        &self,
        handlers: Vec<Arc<dyn EventHandler>>,
        observers: Arc<dyn EventObservers>,
        audit: Arc<dyn Audit>,
    ) -> Desk {
        Desk { db: self.db.clone(), log: self.log(), broker: self.broker.clone(), handlers, observers, audit }
    }

    /// Cleans up and measures. `consumers` are all there are, wherever they run.
    pub fn start_housekeeping(&self, tasks: &Tasks, consumers: &[&'static str]) {
        let readers = if self.broker.is_some() { vec![relay::READER] } else { consumers.to_vec() };
        let keep = Keep {
            outbox: self.config.retention,
            inbox: self.config.inbox_retention,
            readers,
            has_subscribers: self.broker.is_none(),
        };
        let db = self.db.clone();
        tasks.every("events.clean_up", CLEAN_UP_EVERY, move || {
            let (db, keep) = (db.clone(), keep.clone());
            async move { Ok(housekeeping::clean_up(&db, &keep).await?) }
        });
        let db = self.db.clone();
        tasks.every("events.measure", MEASURE_EVERY, move || {
            let db = db.clone();
            async move { Ok(housekeeping::measure(&db, &Ctx::system("measure")).await?) }
        });
    }
}

/// The consumers' names, for those who have no services to make handlers of.
pub const CONSUMERS: [&str; 5] = [
    feeds::STOCK_CONSUMER,
    feeds::PRICE_CONSUMER,
    vectis_contracts::search::CONSUMER,
    vectis_webhook_sender::CONSUMER,
    vectis_contracts::workflows::CONSUMER,
];

#[cfg(feature = "kafka")]
fn broker(config: &Config) -> anyhow::Result<Option<Arc<dyn EventLog>>> {
    use vectis_events_kafka::{KafkaLog, Settings};
    if config.brokers.is_empty() {
        return Ok(None);
    }
    let kafka = &config.kafka;
    let properties = kafka.properties.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
    Ok(Some(Arc::new(KafkaLog::new(Settings {
        brokers: config.brokers.clone(),
        partitions: kafka.partitions,
        replication_factor: kafka.replication_factor,
        largest_record: kafka.largest_record_kb * 1024,
        acknowledge_timeout: kafka.acknowledge_timeout,
        properties: properties.collect(),
    }))))
}

#[cfg(not(feature = "kafka"))]
fn broker(config: &Config) -> anyhow::Result<Option<Arc<dyn EventLog>>> {
    anyhow::ensure!(
        config.brokers.is_empty(),
        "events.brokers is set, but this program was built without the feature \"kafka\"; build it with the feature or \
         leave the key empty"
    );
    Ok(None)
}
