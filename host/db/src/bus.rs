//! The in-process bus: guards may refuse an event before it is written, observers are told after it is committed.
//!
//! Both run synchronously inside the request and share its time, so they must be quick; one that takes longer than
//! [`BUDGET`] is reported in the log. An observer can neither refuse nor break anything: a panic in it is contained.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use vectis_kernel::Event;

/// What one guard or observer may take of a request's time.
pub const BUDGET: Duration = Duration::from_millis(100);

type Guard = dyn Fn(&Event) -> Result<(), String> + Send + Sync;
type Observer = dyn Fn(&Event) + Send + Sync;

struct Registered<F: ?Sized> {
    name: String,
    priority: i32,
    call: Box<F>,
}

#[derive(Default)]
struct Registry {
    guards: Vec<Registered<Guard>>,
    observers: Vec<Registered<Observer>>,
}

/// Who is asked before and told after an event. Cheap to clone; all clones are the same bus.
#[derive(Clone, Default)]
pub struct Bus(Arc<RwLock<Registry>>);

/// A guard said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{guard} refuses {event_type}: {reason}")]
pub struct GuardRefusal {
    /// Name of the guard.
    pub guard: String,
    /// What it refuses.
    pub event_type: &'static str,
    /// The guard's own words.
    pub reason: String,
}

impl Bus {
    /// Registers a guard; lower priorities are asked first.
    pub fn guard(
        &self,
        name: impl Into<String>,
        priority: i32,
        guard: impl Fn(&Event) -> Result<(), String> + Send + Sync + 'static,
    ) {
        let mut registry = self.0.write().unwrap_or_else(PoisonError::into_inner);
        registry.guards.push(Registered { name: name.into(), priority, call: Box::new(guard) });
        registry.guards.sort_by_key(|guard| guard.priority);
    }

    /// Registers an observer; lower priorities are told first.
    pub fn observe(
        &self,
        name: impl Into<String>,
        priority: i32,
        observer: impl Fn(&Event) + Send + Sync + 'static,
    ) {
        let mut registry = self.0.write().unwrap_or_else(PoisonError::into_inner);
        registry.observers.push(Registered { name: name.into(), priority, call: Box::new(observer) });
        registry.observers.sort_by_key(|observer| observer.priority);
    }

    /// Asks every guard about every event; the first refusal counts.
    pub(crate) fn ask(&self, events: &[Event]) -> Result<(), GuardRefusal> {
        let registry = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for guard in &registry.guards {
            let started = Instant::now();
            for event in events {
                (guard.call)(event).map_err(|reason| GuardRefusal {
                    guard: guard.name.clone(),
                    event_type: event.event_type,
                    reason,
                })?;
            }
            warn_when_late(&guard.name, started);
        }
        Ok(())
    }

    /// Tells every observer about every event.
    pub(crate) fn tell(&self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let registry = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for observer in &registry.observers {
            let started = Instant::now();
            let told =
                catch_unwind(AssertUnwindSafe(|| events.iter().for_each(|event| (observer.call)(event))));
            if told.is_err() {
                tracing::error!(observer.name = %observer.name, "an observer panicked; the command stands");
            }
            warn_when_late(&observer.name, started);
        }
    }
}

fn warn_when_late(name: &str, started: Instant) {
    let took = started.elapsed();
    if took > BUDGET {
        tracing::warn!(observer.name = %name, took_ms = took.as_millis(), "a guard or observer overran its budget");
    }
}
