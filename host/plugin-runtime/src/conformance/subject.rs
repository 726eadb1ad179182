//! The plugin under examination: instances of one entry point, on a host whose clock jumps and whose log is read.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use vectis_contracts::plugin_fields::ReadDeclared;
use vectis_contracts::points::PointError;
use vectis_plugin_api::Error;
use vectis_plugin_api::abi::host::{HostServices, Served};

use crate::adapters::Adapter;
use crate::conformance::services;
use crate::isolation::Quarantine;
use crate::lifecycle::Recipe;
use crate::load::Library;
use crate::manifest::EntryPoint;
use crate::refusal::Fault;
use crate::runtime::RuntimeOptions;

/// Lines of the log that are kept.
const KEPT_LINES: usize = 20_000;
/// How far the clock jumps each time it is read.
const JUMP_MS: i64 = 26 * 3_600 * 1_000;

/// What instances are made of.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) library: Arc<Library>,
    pub(crate) entry: EntryPoint,
    pub(crate) config: Value,
    pub(crate) declared: ReadDeclared,
}

impl Origin {
    /// Starts an instance with another configuration.
    pub(crate) fn start_with<A: Adapter>(&self, config: &Value) -> Result<A, Fault> {
        self.build(config, RuntimeOptions::default().call_budget, Arc::default())
    }

    fn build<A: Adapter>(&self, config: &Value, budget: Duration, host: Arc<KitHost>) -> Result<A, Fault> {
        if let Some(schema) = &self.entry.schema {
            schema.check(config)?;
        }
        A::start(Recipe {
            library: self.library.clone(),
            entry_point: self.entry.name.clone(),
            config_json: config.to_string(),
            services: host,
            budget,
            quarantine: Quarantine::default(),
            counted: Arc::default(),
        })
    }
}

/// One entry point, with an instance that stays alive from case to case.
pub(crate) struct Subject<A> {
    origin: Origin,
    host: Arc<KitHost>,
    live: Mutex<Arc<A>>,
}

impl<A: Adapter> Subject<A> {
    pub(crate) fn start(origin: &Origin) -> Result<Self, Fault> {
        let host = Arc::<KitHost>::default();
        let budget = RuntimeOptions::default().call_budget;
        let live = Mutex::new(Arc::new(origin.build(&origin.config, budget, host.clone())?));
        Ok(Self { origin: origin.clone(), host, live })
    }

    /// The plugin it is of.
    pub(crate) fn library(&self) -> &Library {
        &self.origin.library
    }

    /// The instance that is asked from case to case.
    pub(crate) fn live(&self) -> Arc<A> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One of its own.
    pub(crate) fn another(&self) -> Result<A, String> {
        self.within(RuntimeOptions::default().call_budget)
    }

    /// One of its own whose calls have so much time.
    pub(crate) fn within(&self, budget: Duration) -> Result<A, String> {
        let built = self.origin.build(&self.origin.config, budget, self.host.clone());
        built.map_err(|fault| format!("it does not start a second time: {}", fault.why))
    }

    /// Replaces an instance that panicked, so that the next case meets one that may be asked.
    pub(crate) fn renew(&self) {
        if let Ok(fresh) = self.another() {
            *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
    }

    /// What was logged during a call.
    pub(crate) fn logged<T>(&self, call: impl FnOnce() -> T) -> (T, Vec<String>) {
        self.host.take();
        let answer = call();
        (answer, self.host.take())
    }
}

/// Whether an answer is the end of an instance.
pub(crate) fn is_panic(error: &PointError) -> bool {
    matches!(error, PointError::Failed { message, .. }
        if message.starts_with("panicked at ") || message.starts_with("it panicked") || message.starts_with("it could not be built again"))
}

/// A host whose clock jumps by more than a day whenever it is read: decisions use the instant in the question.
#[derive(Default)]
struct KitHost {
    now_ms: AtomicI64,
    log: Mutex<Vec<String>>,
}

impl KitHost {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HostServices for KitHost {
    fn log(&self, _level: u32, message: &str, fields_json: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < KEPT_LINES {
            log.push(format!("{message} {fields_json}"));
        }
    }

    fn now_ms(&self) -> i64 {
        self.now_ms.fetch_add(JUMP_MS, Ordering::Relaxed)
    }

    fn serve(&self, service: &str, question_json: &str, body: &[u8]) -> Result<Served, Error> {
        services::serve(service, question_json, body)
    }
}
