//! Orders by the last digit of their number: 3 is wanted later, 7 never, all others are taken.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use vectis_plugin_api::observer::{Event, Observer, ObserverCtx, Outcome};
use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::{Error, Host};

use crate::fall_over;

/// What a test sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub(crate) struct Config {
    bug: Bug,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "kebab-case")]
#[schemars(inline)]
enum Bug {
    None,
    TooFew,
    TooMany,
    Reversed,
    LaterWithoutReason,
    NeverWithoutReason,
    Overtakes,
    FailsOnUnknownType,
    FailsOnUnknownData,
    GivesUpAllOnUnknownType,
    PanicsOnNull,
    PanicsOnMissingNumber,
    CutsTypeByBytes,
    SequenceBelowZeroPanics,
    PanicsOnNoEvents,
    DependsOnCount,
    FirstForAll,
    CountsCalls,
    PerThread,
    PerInstance,
    UsesHostClock,
    EmptyError,
    LogsPersons,
    GivesUpWithoutTime,
}

pub(crate) struct FaultyObserver {
    bug: Bug,
    host: Host,
    number: u32,
    calls: AtomicU32,
}

static INSTANCES: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static CALLS_OF_THREAD: Cell<u32> = const { Cell::new(0) };
}

impl Observer for FaultyObserver {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { bug, host, number, calls: AtomicU32::new(0) })
    }

    fn observe(&self, ctx: &ObserverCtx, events: &[Event]) -> Result<Vec<Outcome>, Error> {
        self.refuse(events)?;
        let mut held_back = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(events.len());
        for event in events {
            let is_held_back = self.bug != Bug::Overtakes && held_back.contains(&event.aggregate_id);
            let outcome = match ctx.check() {
                Err(_) if self.bug == Bug::GivesUpWithoutTime => Outcome::give_up("too late"),
                Err(error) => Outcome::retry(error.message),
                Ok(()) if is_held_back => Outcome::retry("it waits for an earlier event"),
                Ok(()) => self.take(event),
            };
            if outcome.is_retry() {
                held_back.insert(event.aggregate_id);
            }
            outcomes.push(outcome);
        }
        self.spoil(&mut outcomes, events.iter().any(is_unknown));
        Ok(outcomes)
    }
}

fn is_unknown(event: &Event) -> bool {
    !event.event_type.starts_with("vectis.orders.")
}

impl FaultyObserver {
    /// The whole batch for the sake of one.
    fn refuse(&self, events: &[Event]) -> Result<(), Error> {
        let has_no_number = |event: &Event| event.data["number"].as_str().is_none();
        match self.bug {
            Bug::FailsOnUnknownType if events.iter().any(is_unknown) => Err(Error::input("an unknown type")),
            Bug::FailsOnUnknownData if events.iter().any(has_no_number) => Err(Error::input("no number")),
            Bug::EmptyError if events.iter().any(is_unknown) => Err(Error::input(" ")),
            Bug::PanicsOnNoEvents if events.is_empty() => fall_over("there is always an event"),
            _ => Ok(()),
        }
    }

    fn take(&self, event: &Event) -> Outcome {
        let number = event.data["number"].as_str();
        match self.bug {
            Bug::PanicsOnNull if event.data.is_null() => fall_over("events have data"),
            Bug::PanicsOnMissingNumber if number.is_none() => fall_over("orders have numbers"),
            Bug::CutsTypeByBytes if !event.event_type.is_char_boundary(1) => fall_over("types are ASCII"),
            Bug::SequenceBelowZeroPanics if event.sequence < 0 => fall_over("sequences rise from 1"),
            Bug::LogsPersons => self.host.info(format!("order {}", event.data["poNumber"])),
            _ => {}
        }
        match number.and_then(|number| number.bytes().last()) {
            Some(b'3') => {
                Outcome::retry(if self.bug == Bug::LaterWithoutReason { "" } else { "it is a three" })
            }
            Some(b'7') => {
                Outcome::give_up(if self.bug == Bug::NeverWithoutReason { "" } else { "it is a seven" })
            }
            _ => Outcome::Taken,
        }
    }

    fn spoil(&self, outcomes: &mut Vec<Outcome>, has_unknown: bool) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let calls_of_thread = CALLS_OF_THREAD.replace(CALLS_OF_THREAD.get() + 1);
        let told = |number: String| Outcome::give_up(format!("number {number}"));
        let count = outcomes.len();
        let Some(last) = outcomes.last_mut() else { return };
        match self.bug {
            Bug::CountsCalls => *last = told(calls.to_string()),
            Bug::PerThread => *last = told(calls_of_thread.to_string()),
            Bug::PerInstance => *last = told(self.number.to_string()),
            Bug::UsesHostClock => *last = told(self.host.now_ms().to_string()),
            Bug::DependsOnCount if count > 2 => *last = told(count.to_string()),
            Bug::TooFew => drop(outcomes.pop()),
            Bug::TooMany => outcomes.push(Outcome::Taken),
            Bug::Reversed => outcomes.reverse(),
            Bug::FirstForAll => {
                let first = outcomes[0].clone();
                outcomes.fill(first);
            }
            Bug::GivesUpAllOnUnknownType if has_unknown => outcomes.fill(told("unknown".to_owned())),
            _ => {}
        }
    }
}
