//! Who is told of events without being part of the engine: the subscriptions of plugins.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::events::{SCHEMAS, topic_of};
use crate::ports::event_handler::IncomingEvent;

/// A subscription as the plugin of the moment declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose.
    pub id: SubscriptionId,
    /// Event types, or all of a domain: `vectis.orders.*`.
    pub events: Vec<String>,
    /// Whether the first event is the oldest there is, and not the next one.
    pub from_beginning: bool,
    /// Most events told at once.
    pub batch: usize,
    /// Whether the operator lets it have them.
    pub is_granted: bool,
    /// Why it is not told of anything now, and what to do about it.
    pub waits: Option<String>,
}

/// Plugin and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId {
    /// The plugin.
    pub plugin: String,
    /// Its name for it.
    pub name: String,
}

impl SubscriptionId {
    /// Under what name its place in the log is kept.
    pub fn reader(&self) -> String {
        format!("{READERS}{}.{}", self.plugin, self.name)
    }

    /// Whose place in the log is kept under the name.
    pub fn of_reader(reader: &str) -> Option<Self> {
        let (plugin, name) = reader.strip_prefix(READERS)?.split_once('.')?;
        Some(Self { plugin: plugin.to_owned(), name: name.to_owned() })
    }
}

/// What the names of their readers begin with.
const READERS: &str = "plugin.";

impl Subscription {
    /// Every event type it is told of.
    pub fn event_types(&self) -> BTreeSet<&'static str> {
        let types = SCHEMAS.iter().map(|(event_type, _)| *event_type);
        types.filter(|event_type| self.is_about(event_type)).collect()
    }

    /// Whether it is told of events of a type, also of one that only a later release knows.
    pub fn is_about(&self, event_type: &str) -> bool {
        self.events.iter().any(|wanted| names(wanted, event_type))
    }

    /// The topics those stand in.
    pub fn topics(&self) -> BTreeSet<&'static str> {
        self.event_types().into_iter().map(topic_of).collect()
    }
}

/// Whether `wanted`, a type or all of a domain, includes the type.
fn names(wanted: &str, event_type: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(domain) => event_type.starts_with(domain),
        None => wanted == event_type,
    }
}

/// All there are in this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Plugins that are loaded: what they do not declare, they no longer want.
    pub plugins: BTreeSet<String>,
    /// Their subscriptions.
    pub subscriptions: Vec<Subscription>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// It is done with.
    Taken,
    /// It may work later; why.
    Retry(String),
    /// It will never work; why.
    GiveUp(String),
}

/// Why a call told nothing of its events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// Nobody is there to be told: the events wait.
    #[error("{0}")]
    Away(String),
    /// The call failed.
    #[error("{reason}")]
    Failed {
        /// Why.
        reason: String,
        /// Whether it took the plugin's instance or process with it.
        has_crashed: bool,
    },
}

/// The plugins that observe.
#[async_trait]
pub trait EventObservers: Send + Sync {
    /// What the plugins of the moment declare.
    fn declared(&self) -> Declared;
    /// Tells a plugin of events; an answer for each, in order. No transaction may be open.
    async fn tell(
        &self,
        id: &SubscriptionId,
        at: DateTime<Utc>,
        events: &[IncomingEvent],
    ) -> Result<Vec<Observed>, Untold>;
}
