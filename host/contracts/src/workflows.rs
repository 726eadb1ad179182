//! Workflows: what runs, how far it is, and what staff can do when it does not go on. The definitions are the modules' own; see
//! [`crate::ports::process`].

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use vectis_kernel::ids::{WorkflowFaultId, WorkflowId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

/// Name of the reader of the event log that tells workflows, for ever.
pub const CONSUMER: &str = "workflows";

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowStatus {
    /// Something was said about it, but it has not begun.
    Awaited,
    /// It goes on by itself: it waits for a time, a word or an activity.
    Running,
    /// Its definition failed over what happened. It waits for staff.
    Broken,
    /// It has ended.
    Completed,
    /// Staff ended it.
    Canceled,
}

/// An instance of a process.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// Its id.
    pub id: WorkflowId,
    /// The definition's name.
    pub process: String,
    /// Its business id, unique within the process.
    pub key: String,
    /// The definition's version it began with; none before it has begun.
    pub version: Option<i32>,
    /// How far it is.
    pub status: WorkflowStatus,
    /// All it knows.
    pub state: Value,
    /// How it ended.
    pub outcome: Option<String>,
    /// How much has happened to it.
    pub sequence: i64,
    /// The time it waits for, the next one.
    pub next_timer: Option<WorkflowTimer>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When something happened to it last.
    pub updated_at: DateTime<Utc>,
}

/// A time that an instance waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowTimer {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub due_at: DateTime<Utc>,
}

/// Something that happened to an instance, and what it asked for then.
#[derive(Clone, Debug)]
pub struct WorkflowStep {
    /// Of this instance.
    pub workflow_id: WorkflowId,
    /// From 1.
    pub sequence: i64,
    /// When it was taken in.
    pub at: DateTime<Utc>,
    /// What happened.
    pub happening: Value,
    /// What was asked for.
    pub commands: Value,
}

/// How a run of an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowRunStatus {
    /// Waits for its turn, or to be tried again.
    Due,
    /// A worker is at it.
    Running,
    /// It did its work.
    Done,
    /// A rule stood against it.
    Refused,
    /// Staff went on without it.
    Skipped,
    /// It failed for good and waits for staff.
    Faulted,
    /// Its process ended before.
    Canceled,
}

/// A run of an activity.
#[derive(Clone, Debug)]
pub struct WorkflowRun {
    /// Of this instance.
    pub workflow_id: WorkflowId,
    /// Names it within the instance.
    pub key: String,
    /// Which activity.
    pub activity: String,
    /// How it is.
    pub status: WorkflowRunStatus,
    /// How often it was begun.
    pub attempts: i32,
    /// When it is tried next, or when its worker is taken for gone.
    pub due_at: Option<DateTime<Utc>>,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// How a fault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultStatus {
    /// Waits for staff.
    Open,
    /// Staff had it tried again.
    Retried,
    /// Staff went on without it.
    Skipped,
    /// Its workflow was canceled, or ended.
    Closed,
}

/// What failed for good.
#[derive(Clone, Debug)]
pub struct WorkflowFault {
    /// Its id.
    pub id: WorkflowFaultId,
    /// The instance it happened to.
    pub workflow_id: WorkflowId,
    /// The run; none when the definition itself failed.
    pub run_key: Option<String>,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// How it stands.
    pub status: FaultStatus,
    /// What staff said to it.
    pub note: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which instances to list.
#[derive(Clone, Debug, Default)]
pub struct WorkflowFilter {
    /// Of this process.
    pub process: Option<String>,
    /// With this business id.
    pub key: Option<String>,
    /// In this state.
    pub status: Option<WorkflowStatus>,
}

vectis_kernel::refusal_codes! {
    /// Why a command on a workflow was refused.
    WorkflowCode {
        /// Needs `workflows.read` or `workflows.manage`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such workflow.
        WorkflowNotFound = "WORKFLOW_NOT_FOUND": NotFound,
        /// No such fault.
        FaultNotFound = "FAULT_NOT_FOUND": NotFound,
        /// It has ended already.
        NotRunning = "NOT_RUNNING": Conflict,
        /// Somebody has seen to it already.
        NotOpen = "NOT_OPEN": Conflict,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
}

/// Workflows, for staff.
#[async_trait]
pub trait Workflows: Send + Sync {
    /// By id; missing ones are left out. Needs `workflows.read`, like all that reads here.
    async fn get_many(&self, ctx: &Ctx, ids: &[WorkflowId]) -> Result<Vec<Workflow>, Failure<WorkflowCode>>;
    /// Newest first.
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &WorkflowFilter,
        page: PageRequest,
    ) -> Result<Page<Workflow>, Failure<WorkflowCode>>;
    /// What happened to them, oldest first, the last 200 of each.
    async fn history(
        &self,
        ctx: &Ctx,
        ids: &[WorkflowId],
    ) -> Result<Vec<WorkflowStep>, Failure<WorkflowCode>>;
    /// Their runs, oldest first.
    async fn runs(&self, ctx: &Ctx, ids: &[WorkflowId]) -> Result<Vec<WorkflowRun>, Failure<WorkflowCode>>;
    /// Faults, newest first.
    async fn faults(
        &self,
        ctx: &Ctx,
        status: Option<FaultStatus>,
        page: PageRequest,
    ) -> Result<Page<WorkflowFault>, Failure<WorkflowCode>>;
    /// Tells an instance to end; it may compensate first. One that has not begun or is broken ends at once. Needs
    /// `workflows.manage`, like all that changes here.
    async fn cancel(&self, ctx: &Ctx, id: WorkflowId, reason: &str) -> Result<(), Failure<WorkflowCode>>;
    /// Has what failed tried again, as often as at first. Returns the instance.
    async fn fault_retry(&self, ctx: &Ctx, id: WorkflowFaultId) -> Result<WorkflowId, Failure<WorkflowCode>>;
    /// Goes on without the run that failed. Returns the instance.
    async fn fault_skip(
        &self,
        ctx: &Ctx,
        id: WorkflowFaultId,
        reason: &str,
    ) -> Result<WorkflowId, Failure<WorkflowCode>>;
}
