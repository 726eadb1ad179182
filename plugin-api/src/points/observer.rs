//! `vectis.observer`: told of what has happened in the shop, in batches, some time after it did. Since API 1.2.
//!
//! A call may wait: an observer can pass events on over [`Host::http`], and use every other service of [`crate::services`]. It
//! never holds up what it is told of: that has been committed before, and goes on whatever the observer answers.
//!
//! # Subscribing
//!
//! ```toml
//! # plugin.toml
//! [entry-points."vectis.observer"]
//! notify = "Notifier"
//!
//! [capabilities]
//! events = ["vectis.orders.*"]                          # events carry data of customers, so the operator grants them
//!
//! [[subscriptions]]
//! name = "placed"                                       # its place in the log is kept under it, for ever
//! observer = "notify"                                   # the entry point
//! events = ["vectis.orders.order_placed.v1"]            # or all of a domain: vectis.orders.*
//! start = "now"                                         # or "beginning": all that the log still has
//! batch = 10                                            # most events of a call, 1 to 100; 10 when left out
//!
//! # vectis.toml
//! [plugins.grants.acme-notifier]
//! events = ["vectis.orders.*"]
//! ```
//!
//! Events belong to the shop and not to a channel: where the observer is activated in several channels, the configuration of
//! the highest priority counts, among equals that of the channel whose slug comes first. Activated in none it runs with an empty
//! configuration, if it can.
//!
//! # What the host promises
//!
//! - Each event comes at least once; [`Event::id`] tells the copies. Events of one aggregate come in their order.
//! - A call that fails as a whole is made again with each of its events alone. An event that is to be tried again is, a few
//!   times and a little later each time; then it is put away with the reason, where staff find it, and the next one comes.
//! - While the plugin is switched off, not granted its events or given up after crashes, events wait as long as the shop keeps
//!   them. The next version goes on where this one ended.
//!
//! # What an observer promises
//!
//! - Every event of the batch gets an answer, in the order of the batch, and one that is not taken says why.
//! - No event is taken behind one of the same aggregate that is to be tried again.
//! - An event of a type or with data that the observer does not know is no reason to fail the others.
//!
//! # A complete observer
//!
//! ```
//! use vectis_plugin_api::observer::{Event, Observer, ObserverCtx, Outcome, in_order};
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::services::{Request, Response};
//! use vectis_plugin_api::{Error, ErrorCode, Host, serde_json, testing};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
//! struct Config {
//!     /// Where events go.
//!     url: String,
//! }
//!
//! struct Notifier(Config, Host);
//!
//! impl Observer for Notifier {
//!     type Config = Config;
//!
//!     fn new(config: Config, host: Host) -> Result<Self, Error> {
//!         Ok(Self(config, host))
//!     }
//!
//!     fn observe(&self, ctx: &ObserverCtx, events: &[Event]) -> Result<Vec<Outcome>, Error> {
//!         Ok(in_order(ctx, events, |event| {
//!             let body = serde_json::json!({ "type": event.event_type, "data": event.data });
//!             let request = Request::post_json(&self.0.url, &body).header("event-id", event.id.to_string());
//!             match self.1.http(&request)?.status {
//!                 200..=299 => Ok(()),
//!                 status => Err(Error::new(ErrorCode::UNAVAILABLE, format!("it answers {status}"))),
//!             }
//!         }))
//!     }
//! }
//!
//! let host = testing::TestHost::default();
//! let notifier = testing::observer_on::<Notifier>(&host, r#"{ "url": "https://erp.example/events" }"#)?;
//! let events = [testing::event(1, |_| {}), testing::event(2, |_| {})];
//!
//! host.on_http(|_| Ok(Response::new(503, "")));
//! let outcomes = notifier.observe(&events)?;
//! assert_eq!(outcomes[0], Outcome::retry("it answers 503"));
//! assert!(outcomes[1].is_retry(), "the second event of the order waits for the first");
//!
//! host.on_http(|_| Ok(Response::new(200, "")));
//! assert_eq!(notifier.observe(&events)?, [Outcome::Taken, Outcome::Taken]);
//! # Ok::<(), Error>(())
//! ```

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abi::id::Id;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;

