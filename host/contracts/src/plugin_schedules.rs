//! Work of plugins at times of their own. The plugin runtime says which schedules the plugins in force have, and runs their
//! tasks; the module `extensions` keeps when each is due, who runs it, and what came of it.

mod timing;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{ChannelId, PluginScheduleId, PluginScheduleRunId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

pub use self::timing::{Timing, TimingError};
use crate::plugin_releases::PluginVersion;
use crate::points::PointError;

/// Runs of a schedule that are kept, the newest.
pub const KEPT_RUNS: i64 = 100;

/// A schedule of a plugin in force, in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredSchedule {
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub name: String,
    /// The channel its task is activated in; `None` for the whole shop.
    pub channel_id: Option<ChannelId>,
    /// The entry point of `vectis.task`.
    pub task: String,
    /// When.
    pub timing: Timing,
    /// A sentence for staff; may be empty.
    pub description: String,
    /// The version that has it.
    pub version: PluginVersion,
}

/// How schedules are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleTerms {
    /// A process that has been silent for so long no longer has what it runs.
    pub lease: std::time::Duration,
    /// Attempts of a run.
    pub attempts: u32,
    /// Wait after the first that failed; doubled after each.
    pub retry_wait: std::time::Duration,
}

/// A run that this process is to do, and nobody else for as long as it holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenRun {
    /// The run.
    pub id: PluginScheduleRunId,
    /// Of which schedule.
    pub schedule_id: PluginScheduleId,
    /// As it was when it was taken.
    pub declared: DeclaredSchedule,
    /// Grows with each taking: who has a smaller one has lost it.
    pub fence: i64,
    /// The time it is for.
    pub slot_at: DateTime<Utc>,
    /// 1 for the first.
    pub attempt: u32,
    /// Whether it makes up for times at which nobody could run it.
    pub is_late: bool,
}

/// What a task says it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskReport {
    /// How many things it dealt with.
    pub count: u64,
    /// A sentence for staff.
    pub summary: String,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunOutcome {
    /// It is under way.
    Running,
    /// Done.
    Succeeded,
    /// It failed, and is attempted again.
    Retried,
    /// It failed, and is not attempted again.
    Failed,
}

impl RunOutcome {
    /// As stored and measured.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }
}

/// A schedule as staff see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginSchedule {
    /// Its id.
    pub id: PluginScheduleId,
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub name: String,
    /// `None` for the whole shop.
    pub channel_id: Option<ChannelId>,
    /// The entry point of `vectis.task`.
    pub task: String,
    /// When, as [`Timing`] writes it.
    pub timing: String,
    /// A sentence for staff; may be empty.
    pub description: String,
    /// When it is run next; `None` while it is paused.
    pub due_at: Option<DateTime<Utc>>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// The newest run.
    pub last_run: Option<PluginScheduleRun>,
}

/// A run as staff see it: one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginScheduleRun {
    /// Its id; newer ones are larger.
    pub id: PluginScheduleRunId,
    /// Of which schedule.
    pub schedule_id: PluginScheduleId,
    /// The time it is for.
    pub slot_at: DateTime<Utc>,
    /// 1 for the first.
    pub attempt: u32,
    /// Whether it makes up for times at which nobody could run it.
    pub is_late: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: RunOutcome,
    /// What it did.
    pub report: Option<TaskReport>,
    /// Why it failed.
    pub error: Option<String>,
    /// The process, for people.
    pub replica: String,
    /// What ran.
    pub version: PluginVersion,
}

vectis_kernel::refusal_codes! {
    /// Why a schedule was not touched.
    ScheduleCode {
        /// Needs `plugins.write`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// There is no such schedule.
        ScheduleNotFound = "SCHEDULE_NOT_FOUND": NotFound,
        /// It runs at this moment, and never twice at once.
        AlreadyRunning = "ALREADY_RUNNING": Conflict,
    }
}

type Outcome<T> = Result<T, Failure<ScheduleCode>>;

/// What is known of all schedules.
#[async_trait]
pub trait PluginSchedules: Send + Sync {
    /// Takes up to `most` runs that are due among the schedules that this process can run, and learns of new ones and new
    /// times on the way. Nobody else gets the same runs until they are finished, or the lease has run out.
    async fn take(
        &self,
        ctx: &Ctx,
        replica: &str,
        declared: &[DeclaredSchedule],
        most: usize,
    ) -> Outcome<Vec<TakenRun>>;
    /// Holds on to a run for another lease; `false` when somebody else has it.
    async fn hold(&self, ctx: &Ctx, run: &TakenRun) -> Outcome<bool>;
    /// Writes down what came of a run, and when the schedule is due next. `None` when somebody else has it: then nothing is
    /// written.
    async fn finish(
        &self,
        ctx: &Ctx,
        run: &TakenRun,
        result: Result<TaskReport, String>,
    ) -> Outcome<Option<RunOutcome>>;
    /// All schedules there ever were, or those of a plugin, by their ids.
    async fn page(
        &self,
        ctx: &Ctx,
        plugin: Option<&str>,
        request: PageRequest,
    ) -> Outcome<Page<PluginSchedule>>;
    /// A page of runs of each schedule, newest first.
    async fn runs(
        &self,
        ctx: &Ctx,
        schedules: &[PluginScheduleId],
        request: PageRequest,
    ) -> Outcome<Vec<(PluginScheduleId, Page<PluginScheduleRun>)>>;
    /// Makes it due now, also while it is paused.
    async fn run_now(&self, ctx: &Ctx, id: PluginScheduleId) -> Outcome<PluginSchedule>;
    /// Stops it, or lets it go on with the next time to come.
    async fn set_paused(&self, ctx: &Ctx, id: PluginScheduleId, is_paused: bool) -> Outcome<PluginSchedule>;
}

/// The tasks of the plugins in this process.
#[async_trait]
pub trait ScheduledTasks: Send + Sync {
    /// The schedules of the request's plugin set, by plugin, name and channel.
    fn declared(&self, ctx: &Ctx) -> Vec<DeclaredSchedule>;
    /// Runs a task. Dropping the future breaks off what it waits for. No transaction may be open.
    async fn run(&self, ctx: &Ctx, run: &TakenRun) -> Result<TaskReport, PointError>;
}
