//! Workflows as staff see them: what runs, how far it is, what failed, and what to do about it.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::workflows::{self as contract, WorkflowCode, WorkflowFilter};
use vectis_kernel::ids::{WorkflowFaultId, WorkflowId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::loaders::{self, AllOf};
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::Json;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::WORKFLOWS_READ), "workflow workflows workflowFaults")]),
    (
        "Mutation",
        &[(Access::Staff(&staff::WORKFLOWS_MANAGE), "workflowCancel workflowFaultRetry workflowFaultSkip")],
    ),
    (
        "Workflow",
        &[(
            Access::Owner,
            "id process key version status state outcome sequence nextTimer history runs createdAt updatedAt",
        )],
    ),
    ("WorkflowTimer", &[(Access::Owner, "name dueAt")]),
    ("WorkflowStep", &[(Access::Owner, "sequence at happening commands")]),
    ("WorkflowRun", &[(Access::Owner, "key activity status attempts dueAt lastError")]),
    ("WorkflowFault", &[(Access::Owner, "id workflow run reason attempts status note createdAt resolvedAt")]),
];

/// How far a workflow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::WorkflowStatus")]
pub enum WorkflowStatus {
    /// Something was said about it, but it has not begun.
    Awaited,
    /// It goes on by itself: it waits for a time, a word or an activity.
    Running,
    /// Its definition failed over what happened; see its faults.
    Broken,
    /// It has ended.
    Completed,
    /// Staff ended it.
    Canceled,
}

/// How a run of an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::WorkflowRunStatus")]
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
    /// It failed for good; see the faults.
    Faulted,
    /// Its workflow ended before.
    Canceled,
}

/// How a fault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::FaultStatus")]
pub enum WorkflowFaultStatus {
    /// Waits for staff.
    Open,
    /// Staff had it tried again.
    Retried,
    /// Staff went on without it.
    Skipped,
    /// Its workflow was canceled, or ended.
    Closed,
}

/// Why a command on a workflow was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "WorkflowCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum WorkflowErrorCode {
    Forbidden,
    WorkflowNotFound,
    FaultNotFound,
    NotRunning,
    NotOpen,
    InvalidInput,
}

/// An instance of a process.
pub struct Workflow(pub(crate) Arc<contract::Workflow>);

