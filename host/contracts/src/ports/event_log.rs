//! The event log: Kafka or Redpanda, or the outbox of the database itself. A record is kept in the order of its key; a
//! reader gets every record at least once.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

/// Names of the headers that every record of ours carries.
pub mod header {
    /// The event's id; consumers dedupe by it.
    pub const EVENT_ID: &str = "event-id";
    /// `vectis.orders.order_placed.v1`
    pub const EVENT_TYPE: &str = "event-type";
    /// `1`
    pub const SCHEMA_VERSION: &str = "schema-version";
    /// W3C trace context of the request that the event came from.
    pub const TRACEPARENT: &str = "traceparent";
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `vectis.orders`
    pub topic: String,
    /// Records of one key stay in order. The aggregate's id for events of ours.
    pub key: String,
    /// By name; see [`header`].
    pub headers: BTreeMap<String, String>,
    /// The envelope as JSON; from outside it may be anything.
    pub payload: Vec<u8>,
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// As it was written.
    pub record: Record,
    /// Part of the topic that it stands in.
    pub partition: i32,
    /// Its place there; rises.
    pub offset: i64,
}

/// Why the log did not do it.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It cannot be reached, or does not answer in time. What was sent may have arrived: sending it again is right.
    #[error("the event log cannot be reached: {0}")]
    Unavailable(String),
    /// It will never take this record: too large, or nothing the log can hold.
    #[error("the event log refuses record {index}: {reason}")]
    Refused {
        /// Which of those sent. Those before it are written; those behind it must be sent again.
        index: usize,
        /// Why.
        reason: String,
    },
    /// Somebody else reads in this place now; subscribe again.
    #[error("another process has taken over reading")]
    Lost,
}

/// The log.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// `embedded` or `kafka`, for people.
    fn name(&self) -> &'static str;
    /// Creates the topics that are missing; those there are left as they are.
    async fn ensure_topics(&self, topics: &[&str]) -> Result<(), LogError>;
    /// Writes records. When it returns they are durable, in the order given within each key. After a failure any number of
    /// them may be there: send all again, readers dedupe.
    async fn append(&self, records: &[Record]) -> Result<(), LogError>;
    /// Reads topics as one of a group: each record goes to one of its members, from the beginning at first, later from
    /// where the group has come to.
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError>;
    /// Gives a group that is new its place: before the oldest record, or behind all there are. False when the log gives no
    /// place before the first commit, so that every new group is before the oldest.
    async fn begin(&self, group: &str, from_beginning: bool) -> Result<bool, LogError>;
    /// How many records of the topics a group is not yet done with, wherever it reads.
    async fn lag_of(&self, group: &str, topics: &[&str]) -> Result<u64, LogError>;
    /// Forgets a group that nobody reads for any more, and its place.
    async fn forget(&self, group: &str) -> Result<(), LogError>;
    /// Reads topics alone, from now on, and leaves no trace: for people who look.
    async fn watch(&self, topics: &[&str]) -> Result<Box<dyn Subscription>, LogError>;
}

/// A reader at its place. Whoever drops it without [`Subscription::commit`] gets the same records again.
#[async_trait]
pub trait Subscription: Send {
    /// The next records, at most so many, those of a key in order. Waits for the first one as long as told, then answers
    /// with none.
    async fn next(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivered>, LogError>;
    /// Everything delivered so far is done with.
    async fn commit(&mut self) -> Result<(), LogError>;
    /// How many records of the places it reads are not yet done with.
    async fn lag(&mut self) -> Result<u64, LogError>;
}