/// Is told of events.
///
/// One instance may be told of several subscriptions at once.
pub trait Observer: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the observer; runs at start, after a change of the configuration, and after a panic. Nothing that waits is
    /// served meanwhile.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// What became of each event, in their order; [`in_order`] makes it of what becomes of one. May wait for services of the
    /// host, until the call's deadline.
    ///
    /// # Errors
    /// The whole batch failed: the host tells each event again alone.
    fn observe(&self, ctx: &ObserverCtx, events: &[Event]) -> Result<Vec<Outcome>, Error>;
}

/// For which subscription, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObserverCtx {
    /// Its name in the manifest.
    pub subscription: String,
    /// Milliseconds since 1970, now; the event's own time stands in the event.
    pub now_ms: i64,
    #[serde(skip)]
    pub(crate) deadline: Deadline,
}

impl ObserverCtx {
    #[doc(hidden)]
    pub fn new(subscription: impl Into<String>, now_ms: i64) -> Self {
        Self { subscription: subscription.into(), now_ms, deadline: Deadline::after(0) }
    }

    /// Fails with [`ErrorCode::DEADLINE`](crate::ErrorCode::DEADLINE) once the time of the call is used up. Services of the
    /// host check it themselves.
    ///
    /// # Errors
    /// There is no time left.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }
}

/// Something that has happened. Its data has the JSON Schema that `vectis events schema TYPE` prints.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Copies of an event have the same one.
    pub id: Id,
    /// `vectis.orders.order_placed.v1`
    pub event_type: String,
    /// The version at the type's end.
    pub schema_version: u32,
    /// What it is about: `order`; empty for what another system sent in.
    pub aggregate_kind: String,
    /// Which one; [`Id::NIL`] for what another system sent in.
    pub aggregate_id: Id,
    /// 1, 2, 3 … within the aggregate, without gaps, counting events of all types; 0 when unknown.
    pub sequence: i64,
    /// When it happened, in milliseconds since 1970; 0 when unknown.
    pub occurred_at_ms: i64,
    /// The facts.
    pub data: serde_json::Value,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// It is done with.
    Taken,
    /// It may work later: tried again a few times, then put away.
    #[non_exhaustive]
    Retry {
        /// Why; a sentence for staff.
        reason: String,
    },
    /// It will never work: put away at once.
    #[non_exhaustive]
    GiveUp {
        /// Why; a sentence for staff.
        reason: String,
    },
}

impl Outcome {
    /// It may work later.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into() }
    }

    /// It will never work.
    pub fn give_up(reason: impl Into<String>) -> Self {
        Self::GiveUp { reason: reason.into() }
    }

    /// Whether it is to be tried again.
    pub fn is_retry(&self) -> bool {
        matches!(self, Self::Retry { .. })
    }
}

/// Takes events one after the other. An error that is [retryable](Error::retryable), or that the time is used up, is a retry,
/// every other is the event's end; what comes behind a retry of the same aggregate waits for it.
pub fn in_order(
    ctx: &ObserverCtx,
    events: &[Event],
    mut take: impl FnMut(&Event) -> Result<(), Error>,
) -> Vec<Outcome> {
    let mut held_back = BTreeSet::new();
    let outcome = |event: &Event| {
        if held_back.contains(&event.aggregate_id) {
            return Outcome::retry("it waits for an earlier event of the same aggregate");
        }
        match ctx.check().and_then(|()| take(event)) {
            Ok(()) => Outcome::Taken,
            Err(error) if error.retryable => {
                held_back.insert(event.aggregate_id);
                Outcome::retry(error.message)
            }
            Err(error) => Outcome::give_up(error.message),
        }
    };
    events.iter().map(outcome).collect()
}