/// An instance of a process that outlasts a request.
#[Object]
impl Workflow {
    /// Its id.
    async fn id(&self) -> GlobalId<WorkflowId> {
        GlobalId(self.0.id)
    }
    /// What goes on: `approval`.
    async fn process(&self) -> &str {
        &self.0.process
    }
    /// What it is about: the business id, unique within the process.
    async fn key(&self) -> &str {
        &self.0.key
    }
    /// The version of the definition it began with; null before it has begun.
    async fn version(&self) -> Option<i32> {
        self.0.version
    }
    /// How far it is.
    async fn status(&self) -> WorkflowStatus {
        self.0.status.into()
    }
    /// All it knows.
    async fn state(&self) -> Json {
        Json(self.0.state.clone())
    }
    /// How it ended.
    async fn outcome(&self) -> Option<&str> {
        self.0.outcome.as_deref()
    }
    /// How much has happened to it.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }
    /// The time it waits for, the next one.
    async fn next_timer(&self) -> Option<WorkflowTimer> {
        let timer = self.0.next_timer.as_ref();
        timer.map(|timer| WorkflowTimer { name: timer.name.clone(), due_at: timer.due_at })
    }
    /// What happened to it and what it asked for, oldest first; the last 200.
    async fn history(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<WorkflowStep>> {
        let all = AllOf::<_, contract::WorkflowStep>::new(self.0.id);
        let found = loaders::of(ctx).load_one(all).await?.unwrap_or_default();
        let step = |step: Arc<contract::WorkflowStep>| WorkflowStep {
            sequence: step.sequence,
            at: step.at,
            happening: Json(step.happening.clone()),
            commands: Json(step.commands.clone()),
        };
        Ok(found.into_iter().map(step).collect())
    }
    /// Its runs of activities, oldest first.
    async fn runs(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<WorkflowRun>> {
        let all = AllOf::<_, contract::WorkflowRun>::new(self.0.id);
        let found = loaders::of(ctx).load_one(all).await?.unwrap_or_default();
        let run = |run: Arc<contract::WorkflowRun>| WorkflowRun {
            key: run.key.clone(),
            activity: run.activity.clone(),
            status: run.status.into(),
            attempts: run.attempts,
            due_at: run.due_at,
            last_error: run.last_error.clone(),
        };
        Ok(found.into_iter().map(run).collect())
    }
    /// Since when.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When something happened to it last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A time that a workflow waits for.
#[derive(SimpleObject)]
pub struct WorkflowTimer {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub due_at: DateTime<Utc>,
}

/// Something that happened to a workflow.
#[derive(SimpleObject)]
pub struct WorkflowStep {
    /// From 1.
    pub sequence: i64,
    /// When it was taken in.
    pub at: DateTime<Utc>,
    /// What happened.
    pub happening: Json,
    /// What was asked for then.
    pub commands: Json,
}

/// A run of an activity.
#[derive(SimpleObject)]
pub struct WorkflowRun {
    /// Names it within the workflow.
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

/// What failed for good.
pub struct WorkflowFault(contract::WorkflowFault);

/// What failed for good, and what staff did about it.
#[Object]
impl WorkflowFault {
    /// Its id.
    async fn id(&self) -> GlobalId<WorkflowFaultId> {
        GlobalId(self.0.id)
    }
    /// The workflow that cannot go on.
    async fn workflow(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Workflow>> {
        Ok(loaders::of(ctx).load_one(self.0.workflow_id).await?.map(Workflow))
    }
    /// The run that failed; null when the definition itself did.
    async fn run(&self) -> Option<&str> {
        self.0.run_key.as_deref()
    }
    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }
    /// How it stands.
    async fn status(&self) -> WorkflowFaultStatus {
        self.0.status.into()
    }
    /// What staff said to it.
    async fn note(&self) -> &str {
        &self.0.note
    }
    /// Since when.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Until when.
    async fn resolved_at(&self) -> Option<DateTime<Utc>> {
        self.0.resolved_at
    }
}

/// Queries about workflows.
#[derive(Default)]
pub struct WorkflowQuery;

#[Object]
impl WorkflowQuery {
    /// A workflow; null when there is none.
    async fn workflow(
        &self,
        ctx: &Context<'_>,
        id: GlobalId<WorkflowId>,
    ) -> async_graphql::Result<Option<Workflow>> {
        Ok(loaders::of(ctx).load_one(id.0).await?.map(Workflow))
    }

    /// Workflows, newest first.
    async fn workflows(
        &self,
        ctx: &Context<'_>,
        process: Option<String>,
        #[graphql(desc = "The business id: of an approval, the id of its request without its kind.")]
        key: Option<String>,
        status: Option<WorkflowStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Workflow>> {
        let page = page_request(first, after)?;
        let filter = WorkflowFilter { process, key, status: status.map(Into::into) };
        let found = ctx.services().workflows.list(&ctx.caller().ctx, &filter, page).await;
        Ok(connection(page, answer(ctx, found)?, |w| w.id.0, |w| Workflow(Arc::new(w))))
    }

    /// The fault inbox: what failed for good, newest first.
    async fn workflow_faults(
        &self,
        ctx: &Context<'_>,
        status: Option<WorkflowFaultStatus>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, WorkflowFault>> {
        let page = page_request(first, after)?;
        let found = ctx.services().workflows.faults(&ctx.caller().ctx, status.map(Into::into), page).await;
        Ok(connection(page, answer(ctx, found)?, |fault| fault.id.0, WorkflowFault))
    }
}

/// What is to end.
#[derive(InputObject)]
pub struct WorkflowCancelInput {
    /// The workflow.
    pub id: GlobalId<WorkflowId>,
    /// In your words, 1 to 2,000 characters.
    pub reason: String,
}

/// What is to be tried again.
#[derive(InputObject)]
pub struct WorkflowFaultRetryInput {
    /// The fault.
    pub id: GlobalId<WorkflowFaultId>,
}

/// What is to be left out.
#[derive(InputObject)]
pub struct WorkflowFaultSkipInput {
    /// The fault.
    pub id: GlobalId<WorkflowFaultId>,
    /// In your words, 1 to 2,000 characters.
    pub reason: String,
}

/// What a command on a workflow left behind.
#[derive(SimpleObject)]
pub struct WorkflowPayload {
    /// The workflow now. It takes in what it was told in a moment.
    pub workflow: Option<Workflow>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<WorkflowErrorCode>>,
}

/// Commands on workflows.
#[derive(Default)]
pub struct WorkflowMutation;

#[Object]
impl WorkflowMutation {
    /// Tells a workflow to end; it may give back first what it holds. What always runs goes on.
    async fn workflow_cancel(
        &self,
        ctx: &Context<'_>,
        input: WorkflowCancelInput,
    ) -> async_graphql::Result<WorkflowPayload> {
        let workflows = &ctx.services().workflows;
        let done = workflows.cancel(&ctx.command(None)?, input.id.0, &input.reason).await;
        payload(ctx, done.map(|()| input.id.0)).await
    }

    /// Has what failed tried again, as often as at first.
    async fn workflow_fault_retry(
        &self,
        ctx: &Context<'_>,
        input: WorkflowFaultRetryInput,
    ) -> async_graphql::Result<WorkflowPayload> {
        let done = ctx.services().workflows.fault_retry(&ctx.command(None)?, input.id.0).await;
        payload(ctx, done).await
    }

    /// Goes on without the run that failed.
    async fn workflow_fault_skip(
        &self,
        ctx: &Context<'_>,
        input: WorkflowFaultSkipInput,
    ) -> async_graphql::Result<WorkflowPayload> {
        let workflows = &ctx.services().workflows;
        let done = workflows.fault_skip(&ctx.command(None)?, input.id.0, &input.reason).await;
        payload(ctx, done).await
    }
}

async fn payload(
    ctx: &Context<'_>,
    done: Result<WorkflowId, vectis_kernel::Failure<WorkflowCode>>,
) -> async_graphql::Result<WorkflowPayload> {
    let (id, user_errors) = outcome(ctx, done)?;
    let workflow = match id {
        Some(id) => loaders::of(ctx).load_one(id).await?.map(Workflow),
        None => None,
    };
    Ok(WorkflowPayload { workflow, user_errors })
}
