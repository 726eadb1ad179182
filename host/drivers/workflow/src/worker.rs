//! A worker: decides, claims, runs, sleeps until something is due or somebody knocks.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vectis_contracts::ports::process::{ActivityError, Processes};
use vectis_contracts::ports::workflow_journal::{ClaimedRun, Journal, RunOutcome};
use vectis_contracts::workflows::WorkflowCode;
use vectis_db::{Db, DbError, knocks};
use vectis_kernel::{Ctx, Failure, IdempotencyKey};

/// Where units of work knock that told an instance something.
const CHANNEL: &str = "vectis_workflows";

/// Instances that decide in one unit of work.
const DECIDE_AT_ONCE: usize = 50;

/// Shortest sleep: what is due in the very next moment is not worth a question for each millisecond.
const SHORTEST_SLEEP: Duration = Duration::from_millis(5);

const ACTOR: &str = "workflow";

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Runs at once.
    pub concurrency: usize,
    /// How long a run may take.
    pub run_timeout: Duration,
    /// How often a worker looks by itself, should nobody knock.
    pub look_interval: Duration,
}

impl Settings {
    /// How long a run is its worker's. Longer than it may take, so that no second one begins while the first may still write.
    fn lease(&self) -> Duration {
        self.run_timeout + self.run_timeout / 2
    }
}

/// Works for all instances, together with the workers of other processes.
pub struct Worker {
    journal: Arc<dyn Journal>,
    processes: Processes,
    settings: Settings,
    knocks: watch::Sender<u64>,
}

impl Worker {
    /// On a record, with these definitions.
    pub fn new(journal: Arc<dyn Journal>, processes: Processes, settings: Settings) -> Self {
        Self { journal, processes, settings, knocks: watch::Sender::new(0) }
    }

    /// Hears the knocks of units of work, here and in other processes, until `stop`.
    pub async fn listen(&self, db: &Db, stop: CancellationToken) -> Result<(), DbError> {
        let knocks = &self.knocks;
        knocks::listen(db, CHANNEL, || knocks.send_modify(|count| *count += 1), stop.cancelled()).await
    }

    /// Works until `stop`, then ends what it is at.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), WorkerError> {
        self.journal.begin_perpetual(&Ctx::system(ACTOR), &self.processes).await?;
        let mut door = self.knocks.subscribe();
        let mut running = JoinSet::new();
        while !stop.is_cancelled() {
            door.mark_unchanged();
            let busy = self.turn(&mut running).await?;
            if busy {
                continue;
            }
            let sleep = self.sleep(running.len()).await?;
            tokio::select! {
                () = stop.cancelled() => {}
                changed = door.changed() => if changed.is_err() { break },
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        while running.join_next().await.is_some() {}
        Ok(())
    }

    /// Decides and claims what there is. True when there may be more.
    async fn turn(&self, running: &mut JoinSet<()>) -> Result<bool, WorkerError> {
        let ctx = Ctx::system(ACTOR);
        let decided = self.journal.decide(&ctx, &self.processes, DECIDE_AT_ONCE).await?;
        metrics::counter!("vectis_workflow_decisions_total").increment(decided as u64);
        while running.try_join_next().is_some() {}
        let free = self.settings.concurrency.saturating_sub(running.len());
        if free == 0 {
            return Ok(false);
        }
        let claimed = self.journal.claim(&ctx, &self.processes, free, self.settings.lease()).await?;
        let is_busy = decided > 0 || !claimed.is_empty();
        for claimed in claimed {
            let (journal, processes) = (self.journal.clone(), self.processes.clone());
            let timeout = self.settings.run_timeout;
            running.spawn(async move { at_work(&*journal, &processes, &claimed, timeout).await });
        }
        Ok(is_busy)
    }

    /// Until the next thing is due. Whoever has no place for a run does not wait for one.
    async fn sleep(&self, running: usize) -> Result<Duration, WorkerError> {
        let longest = self.settings.look_interval;
        if running >= self.settings.concurrency {
            return Ok(longest);
        }
        let due = self.journal.next_due(&self.processes).await?;
        let until_due = due.map(|due| (due - Ctx::system(ACTOR).now()).to_std().unwrap_or_default());
        Ok(until_due.unwrap_or(longest).clamp(SHORTEST_SLEEP, longest))
    }
}

/// The record cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WorkerError(String);

impl From<Failure<WorkflowCode>> for WorkerError {
    fn from(failure: Failure<WorkflowCode>) -> Self {
        match failure {
            Failure::Internal(error) => Self(error.to_string()),
            Failure::Refused(refusals) => Self(format!("{refusals:?}")),
        }
    }
}

/// One run, and what becomes of it. Should writing that fail, the lease runs out and the run comes again.
async fn at_work(journal: &dyn Journal, processes: &Processes, claimed: &ClaimedRun, timeout: Duration) {
    let ctx = context_of(claimed);
    let outcome = if claimed.is_worn_out {
        RunOutcome::Failed(format!("{} workers went away while they were at it", claimed.attempt))
    } else {
        outcome(&ctx, processes, claimed, timeout).await
    };
    let word = match &outcome {
        RunOutcome::Done(_) => "done",
        RunOutcome::Refused(_) => "refused",
        RunOutcome::Failed(reason) => {
            tracing::warn!(
                workflow.id = %claimed.instance_id,
                process = claimed.process,
                run = claimed.run.key,
                attempt = claimed.attempt,
                reason,
                "a run of a workflow failed"
            );
            "failed"
        }
    };
    metrics::counter!("vectis_workflow_runs_total", "process" => claimed.process.clone(), "outcome" => word)
        .increment(1);
    if let Err(failure) = journal.finish(&Ctx::system(ACTOR), claimed, outcome).await {
        let error = WorkerError::from(failure);
        tracing::warn!(workflow.id = %claimed.instance_id, run = claimed.run.key, %error, "the end of a run was not written; it will come again");
    }
}

async fn outcome(ctx: &Ctx, processes: &Processes, claimed: &ClaimedRun, timeout: Duration) -> RunOutcome {
    let Some(process) = processes.find(&claimed.process, claimed.version) else {
        return RunOutcome::Failed(format!(
            "{} version {} is not known here",
            claimed.process, claimed.version
        ));
    };
    match tokio::time::timeout(timeout, process.act(ctx, &claimed.run)).await {
        Ok(Ok(result)) => RunOutcome::Done(result),
        Ok(Err(ActivityError::Refused(reason))) => RunOutcome::Refused(reason),
        Ok(Err(ActivityError::Failed(reason))) => RunOutcome::Failed(reason),
        Err(_) => RunOutcome::Failed(format!("took longer than {} s", timeout.as_secs_f64())),
    }
}

/// The system, with a key under which the run has one effect however often it comes.
fn context_of(claimed: &ClaimedRun) -> Ctx {
    let mut ctx = Ctx::system(ACTOR);
    let key = claimed.id.to_string();
    let parameters_hash = Sha256::digest(claimed.run.input.to_string()).into();
    ctx.idempotency = Some(IdempotencyKey { key, parameters_hash });
    ctx
}
