//! One instance of an entry point: built from its configuration, in this process or in those of its plugin; thrown away
//! when it panics, built again for the next question, and given up when it keeps failing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use vectis_contracts::points::PointError;
use vectis_plugin_api::abi::host::{HostObj, HostServices, object};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::{Error, ErrorCode};

use crate::isolation::Quarantine;
use crate::load::{Code, Library};
use crate::point::Point;
use crate::process::{self, Remote};
use crate::refusal::{Fault, Step, cut};
use crate::shadow::Question;
use crate::stats::Stats;

/// What the plugin's process did instead of answering: it died, or it was killed. Only the host itself says so.
pub(crate) const PROCESS_FAULT: ErrorCode = ErrorCode(900);

/// All it takes to build an instance, any number of times.
pub(crate) struct Recipe {
    pub(crate) library: Arc<Library>,
    pub(crate) entry_point: String,
    pub(crate) config_json: String,
    pub(crate) services: Arc<dyn HostServices>,
    /// How long a call may take; zero for as long as it likes.
    pub(crate) budget: Duration,
    pub(crate) quarantine: Quarantine,
    /// Where its calls are counted; empty as long as it is only tried.
    pub(crate) counted: Arc<OnceLock<Counted>>,
}

/// Where the calls of an instance are counted.
pub(crate) struct Counted {
    pub(crate) stats: Arc<Stats>,
    /// Slug of its channel.
    pub(crate) channel: String,
}

/// Builds the object behind the wire.
pub(crate) struct Construct<W> {
    /// Of a plugin mapped here: module, entry point, configuration, host.
    pub(crate) here: fn(PluginModRef, &str, &str, HostObj) -> Result<W, Error>,
    /// Of a plugin in processes of its own.
    pub(crate) apart: fn(Remote) -> W,
}

/// An instance that answers through the wire object `W`.
pub(crate) struct Instance<W> {
    /// `plugin/entry-point@version`.
    name: String,
    point: Point,
    recipe: Recipe,
    construct: Construct<W>,
    /// Empty after a panic, until the next question.
    live: ArcSwapOption<W>,
    faults: Mutex<Faults>,
}

