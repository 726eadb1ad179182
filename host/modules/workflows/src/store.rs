//! All SQL of the schema `workflows`.

pub(crate) mod fault;
pub(crate) mod instance;
pub(crate) mod message;
pub(crate) mod read;
pub(crate) mod run;

use vectis_contracts::Tx;
use vectis_contracts::ports::process::Processes;
use vectis_contracts::workflows::{FaultStatus, WorkflowRunStatus, WorkflowStatus};
use vectis_db::conn;

/// Tells workers, when this unit of work commits, that there is something to do.
#[tracing::instrument(name = "db.workflows.knock", skip_all)]
pub(crate) async fn knock(tx: &mut Tx) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_notify('vectis_workflows', '')").execute(conn(tx)).await?;
    Ok(())
}

/// Names and versions of definitions, in two columns.
fn known(processes: &Processes) -> (Vec<String>, Vec<i32>) {
    let known = processes.known();
    known.map(|(name, version)| (name.to_owned(), i32::try_from(version).unwrap_or(i32::MAX))).unzip()
}

/// As stored.
pub(crate) fn status_text(status: WorkflowStatus) -> &'static str {
    match status {
        WorkflowStatus::Awaited => "awaited",
        WorkflowStatus::Running => "running",
        WorkflowStatus::Broken => "broken",
        WorkflowStatus::Completed => "completed",
        WorkflowStatus::Canceled => "canceled",
    }
}

fn status_from(text: &str) -> Result<WorkflowStatus, sqlx::Error> {
    match text {
        "awaited" => Ok(WorkflowStatus::Awaited),
        "running" => Ok(WorkflowStatus::Running),
        "broken" => Ok(WorkflowStatus::Broken),
        "completed" => Ok(WorkflowStatus::Completed),
        "canceled" => Ok(WorkflowStatus::Canceled),
        other => Err(undecodable(format!("unknown workflow status {other:?}"))),
    }
}

fn run_status_text(status: WorkflowRunStatus) -> &'static str {
    match status {
        WorkflowRunStatus::Due => "due",
        WorkflowRunStatus::Running => "running",
        WorkflowRunStatus::Done => "done",
        WorkflowRunStatus::Refused => "refused",
        WorkflowRunStatus::Skipped => "skipped",
        WorkflowRunStatus::Faulted => "faulted",
        WorkflowRunStatus::Canceled => "canceled",
    }
}

fn run_status_from(text: &str) -> Result<WorkflowRunStatus, sqlx::Error> {
    match text {
        "due" => Ok(WorkflowRunStatus::Due),
        "running" => Ok(WorkflowRunStatus::Running),
        "done" => Ok(WorkflowRunStatus::Done),
        "refused" => Ok(WorkflowRunStatus::Refused),
        "skipped" => Ok(WorkflowRunStatus::Skipped),
        "faulted" => Ok(WorkflowRunStatus::Faulted),
        "canceled" => Ok(WorkflowRunStatus::Canceled),
        other => Err(undecodable(format!("unknown status {other:?} of a run"))),
    }
}

/// As stored.
pub(crate) fn fault_status_text(status: FaultStatus) -> &'static str {
    match status {
        FaultStatus::Open => "open",
        FaultStatus::Retried => "retried",
        FaultStatus::Skipped => "skipped",
        FaultStatus::Closed => "closed",
    }
}

fn fault_status_from(text: &str) -> Result<FaultStatus, sqlx::Error> {
    match text {
        "open" => Ok(FaultStatus::Open),
        "retried" => Ok(FaultStatus::Retried),
        "skipped" => Ok(FaultStatus::Skipped),
        "closed" => Ok(FaultStatus::Closed),
        other => Err(undecodable(format!("unknown status {other:?} of a fault"))),
    }
}

fn undecodable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(reason.into())
}
