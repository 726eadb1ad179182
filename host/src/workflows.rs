//! The wiring of workflows: which processes there are, and who works for them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use vectis_contracts::audit::Audit;
use vectis_contracts::extensions::Extensions;
use vectis_contracts::inventory::Inventory;
use vectis_contracts::ports::event_handler::EventHandler;
use vectis_contracts::ports::process::{ActivityError, Process, Processes};
use vectis_contracts::ports::recurring::Recurring;
use vectis_contracts::ports::workflow_journal::Journal;
use vectis_contracts::workflows::WorkflowCode;
use vectis_db::Db;
use vectis_kernel::{Ctx, Failure};
use vectis_workflow::{Settings, Worker};

use crate::config::Workflows as Config;
use crate::tasks::Tasks;

const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// Work that comes round, and whom it is done with.
pub struct Rounds {
    /// Whose holds run out.
    pub inventory: Arc<dyn Inventory>,
    /// Whose entries run out.
    pub extensions: Arc<dyn Extensions>,
    /// Whose answers run out.
    pub db: Db,
}

/// All definitions: the modules' own, and what comes round.
pub fn processes(of_modules: Vec<Arc<dyn Process>>, rounds: Rounds) -> Processes {
    let Rounds { inventory, extensions, db } = rounds;
    let expiry = Recurring::new("reservation-expiry", Duration::from_secs(15), move |ctx: Ctx| {
        let inventory = inventory.clone();
        async move { Ok(json!({ "expired": inventory.expire_due(&ctx).await? })) }
    });
    let extension_sweep = Recurring::new("extension-expiry", Duration::from_secs(300), move |ctx: Ctx| {
        let extensions = extensions.clone();
        async move { Ok(json!({ "swept": extensions.sweep(&ctx).await? })) }
    });
    let purge = Recurring::new("idempotency-purge", Duration::from_secs(3600), move |ctx: Ctx| {
        let db = db.clone();
        async move { purge(&db, &ctx).await.map_err(|error| ActivityError::Failed(error.to_string())) }
    });
    let rounds: [Arc<dyn Process>; 3] = [Arc::new(expiry), Arc::new(extension_sweep), Arc::new(purge)];
    Processes::new(of_modules.into_iter().chain(rounds).collect())
}

/// What staff see, what hears of events, and what works.
pub fn build(
    db: &Db,
    audit: &Arc<dyn Audit>,
    processes: Processes,
    config: &Config,
) -> (Arc<dyn vectis_contracts::workflows::Workflows>, Arc<dyn EventHandler>, Workflows) {
    let deps = vectis_workflows::Deps { db: db.clone(), audit: audit.clone(), processes: processes.clone() };
    let vectis_workflows::Built { workflows, journal, intake } = vectis_workflows::build(deps);
    (workflows, intake, Workflows::new(db, journal, processes, config))
}

async fn purge(db: &Db, ctx: &Ctx) -> Result<Value, vectis_db::idempotency::Error> {
    let mut tx = db.begin().await?;
    let purged = vectis_db::idempotency::purge(&mut tx, ctx).await?;
    tx.commit().await?;
    Ok(json!({ "purged": purged }))
}

/// The parts of workflows.
pub struct Workflows {
    journal: Arc<dyn Journal>,
    worker: Arc<Worker>,
    db: Db,
    config: Config,
}

impl Workflows {
    /// On a record; nothing runs yet.
    pub fn new(db: &Db, journal: Arc<dyn Journal>, processes: Processes, config: &Config) -> Self {
        let settings = Settings {
            concurrency: config.concurrency,
            run_timeout: config.run_timeout,
            look_interval: config.look_interval,
        };
        let worker = Arc::new(Worker::new(journal.clone(), processes, settings));
        Self { journal, worker, db: db.clone(), config: config.clone() }
    }

    /// Works for all instances, and forgets those that ended long ago.
    pub fn start(&self, tasks: &Tasks) {
        let (worker, db, stop) = (self.worker.clone(), self.db.clone(), tasks.stopping());
        tasks.insist("workflows.listen", move || {
            let (worker, db, stop) = (worker.clone(), db.clone(), stop.clone());
            async move { Ok(worker.listen(&db, stop).await?) }
        });
        let (worker, stop) = (self.worker.clone(), tasks.stopping());
        tasks.insist("workflows.work", move || {
            let (worker, stop) = (worker.clone(), stop.clone());
            async move { Ok(worker.run(stop).await?) }
        });
        let (journal, retention) = (self.journal.clone(), self.config.retention);
        tasks.every("workflows.forget", FORGET_EVERY, move || {
            let journal = journal.clone();
            async move {
                let before = Ctx::system("workflow").now() - retention;
                let forgotten: Result<u64, Failure<WorkflowCode>> = journal.forget(before).await;
                forgotten.map(drop).map_err(|failure| anyhow::anyhow!("{failure:?}"))
            }
        });
    }
}