impl<W> Instance<W> {
    /// Builds it for the first time.
    pub(crate) fn start(point: Point, recipe: Recipe, construct: Construct<W>) -> Result<Self, Fault> {
        let version = &recipe.library.manifest.plugin.version;
        let name = format!("{}/{}@{version}", recipe.library.name(), recipe.entry_point);
        let faults = Mutex::new(Faults::new(recipe.quarantine));
        let instance = Self { name, point, recipe, construct, live: ArcSwapOption::empty(), faults };
        let built = instance.build().map_err(|error| construct_fault(&error))?;
        instance.live.store(Some(Arc::new(built)));
        Ok(instance)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The time budget of a call as it goes over the wire; 0 means none.
    pub(crate) fn budget_ns(&self) -> u64 {
        u64::try_from(self.recipe.budget.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Asks the plugin. A panic empties the instance.
    pub(crate) fn ask<A>(&self, question: impl FnOnce(&W) -> Result<A, Error>) -> Result<A, PointError> {
        let span = tracing::info_span!(
            "plugin",
            plugin = self.name,
            point = self.point.group(),
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty,
        );
        let answer = span.in_scope(|| self.ask_live(question));
        if let Err(error) = &answer {
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", error.to_string());
        }
        answer
    }

    fn ask_live<A>(&self, question: impl FnOnce(&W) -> Result<A, Error>) -> Result<A, PointError> {
        let live = self.live()?;
        let counted = self.recipe.counted.get().map(|counted| (counted, Instant::now()));
        let answer = question(&live);
        if let Some((counted, asked)) = counted {
            counted.stats.count(asked.elapsed());
        }
        answer.map_err(|error| {
            if error.code == ErrorCode::PANICKED {
                self.throw_away(&live, &error);
            } else if error.code == PROCESS_FAULT {
                self.count(&error);
            }
            self.failed(error.message, error.retryable)
        })
    }

    /// Remembers what it was asked, when that is wanted.
    pub(crate) fn remember(&self, question: impl FnOnce() -> Question) {
        if let Some(counted) = self.recipe.counted.get() {
            counted.stats.recorder.remember(&counted.channel, question);
        }
    }

    /// The answer broke a rule of the point.
    pub(crate) fn lied(&self, what: String) -> PointError {
        let what = cut(what);
        self.count_error(&what);
        PointError::InvalidAnswer { point: self.point.group(), plugin: self.name.clone(), what }
    }

    /// Whether it keeps failing and is not asked again.
    pub(crate) fn has_given_up(&self) -> bool {
        self.faults().given_up.is_some()
    }

    /// Why it is not asked again.
    pub(crate) fn given_up(&self) -> Option<String> {
        self.faults().given_up.clone()
    }

    /// A first answer is good unless it broke a rule or panicked: a plugin may well have no answer to a made-up question.
    pub(crate) fn passed<A>(&self, answer: Result<A, PointError>) -> Result<(), Fault> {
        let why = match answer {
            Err(PointError::InvalidAnswer { what, .. }) => format!("{what}; mend the plugin"),
            Err(PointError::Failed { message, .. }) if !self.faults().recent.is_empty() => {
                format!("{message}; mend the plugin")
            }
            _ => return Ok(()),
        };
        Err(Fault::new(Step::SelfTest, why))
    }

    fn build(&self) -> Result<W, Error> {
        let Recipe { library, entry_point, config_json, services, budget, .. } = &self.recipe;
        match &library.code {
            Code::Here(module) => {
                (self.construct.here)(*module, entry_point, config_json, object(services.clone()))
            }
            Code::Apart(fleet) => {
                let construct = process::Construct {
                    group: self.point.group().to_owned(),
                    entry_point: entry_point.clone(),
                    config_json: config_json.clone(),
                };
                Ok((self.construct.apart)(fleet.construct(construct, services.clone(), *budget)?))
            }
        }
    }

    fn live(&self) -> Result<Arc<W>, PointError> {
        match self.live.load_full() {
            Some(live) => Ok(live),
            None => self.rebuild(),
        }
    }

    #[cold]
    fn rebuild(&self) -> Result<Arc<W>, PointError> {
        let mut faults = self.faults();
        if let Some(sentence) = &faults.given_up {
            return Err(self.failed(sentence.clone(), false));
        }
        // Somebody else may have built it while this call waited for the lock.
        if let Some(live) = self.live.load_full() {
            return Ok(live);
        }
        let built = self.build().map_err(|error| {
            if matches!(error.code, ErrorCode::PANICKED | PROCESS_FAULT) {
                faults.record(Instant::now(), Fall::of(&error), &error.message);
            }
            self.failed(format!("it could not be built again: {}", error.message), error.retryable)
        })?;
        let built = Arc::new(built);
        self.live.store(Some(built.clone()));
        Ok(built)
    }

    #[cold]
    fn throw_away(&self, broken: &Arc<W>, error: &Error) {
        let mut faults = self.faults();
        faults.record(Instant::now(), Fall::Panic, &error.message);
        let is_still_live = self.live.load().as_ref().is_some_and(|live| Arc::ptr_eq(live, broken));
        if is_still_live {
            self.live.store(None);
        }
        self.report(error);
    }

    /// Takes note of a process that did not answer. The next one has the same instance; after too many there is none.
    #[cold]
    fn count(&self, error: &Error) {
        let mut faults = self.faults();
        faults.record(Instant::now(), Fall::Process, &error.message);
        if faults.given_up.is_some() {
            self.live.store(None);
        }
        self.report(error);
    }

    fn report(&self, error: &Error) {
        let (plugin, message) = (&self.name, &error.message);
        tracing::error!(plugin, point = self.point.group(), "{plugin} {message}");
    }

    fn failed(&self, message: String, retryable: bool) -> PointError {
        self.count_error(&message);
        PointError::Failed { point: self.point.group(), plugin: self.name.clone(), message, retryable }
    }

    #[cold]
    fn count_error(&self, sentence: &str) {
        if let Some(counted) = self.recipe.counted.get() {
            counted.stats.fail(sentence);
        }
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an instance fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fall {
    /// It panicked, and the guard caught it.
    Panic,
    /// Its process died or had to be killed.
    Process,
}

impl Fall {
    fn of(error: &Error) -> Self {
        if error.code == PROCESS_FAULT { Self::Process } else { Self::Panic }
    }
}

/// When and how an instance fell of late.
pub(crate) struct Faults {
    quarantine: Quarantine,
    recent: VecDeque<(Instant, Fall)>,
    /// What to say instead of asking, once there were too many.
    pub(crate) given_up: Option<String>,
}

impl Faults {
    pub(crate) fn new(quarantine: Quarantine) -> Self {
        Self { quarantine, recent: VecDeque::new(), given_up: None }
    }

    /// `what` follows "it".
    pub(crate) fn record(&mut self, now: Instant, fall: Fall, what: &str) {
        let Quarantine { faults, window } = self.quarantine;
        self.recent.push_back((now, fall));
        while self.recent.front().is_some_and(|(first, _)| now.duration_since(*first) > window) {
            self.recent.pop_front();
        }
        if self.recent.len() >= faults.max(1) && self.given_up.is_none() {
            let only_panicked = self.recent.iter().all(|(_, fall)| *fall == Fall::Panic);
            let (verb, last) = if only_panicked { ("panicked", "it ") } else { ("failed", "") };
            self.given_up = Some(format!(
                "it {verb} {faults} times within {} s and is not asked again until the plugins are reloaded; the last time \
                 {last}{what}",
                window.as_secs()
            ));
        }
    }
}

/// Why a constructor refused, with the pointer when it named one.
fn construct_fault(error: &Error) -> Fault {
    let detail: serde_json::Value = serde_json::from_str(&error.detail_json).unwrap_or_default();
    let pointer = detail["pointer"].as_str().map(str::to_owned);
    if error.code == ErrorCode::CONFIG {
        let why = format!("{}; mend the configuration", error.message);
        return Fault { step: Step::Config, why, pointer: Some(pointer.unwrap_or_default()) };
    }
    Fault::new(Step::Construct, format!("{}; mend the plugin or its configuration", error.message))
}
