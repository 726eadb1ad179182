//! `[events]`

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfigError, Secret};

/// `[events]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Kafka or Redpanda: `host:port`, several with commas. Empty: the database itself is the event log.
    pub brokers: String,
    /// Whether `vectis serve` and `vectis up` also relay and consume. Switch it off where `vectis relay` and
    /// `vectis consume` run.
    pub run_in_server: bool,
    /// How long events stay in the database, in whole days, at most 30; longer while a reader is behind.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retention: Duration,
    /// How long consumers remember what they have taken in. Longer than any log keeps it.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub inbox_retention: Duration,
    /// How often readers look by themselves, should nobody knock.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub look_interval: Duration,
    /// Most events sent or taken in at once.
    pub batch: usize,
    /// How often an event is tried before it is a dead letter.
    pub attempts: u32,
    /// Wait after the first failure of an event; doubled after each.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retry_wait: Duration,
    /// The broker.
    pub kafka: Kafka,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            brokers: String::new(),
            run_in_server: true,
            retention: Duration::from_secs(7 * 86_400),
            inbox_retention: Duration::from_secs(60 * 86_400),
            look_interval: Duration::from_secs(1),
            batch: 500,
            attempts: 5,
            retry_wait: Duration::from_millis(200),
            kafka: Kafka::default(),
        }
    }
}

/// `[events.kafka]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// Partitions of topics that Vectis makes.
    pub partitions: i32,
    /// Copies of each; 0 leaves it to the broker.
    pub replication_factor: i32,
    /// Largest record, in kilobytes. An order of 10,000 lines needs about 4,000.
    pub largest_record_kb: usize,
    /// How long the broker may take to acknowledge a record.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub acknowledge_timeout: Duration,
    /// Properties of librdkafka, such as `"security.protocol"`; shown as `***`.
    pub properties: BTreeMap<String, Secret>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            partitions: 6,
            replication_factor: 0,
            largest_record_kb: 16_384,
            acknowledge_timeout: Duration::from_secs(30),
            properties: BTreeMap::new(),
        }
    }
}

impl Events {
    /// What the type cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let days = Duration::from_secs(vectis_db::outbox::MOST_DAYS * 86_400);
        let wrong = if self.retention > days {
            format!("events.retention is more than {} days", vectis_db::outbox::MOST_DAYS)
        } else if self.batch == 0 || self.batch > 10_000 {
            "events.batch is not between 1 and 10,000".to_owned()
        } else if self.attempts == 0 {
            "events.attempts is 0: nothing would ever be tried".to_owned()
        } else if self.kafka.acknowledge_timeout > Duration::from_secs(45) {
            "events.kafka.acknowledge_timeout is more than 45s: a relay that waits longer loses its place"
                .to_owned()
        } else if self.kafka.partitions < 1 {
            "events.kafka.partitions is less than 1".to_owned()
        } else {
            return Ok(());
        };
        Err(ConfigError::Invalid(wrong))
    }
}
