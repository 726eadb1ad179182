//! `vectis.task`: work that the host starts at times the manifest names. Since API 1.2.
//!
//! ```toml
//! # plugin.toml
//! [entry-points."vectis.task"]
//! end-due = "EndDue"
//!
//! [[schedules]]
//! name = "end-due"                     # unique among the plugin's schedules
//! task = "end-due"                     # the entry point that is asked
//! cron = "0 3 * * *"                   # minute, hour, day of the month, month, day of the week; or every = "1h"
//! time-zone = "Europe/Berlin"          # of the cron pattern; UTC without it
//! description = "Ends certificates that have run out"
//! ```
//!
//! A task may wait: it can use every service of [`crate::services`]. Where its entry point is activated in channels, each of them
//! has the plugin's schedules to itself, with the configuration given there; where it is activated nowhere, the shop as a whole
//! has them once, with the empty configuration.
//!
//! # When a task runs
//!
//! - One process of the shop runs it, however many there are; a schedule never overlaps with itself.
//! - `every` counts from 1970-01-01T00:00Z, so that `every = "6h"` is due at 00:00, 06:00, 12:00 and 18:00 UTC.
//! - Times that pass while nobody can run the task are made up for once: [`TaskRun::is_late`] says so, and `due_ms` is the first
//!   of them.
//! - A run that fails, or whose process dies, is attempted again after a while, with the same `due_ms` and the next `attempt`.
//!   After the last attempt the run has failed, and the next time comes.
//! - A run has the operator's `plugins.schedules.run_budget`, a minute unless told otherwise.
//!
//! # What a task promises
//!
//! - A run that is repeated does no harm: what the one before has done is not done twice.
//! - A run reports how much it did, in a sentence that is not empty and has at most 500 letters.
//! - An error is for a run that is to be attempted again; having nothing to do is none.
//!
//! # A complete task
//!
//! ```
//! use vectis_plugin_api::schemars::{self, JsonSchema};
//! use vectis_plugin_api::serde::Deserialize;
//! use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
//! use vectis_plugin_api::{Error, Host, serde_json::json, testing};
//!
//! /// What an operator sets.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
//! struct Config {
//!     /// Days after which an entry is forgotten.
//!     days: u32,
//! }
//!
//! impl Default for Config {
//!     fn default() -> Self {
//!         Self { days: 30 }
//!     }
//! }
//!
//! struct Forget(Config, Host);
//!
//! impl Task for Forget {
//!     type Config = Config;
//!
//!     fn new(config: Config, host: Host) -> Result<Self, Error> {
//!         Ok(Self(config, host))
//!     }
//!
//!     fn run(&self, ctx: &TaskCtx, run: &TaskRun) -> Result<TaskReport, Error> {
//!         let mut forgotten = 0;
//!         loop {
//!             ctx.check()?;
//!             // `forget` deletes up to 1,000 rows and says how many: what is gone is gone, whatever happens next.
//!             let rows = self.1.sql("forget", &json!({ "before_ms": run.due_ms - i64::from(self.0.days) * 86_400_000 }))?;
//!             let count = rows.first().and_then(|row| row["count"].as_u64()).unwrap_or_default();
//!             forgotten += count;
//!             if count < 1_000 {
//!                 return Ok(TaskReport::new(forgotten, format!("{forgotten} entries forgotten")));
//!             }
//!         }
//!     }
//! }
//!
//! let host = testing::TestHost::default();
//! host.on_sql(|_, _| Ok(vec![json!({ "count": 7 })]));
//! let task = testing::task_on::<Forget>(&host, "{}")?;
//!
//! let report = task.run(&testing::task_run(|_| {}))?;
//!
//! assert_eq!(report, TaskReport::new(7, "7 entries forgotten"));
//! # Ok::<(), Error>(())
//! ```

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::abi::id::Id;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;

/// Does work that nobody waits for.
pub trait Task: Sized + Send + Sync + 'static {
    /// What an operator sets. Use `deny_unknown_fields`, so that a typing error is an error.
    type Config: DeserializeOwned + JsonSchema;

    /// Builds the task; runs at start, after a change of the configuration, and after a panic. Nothing that waits is served
    /// meanwhile.
    ///
    /// # Errors
    /// [`Error::config`] with the JSON pointer of the value that is wrong.
    fn new(config: Self::Config, host: Host) -> Result<Self, Error>;

    /// Runs once. May wait for services of the host, until the call's deadline.
    ///
    /// # Errors
    /// The run is attempted again after a while, or has failed when it was the last attempt; staff see why.
    fn run(&self, ctx: &TaskCtx, run: &TaskRun) -> Result<TaskReport, Error>;
}

/// Where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskCtx {
    /// The channel the task is activated in; `None` where it runs for the whole shop.
    pub channel_id: Option<Id>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    #[serde(skip)]
    pub(crate) deadline: Deadline,
}

impl TaskCtx {
    #[doc(hidden)]
    pub fn new(channel_id: Option<Id>, now_ms: i64) -> Self {
        Self { channel_id, now_ms, deadline: Deadline::after(0) }
    }

    /// Fails with [`ErrorCode::DEADLINE`](crate::ErrorCode::DEADLINE) once the time of the run is used up. Services of the
    /// host check it themselves.
    ///
    /// # Errors
    /// There is no time left.
    pub fn check(&self) -> Result<(), Error> {
        self.deadline.check()
    }
}

/// One attempt at one time of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskRun {
    /// Name of the schedule.
    pub schedule: String,
    /// The time it is for, in milliseconds since 1970. When staff asked for the run, the time they did.
    pub due_ms: i64,
    /// 1 for the first.
    pub attempt: u32,
    /// Whether it makes up for times at which nobody could run it.
    #[serde(default)]
    pub is_late: bool,
}

impl TaskRun {
    /// The first attempt, in time.
    pub fn new(schedule: impl Into<String>, due_ms: i64) -> Self {
        Self { schedule: schedule.into(), due_ms, attempt: 1, is_late: false }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskReport {
    /// How many things it dealt with.
    pub count: u64,
    /// A sentence for staff.
    pub summary: String,
}

impl TaskReport {
    /// A report.
    pub fn new(count: u64, summary: impl Into<String>) -> Self {
        Self { count, summary: summary.into() }
    }
}
