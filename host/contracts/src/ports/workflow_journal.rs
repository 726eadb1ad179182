//! What a workflow driver stands on: the record of all instances in the database. A driver decides when to look and runs
//! activities; what is so is here.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_kernel::{Ctx, Failure};

use crate::ports::process::{Processes, Run};
use crate::workflows::WorkflowCode;

/// A run that this process has claimed for a while. Whoever claims it later gets a higher fence, and the word of this one counts
/// no more.
#[derive(Clone, Debug)]
pub struct ClaimedRun {
    /// Its id.
    pub id: Uuid,
    /// The instance it belongs to.
    pub instance_id: Uuid,
    /// The definition's name,
    pub process: String,
    /// and version.
    pub version: u32,
    /// The business id of the instance.
    pub key: String,
    /// What to do.
    pub run: Run,
    /// How often it was begun, this time included.
    pub attempt: u32,
    /// How often it may be begun after this time.
    pub tries_left: u32,
    /// Whether it was begun as often as it may be, and every worker went away over it: it is not run again.
    pub is_worn_out: bool,
    /// Counted up with each claim.
    pub fence: i64,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// It did its work.
    Done(Value),
    /// A rule stood against it.
    Refused(String),
    /// It may work later.
    Failed(String),
}

/// The record.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Begins the instances that always run, unless they do.
    async fn begin_perpetual(&self, ctx: &Ctx, processes: &Processes) -> Result<(), Failure<WorkflowCode>>;
    /// Lets up to `most` instances to which something has happened decide, each decision with its commands in one unit of work;
    /// how many did. Instances of definitions that are not known here are left alone.
    async fn decide(
        &self,
        ctx: &Ctx,
        processes: &Processes,
        most: usize,
    ) -> Result<usize, Failure<WorkflowCode>>;
    /// Claims up to `most` runs that are due, for as long as told.
    async fn claim(
        &self,
        ctx: &Ctx,
        processes: &Processes,
        most: usize,
        lease: Duration,
    ) -> Result<Vec<ClaimedRun>, Failure<WorkflowCode>>;
    /// Writes down how a run went: its process is told, or it is tried again later, or it becomes a fault. False when somebody
    /// else has claimed it since.
    async fn finish(
        &self,
        ctx: &Ctx,
        claimed: &ClaimedRun,
        outcome: RunOutcome,
    ) -> Result<bool, Failure<WorkflowCode>>;
    /// When the next instance or run of these definitions is due.
    async fn next_due(&self, processes: &Processes) -> Result<Option<DateTime<Utc>>, Failure<WorkflowCode>>;
    /// Forgets instances that ended before; how many.
    async fn forget(&self, before: DateTime<Utc>) -> Result<u64, Failure<WorkflowCode>>;
}
