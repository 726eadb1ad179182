use std::fmt::Display;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::id::Id;
use crate::abi::observer::{self as wire, ObserverObj, Question, build};
use crate::error::Error;
use crate::points::observer::{Event, Observer, ObserverCtx, Outcome};

/// An observer behind its vtable.
pub struct ObserverHarness {
    object: ObserverObj,
    host: TestHost,
}

/// Constructs an observer from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn observer<T: Observer>(config_json: impl Display) -> Result<ObserverHarness, Error> {
    observer_on::<T>(&TestHost::default(), config_json)
}

/// The same with a host whose services the test plays.
///
/// # Errors
/// What the host would be told.
pub fn observer_on<T: Observer>(
    host: &TestHost,
    config_json: impl Display,
) -> Result<ObserverHarness, Error> {
    let host = host.clone();
    Ok(ObserverHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// An event with that sequence of one order, `vectis.orders.order_placed.v1` with the number of the order and nothing else;
/// change what matters to the test.
pub fn event(sequence: u8, change: impl FnOnce(&mut Event)) -> Event {
    let mut event = Event {
        id: Id([sequence; 16]),
        event_type: "vectis.orders.order_placed.v1".to_owned(),
        schema_version: 1,
        aggregate_kind: "order".to_owned(),
        aggregate_id: Id([7; 16]),
        sequence: sequence.into(),
        occurred_at_ms: NOW_MS - 1_000,
        data: serde_json::json!({ "number": "1000001" }),
    };
    change(&mut event);
    event
}

impl ObserverHarness {
    /// Tells the observer of events, with as much time as it takes.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn observe(&self, events: &[Event]) -> Result<Vec<Outcome>, Error> {
        self.observe_within(0, events)
    }

    /// The same with a time budget in nanoseconds.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn observe_within(&self, budget_ns: u64, events: &[Event]) -> Result<Vec<Outcome>, Error> {
        let question = Question { ctx: ObserverCtx::new("test", NOW_MS), events: events.to_vec() };
        wire::observe(&self.object, budget_ns, &question)
    }

    /// What the observer logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}
