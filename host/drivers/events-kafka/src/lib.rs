//! The event log on Kafka, Redpanda or whatever speaks their protocol, by librdkafka.
//!
//! *Owns*: the broker driver of [`vectis_contracts::ports::event_log`]. *Depends on*: `contracts`; only the host depends on it,
//! so that nobody else compiles librdkafka. *Invariants*: acknowledged by all replicas; an idempotent producer that gives no
//! record up by itself, thrown away with all it has at the first failure, so that nothing overtakes what failed; a place is
//! committed only by whoever still has the partition. *Start reading at*: [`KafkaLog`].

mod producer;
mod subscription;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use vectis_contracts::ports::event_log::{EventLog, LogError, Record, Subscription};

use crate::producer::Producer;
use crate::subscription::Reading;

/// How long the broker may take for administration and look-ups.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the broker is, and how topics are made.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`, several with commas.
    pub brokers: String,
    /// Partitions of a topic that is made here.
    pub partitions: i32,
    /// Copies of each; 0 leaves it to the broker.
    pub replication_factor: i32,
    /// Largest record.
    pub largest_record: usize,
    /// How long the broker may take to acknowledge a record.
    pub acknowledge_timeout: Duration,
    /// Properties of librdkafka, such as `security.protocol`.
    pub properties: BTreeMap<String, String>,
}

/// The broker.
pub struct KafkaLog {
    settings: Settings,
    producer: Producer,
}

impl KafkaLog {
    /// Reads the settings; connects when there is something to do.
    pub fn new(settings: Settings) -> Self {
        let producer = Producer::new(producing(&settings), settings.acknowledge_timeout);
        Self { settings, producer }
    }

    fn consuming(&self, group: &str, from: &str) -> ClientConfig {
        let largest = self.settings.largest_record.to_string();
        let mut config = client(&self.settings);
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", from)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", "10000")
            .set("fetch.message.max.bytes", &largest)
            // A few large records, not hundreds of them, wait in memory.
            .set("queued.max.messages.kbytes", "65536")
            .set("allow.auto.create.topics", "false");
        config
    }
}

fn client(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("client.id", "vectis").set("bootstrap.servers", &settings.brokers);
    config.set("reconnect.backoff.max.ms", "2000").set("topic.metadata.refresh.interval.ms", "30000");
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config
}

fn producing(settings: &Settings) -> ClientConfig {
    let mut config = client(settings);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("message.max.bytes", settings.largest_record.to_string())
        // librdkafka tries for ever and in order; a record that it gave up would be overtaken. Who waits gives up all.
        .set("message.timeout.ms", "0")
        .set("queue.buffering.max.kbytes", "262144")
        .set("compression.type", "lz4")
        // As Java's clients do it, so that all who write a key meet in one partition.
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "2");
    config
}

pub(crate) fn unavailable(error: &KafkaError) -> LogError {
    LogError::Unavailable(error.to_string())
}

#[async_trait]
impl EventLog for KafkaLog {
    fn name(&self) -> &'static str {
        "kafka"
    }

    async fn ensure_topics(&self, topics: &[&str]) -> Result<(), LogError> {
        let copies = match self.settings.replication_factor {
            0 => -1,
            factor => factor,
        };
        let largest = self.settings.largest_record.to_string();
        let wanted: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|topic| {
                NewTopic::new(topic, self.settings.partitions, TopicReplication::Fixed(copies))
                    .set("max.message.bytes", &largest)
            })
            .collect();
        let admin: AdminClient<DefaultClientContext> =
            client(&self.settings).create().map_err(|error| unavailable(&error))?;
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let made = admin.create_topics(&wanted, &options).await.map_err(|error| unavailable(&error))?;
        for outcome in made {
            match outcome {
                Ok(topic) => tracing::info!(topic, partitions = self.settings.partitions, "topic created"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(LogError::Unavailable(format!("the topic {topic} cannot be made: {code}")));
                }
            }
        }
        Ok(())
    }

    async fn append(&self, records: &[Record]) -> Result<(), LogError> {
        self.producer.append(records).await
    }

    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError> {
        let reading = Reading::member(&self.consuming(group, "earliest"), topics)?;
        Ok(Box::new(reading))
    }

    /// A group has no place before it commits; what it is not to be told of is told apart by time.
    async fn begin(&self, _group: &str, _from_beginning: bool) -> Result<bool, LogError> {
        Ok(false)
    }

    async fn lag_of(&self, group: &str, topics: &[&str]) -> Result<u64, LogError> {
        subscription::lag_of(self.consuming(group, "earliest"), topics).await
    }

    async fn forget(&self, group: &str) -> Result<(), LogError> {
        let admin: AdminClient<DefaultClientContext> =
            client(&self.settings).create().map_err(|error| unavailable(&error))?;
        let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
        let gone = admin.delete_groups(&[group], &options).await.map_err(|error| unavailable(&error))?;
        for outcome in gone {
            match outcome {
                Ok(_) | Err((_, RDKafkaErrorCode::GroupIdNotFound)) => {}
                Err((group, code)) => {
                    return Err(LogError::Unavailable(format!(
                        "the group {group} cannot be forgotten: {code}"
                    )));
                }
            }
        }
        Ok(())
    }

    async fn watch(&self, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError> {
        let config = self.consuming("vectis-watch", "latest");
        Ok(Box::new(Reading::onlooker(config, topics).await?))
    }
}
