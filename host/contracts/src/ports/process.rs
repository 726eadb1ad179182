//! A process that outlasts a request: data, a pure function that decides, and the activities it may run. One definition, whichever
//! driver keeps its time. Truth stays in the modules; a process owns time, retries and escalation only.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vectis_kernel::{Ctx, Failure, RefusalCode};

use crate::ports::event_handler::IncomingEvent;

/// What a process takes in, one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "happening", rename_all = "snake_case")]
pub enum Happening {
    /// It begins. Always the first.
    Started {
        /// What it is about.
        input: Value,
    },
    /// Somebody told it something.
    Signaled {
        /// What.
        name: String,
        /// With this.
        payload: Value,
    },
    /// A time it asked for has come.
    TimerFired {
        /// Which.
        timer: String,
    },
    /// An activity did its work.
    ActivityDone {
        /// Which run.
        key: String,
        /// What it answered.
        result: Value,
    },
    /// A rule stood against an activity; trying again would not help. The place for a compensation.
    ActivityRefused {
        /// Which run.
        key: String,
        /// Why.
        reason: String,
    },
    /// An activity failed for good, and staff decided to go on without it.
    ActivitySkipped {
        /// Which run.
        key: String,
        /// In their words.
        reason: String,
    },
    /// Staff want it to end. The process may compensate first.
    CancelRequested {
        /// In their words.
        reason: String,
    },
}

/// What a process asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Runs an activity. A second run of the same key is none.
    Run(Run),
    /// Wakes the process then. A timer of the same name is set anew.
    Wait {
        /// The timer's name.
        timer: String,
        /// When.
        until: DateTime<Utc>,
    },
    /// Does not wait for a timer any more.
    Drop {
        /// The timer's name.
        timer: String,
    },
    /// Ends the process. Timers and runs that are left are dropped.
    Complete {
        /// How it ended, in a word.
        outcome: String,
    },
    /// Ends the process because staff wanted it to.
    Cancel,
    /// Forgets history and runs, and begins with a new input: for what goes round for ever.
    BeginAnew {
        /// What it is about.
        input: Value,
    },
}

/// An activity to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Names this run within its process; what it does is done once under it.
    pub key: String,
    /// Which activity.
    pub activity: String,
    /// With this.
    pub input: Value,
    /// How often it is tried.
    pub retry: Retry,
}

/// How often an activity is tried before it becomes a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries in all.
    pub attempts: u32,
    /// Wait after the first failure; doubled after each.
    pub first_wait_ms: u64,
    /// Longest wait.
    pub longest_wait_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 8, first_wait_ms: 500, longest_wait_ms: 60_000 }
    }
}

impl Retry {
    /// The wait after so many failures.
    pub fn wait_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let wait = self.first_wait_ms.saturating_mul(1 << doublings);
        Duration::from_millis(wait.min(self.longest_wait_ms))
    }
}

/// What a process makes of a happening.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// All it knows from now on.
    pub state: Value,
    /// What it asks for, in order.
    pub commands: Vec<Command>,
}

/// The definition cannot make anything of what happened: a bug, or a state written by another definition.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StepError(pub String);

impl From<serde_json::Error> for StepError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

/// Why an activity did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ActivityError {
    /// A rule stands against it: the process is told.
    #[error("{0}")]
    Refused(String),
    /// It may work later: tried again, then a fault.
    #[error("{0}")]
    Failed(String),
}

impl<C: RefusalCode> From<Failure<C>> for ActivityError {
    fn from(failure: Failure<C>) -> Self {
        match failure {
            Failure::Refused(refusals) => {
                let reasons =
                    refusals.iter().map(|refusal| format!("{}: {}", refusal.code.code(), refusal.message));
                Self::Refused(reasons.collect::<Vec<_>>().join("; "))
            }
            Failure::Internal(error) => Self::Failed(error.to_string()),
        }
    }
}

/// What an event means to a process.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// One begins under this key, unless there is one.
    Start {
        /// Its business id.
        key: String,
        /// What it is about.
        input: Value,
    },
    /// The one under this key is told.
    Signal {
        /// Its business id.
        key: String,
        /// What.
        name: String,
        /// With this.
        payload: Value,
    },
    /// Nothing.
    Nothing,
}

/// A definition: a name, a version, and what it decides and does. A running instance keeps the version it began with.
#[async_trait]
pub trait Process: Send + Sync {
    /// `approval`, for ever.
    fn name(&self) -> &'static str;
    /// Raised with every change of [`Process::step`] that would decide differently about what has happened already.
    fn version(&self) -> u32;
    /// The event types it listens to, with their topics' names in front as ever.
    fn event_types(&self) -> Vec<&'static str>;
    /// What an event means. The error is the reason for a dead letter.
    fn hear(&self, event: &IncomingEvent) -> Result<Heard, String>;
    /// The input of the one instance that always runs, for what goes round for ever; its key is the process' name.
    fn perpetual(&self) -> Option<Value> {
        None
    }
    /// Decides. Pure: the same state, happening and time give the same decision, on any machine, at any later time.
    fn step(&self, state: &Value, happening: &Happening, at: DateTime<Utc>) -> Result<Decision, StepError>;
    /// Does a run. It may come twice, also at once; under the context's idempotency key it has one effect.
    async fn act(&self, ctx: &Ctx, run: &Run) -> Result<Value, ActivityError>;
}

/// All definitions of this program: the newest of each name, and the older ones that instances may still be in.
#[derive(Clone, Default)]
pub struct Processes(Arc<Vec<Arc<dyn Process>>>);

impl Processes {
    /// Of these. Two of one name and version are a bug that a test finds.
    pub fn new(all: Vec<Arc<dyn Process>>) -> Self {
        Self(Arc::new(all))
    }

    /// The definition of a name and version.
    pub fn find(&self, name: &str, version: u32) -> Option<&Arc<dyn Process>> {
        self.0.iter().find(|process| process.name() == name && process.version() == version)
    }

    /// Those that begin now: the newest of each name.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<dyn Process>> {
        let is_newest = |process: &&Arc<dyn Process>| {
            let of_name = self.0.iter().filter(|other| other.name() == process.name());
            of_name.map(|other| other.version()).max() == Some(process.version())
        };
        self.0.iter().filter(is_newest)
    }

    /// Names and versions that can be worked on here.
    pub fn known(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.0.iter().map(|process| (process.name(), process.version()))
    }
}
