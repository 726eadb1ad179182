//! One instance of an entry point: built from its configuration, thrown away when it panics, built again for the next
//! question, and given up when it keeps panicking.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use vectis_contracts::points::PointError;
use vectis_plugin_api::abi::host::{HostObj, HostServices, object};
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::{Error, ErrorCode};

use crate::load::Library;
use crate::point::Point;
use crate::refusal::{Fault, Step};
use crate::shadow::Question;
use crate::stats::Stats;

/// So many panics within [`PANIC_WINDOW`] end the attempts.
const PANICS_BEFORE_GIVING_UP: usize = 3;
const PANIC_WINDOW: Duration = Duration::from_secs(60);

/// All it takes to build an instance, any number of times.
pub(crate) struct Recipe {
    pub(crate) library: Arc<Library>,
    pub(crate) entry_point: String,
    pub(crate) config_json: String,
    pub(crate) services: Arc<dyn HostServices>,
    /// How long a call may take; zero for as long as it likes.
    pub(crate) budget: Duration,
    /// Where its calls are counted; empty as long as it is only tried.
    pub(crate) counted: Arc<OnceLock<Counted>>,
}

/// Where the calls of an instance are counted.
pub(crate) struct Counted {
    pub(crate) stats: Arc<Stats>,
    /// Slug of its channel.
    pub(crate) channel: String,
}

/// Builds the object behind the wire: module, entry point, configuration, host.
pub(crate) type Construct<W> = fn(PluginModRef, &str, &str, HostObj) -> Result<W, Error>;

/// An instance that answers through the wire object `W`.
pub(crate) struct Instance<W> {
    /// `plugin/entry-point@version`.
    name: String,
    point: Point,
    recipe: Recipe,
    construct: Construct<W>,
    /// Empty after a panic, until the next question.
    live: ArcSwapOption<W>,
    panics: Mutex<Panics>,
}

impl<W> Instance<W> {
    /// Builds it for the first time.
    pub(crate) fn start(point: Point, recipe: Recipe, construct: Construct<W>) -> Result<Self, Fault> {
        let version = &recipe.library.manifest.plugin.version;
        let name = format!("{}/{}@{version}", recipe.library.name(), recipe.entry_point);
        let instance =
            Self { name, point, recipe, construct, live: ArcSwapOption::empty(), panics: Mutex::default() };
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
        let live = self.live()?;
        let counted = self.recipe.counted.get().map(|counted| (counted, Instant::now()));
        let answer = question(&live);
        if let Some((counted, asked)) = counted {
            counted.stats.count(asked.elapsed());
        }
        answer.map_err(|error| {
            if error.code == ErrorCode::PANICKED {
                self.throw_away(&live, &error);
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
        self.count_error(&what);
        PointError::InvalidAnswer { point: self.point.group(), plugin: self.name.clone(), what }
    }

    /// Whether it keeps panicking and is not built again.
    pub(crate) fn has_given_up(&self) -> bool {
        self.panics().given_up.is_some()
    }

    /// A first answer is good unless it broke a rule or panicked: a plugin may well have no answer to a made-up question.
    pub(crate) fn passed<A>(&self, answer: Result<A, PointError>) -> Result<(), Fault> {
        let why = match answer {
            Err(PointError::InvalidAnswer { what, .. }) => format!("{what}; mend the plugin"),
            Err(PointError::Failed { message, .. }) if !self.panics().recent.is_empty() => {
                format!("{message}; mend the plugin")
            }
            _ => return Ok(()),
        };
        Err(Fault::new(Step::SelfTest, why))
    }

    fn build(&self) -> Result<W, Error> {
        let Recipe { library, entry_point, config_json, services, .. } = &self.recipe;
        (self.construct)(library.module, entry_point, config_json, object(services.clone()))
    }

    fn live(&self) -> Result<Arc<W>, PointError> {
        match self.live.load_full() {
            Some(live) => Ok(live),
            None => self.rebuild(),
        }
    }

    #[cold]
    fn rebuild(&self) -> Result<Arc<W>, PointError> {
        let mut panics = self.panics();
        if let Some(last) = &panics.given_up {
            let message = format!(
                "it panicked {PANICS_BEFORE_GIVING_UP} times within {} s and is not asked again until the plugins are \
                 reloaded; the last time it {last}",
                PANIC_WINDOW.as_secs()
            );
            return Err(self.failed(message, false));
        }
        // Somebody else may have built it while this call waited for the lock.
        if let Some(live) = self.live.load_full() {
            return Ok(live);
        }
        let built = self.build().map_err(|error| {
            if error.code == ErrorCode::PANICKED {
                panics.record(Instant::now(), &error.message);
            }
            self.failed(format!("it could not be built again: {}", error.message), error.retryable)
        })?;
        let built = Arc::new(built);
        self.live.store(Some(built.clone()));
        Ok(built)
    }

    #[cold]
    fn throw_away(&self, broken: &Arc<W>, error: &Error) {
        let mut panics = self.panics();
        panics.record(Instant::now(), &error.message);
        let is_still_live = self.live.load().as_ref().is_some_and(|live| Arc::ptr_eq(live, broken));
        if is_still_live {
            self.live.store(None);
        }
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

    fn panics(&self) -> std::sync::MutexGuard<'_, Panics> {
        self.panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When an instance panicked of late.
#[derive(Default)]
pub(crate) struct Panics {
    recent: VecDeque<Instant>,
    /// The message of the last one, once there were too many.
    pub(crate) given_up: Option<String>,
}

impl Panics {
    pub(crate) fn record(&mut self, now: Instant, message: &str) {
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|first| now.duration_since(*first) > PANIC_WINDOW) {
            self.recent.pop_front();
        }
        if self.recent.len() >= PANICS_BEFORE_GIVING_UP {
            self.given_up = Some(message.to_owned());
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
