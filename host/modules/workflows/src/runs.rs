//! How a run of an activity went.

use chrono::TimeDelta;
use vectis_contracts::ports::process::Happening;
use vectis_contracts::ports::workflow_journal::{ClaimedRun, RunOutcome};
use vectis_contracts::workflows::{WorkflowCode, WorkflowRunStatus};
use vectis_db::{Db, outbox};
use vectis_kernel::{Ctx, Failure};

use crate::store::run::Ended;
use crate::{events, store};

/// Longest reason that is kept.
const MAX_REASON: usize = 2_000;

pub(crate) async fn finish(
    db: &Db,
    ctx: &Ctx,
    claimed: &ClaimedRun,
    outcome: &RunOutcome,
) -> Result<bool, Failure<WorkflowCode>> {
    let key = claimed.run.key.clone();
    match outcome {
        RunOutcome::Done(result) => {
            let happening = Happening::ActivityDone { key, result: result.clone() };
            told(db, ctx, claimed, WorkflowRunStatus::Done, happening).await
        }
        RunOutcome::Refused(reason) => {
            let happening = Happening::ActivityRefused { key, reason: cut(reason) };
            told(db, ctx, claimed, WorkflowRunStatus::Refused, happening).await
        }
        RunOutcome::Failed(reason) => failed(db, ctx, claimed, &cut(reason)).await,
    }
}

/// The run is over, and its process hears of it.
async fn told(
    db: &Db,
    ctx: &Ctx,
    claimed: &ClaimedRun,
    status: WorkflowRunStatus,
    happening: Happening,
) -> Result<bool, Failure<WorkflowCode>> {
    let mut tx = db.begin().await?;
    // The instance before its runs, as everywhere.
    let instance_id = store::message::wake_one(&mut tx, ctx, claimed.instance_id).await?;
    let ended = Ended { status, due_at: None, last_error: None };
    if !store::run::end(&mut tx, ctx, claimed, &ended).await? {
        return Ok(false);
    }
    if instance_id.is_some() {
        let message = (claimed.instance_id, ctx.new_id(), serde_json::to_value(&happening)?);
        store::message::put(&mut tx, ctx, vec![message]).await?;
    }
    store::knock(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}

/// It is tried again later, or waits for staff.
async fn failed(
    db: &Db,
    ctx: &Ctx,
    claimed: &ClaimedRun,
    reason: &str,
) -> Result<bool, Failure<WorkflowCode>> {
    let mut tx = db.begin().await?;
    if claimed.tries_left > 0 {
        let wait = claimed.run.retry.wait_after(claimed.attempt);
        let due_at = ctx.now() + TimeDelta::from_std(wait)?;
        let ended = Ended {
            status: WorkflowRunStatus::Due,
            due_at: Some(due_at),
            last_error: Some(reason.to_owned()),
        };
        let is_mine = store::run::end(&mut tx, ctx, claimed, &ended).await?;
        tx.commit().await?;
        return Ok(is_mine);
    }
    store::instance::lock(&mut tx, claimed.instance_id).await?;
    let ended =
        Ended { status: WorkflowRunStatus::Faulted, due_at: None, last_error: Some(reason.to_owned()) };
    if !store::run::end(&mut tx, ctx, claimed, &ended).await? {
        return Ok(false);
    }
    let (fault_id, attempts) = (ctx.new_id(), i32::try_from(claimed.attempt)?);
    let of_run = Some(claimed.id);
    store::fault::open(&mut tx, ctx, fault_id, claimed.instance_id, of_run, (reason, attempts)).await?;
    let fact = events::fault(&events::Failed {
        fault_id,
        instance_id: claimed.instance_id,
        process: &claimed.process,
        key: &claimed.key,
        run: Some(&claimed.run.key),
        reason,
        attempts,
    });
    outbox::append(&mut tx, ctx, &[fact]).await?;
    tx.commit().await?;
    tracing::error!(
        workflow.id = %claimed.instance_id,
        process = claimed.process,
        run = claimed.run.key,
        attempts,
        reason,
        "a run failed for good; it waits for staff"
    );
    Ok(true)
}

fn cut(reason: &str) -> String {
    reason.chars().filter(|letter| *letter != '\0').take(MAX_REASON).collect()
}
