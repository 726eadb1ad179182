//! A record on a database of its own, workers that come and go, and what is told to parcels.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vectis_contracts::ports::event_handler::{EventHandler, IncomingEvent};
use vectis_contracts::ports::process::{Process, Processes};
use vectis_contracts::ports::workflow_journal::Journal;
use vectis_contracts::workflows::{
    FaultStatus, Workflow, WorkflowFault, WorkflowFilter, WorkflowRun, WorkflowStatus, WorkflowStep,
    Workflows,
};
use vectis_db::Db;
use vectis_kernel::{Ctx, PageRequest};
use vectis_tests::TestDatabase;
use vectis_workflow::{Settings, Worker};

use super::parcel::{Parcel, World};

/// The stage.
pub(super) struct Stage {
    pub(super) db: Db,
    pub(super) world: Arc<World>,
    pub(super) workflows: Arc<dyn Workflows>,
    pub(super) journal: Arc<dyn Journal>,
    intake: Arc<dyn EventHandler>,
    pub(super) processes: Processes,
    _database: Arc<TestDatabase>,
}

/// A worker at work, until it is stopped or dropped like one that dies.
pub(super) struct AtWork {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl AtWork {
    /// Ends what it is at.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }

    /// Ends nothing.
    pub(super) async fn die(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Stage {
    /// With the first version of parcels, which wait for a minute.
    pub(super) async fn new() -> Self {
        Self::patient(Duration::from_secs(60)).await
    }

    pub(super) async fn patient(patience: Duration) -> Self {
        let world = Arc::new(World::default());
        let parcel = Parcel::new(&world, 1, patience);
        Self::with(world, vec![Arc::new(parcel)]).await
    }

    pub(super) async fn with(world: Arc<World>, processes: Vec<Arc<dyn Process>>) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let pool = PgPoolOptions::new().max_connections(8).connect(database.url()).await.unwrap();
        Self::on(Db::new(pool), database, world, processes)
    }

    fn on(db: Db, database: Arc<TestDatabase>, world: Arc<World>, processes: Vec<Arc<dyn Process>>) -> Self {
        vectis_db::outbox::register_schemas(vectis_contracts::events::SCHEMAS).unwrap();
        let processes = Processes::new(processes);
        let audit = vectis_audit::build(vectis_audit::Deps { db: db.clone() }).audit;
        let deps = vectis_workflows::Deps { db: db.clone(), audit, processes: processes.clone() };
        let vectis_workflows::Built { workflows, journal, intake } = vectis_workflows::build(deps);
        Self { db, world, workflows, journal, intake, processes, _database: database }
    }

    /// The same shop with another program.
    pub(super) fn upgraded(&self, processes: Vec<Arc<dyn Process>>) -> Self {
        Self::on(self.db.clone(), self._database.clone(), self.world.clone(), processes)
    }

    /// A worker whose runs may take as long as told.
    pub(super) fn work_with(&self, run_timeout: Duration) -> AtWork {
        let settings = Settings { concurrency: 4, run_timeout, look_interval: Duration::from_millis(500) };
        let worker = Arc::new(Worker::new(self.journal.clone(), self.processes.clone(), settings));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (listening, db, until) = (worker.clone(), self.db.clone(), stop.clone());
        tasks.spawn(async move { listening.listen(&db, until).await.unwrap() });
        let until = stop.clone();
        tasks.spawn(async move { worker.run(until).await.unwrap() });
        AtWork { stop, tasks }
    }

    pub(super) fn work(&self) -> AtWork {
        self.work_with(Duration::from_secs(10))
    }

    /// An event comes in.
    pub(super) async fn hear(&self, event: IncomingEvent) {
        let ctx = Ctx::system("test");
        let mut tx = self.db.begin().await.unwrap();
        self.intake.handle(&mut tx, &ctx, &[event]).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn begin(&self, key: &str) {
        self.hear(event("vectis.test.parcel_made.v1", key, Ctx::system("test").new_id())).await;
    }

    pub(super) async fn go(&self, key: &str) {
        self.hear(event("vectis.test.parcel_told.v1", key, Ctx::system("test").new_id())).await;
    }

    pub(super) async fn find(&self, key: &str) -> Option<Workflow> {
        let filter = WorkflowFilter { key: Some(key.to_owned()), ..WorkflowFilter::default() };
        let page = self.workflows.list(&staff(), &filter, PageRequest::first(10)).await.unwrap();
        assert!(page.items.len() < 2);
        page.items.into_iter().next()
    }

    /// Waits until the instance is as wanted.
    pub(super) async fn until(&self, key: &str, is_so: impl Fn(&Workflow) -> bool) -> Workflow {
        for _ in 0..1_500 {
            if let Some(found) = self.find(key).await.filter(&is_so) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("not within 15 s: {:?}", self.find(key).await)
    }

    /// Waits for the end; the outcome.
    pub(super) async fn end(&self, key: &str) -> String {
        let ended = self.until(key, |found| found.status == WorkflowStatus::Completed).await;
        ended.outcome.unwrap()
    }

    pub(super) async fn steps(&self, key: &str) -> Vec<WorkflowStep> {
        let id = self.find(key).await.unwrap().id;
        self.workflows.history(&staff(), &[id]).await.unwrap()
    }

    pub(super) async fn runs(&self, key: &str) -> Vec<WorkflowRun> {
        let id = self.find(key).await.unwrap().id;
        self.workflows.runs(&staff(), &[id]).await.unwrap()
    }

    /// Waits for an open fault.
    pub(super) async fn fault(&self) -> WorkflowFault {
        for _ in 0..1_500 {
            let open = Some(FaultStatus::Open);
            let page = self.workflows.faults(&staff(), open, PageRequest::first(10)).await.unwrap();
            if let Some(fault) = page.items.into_iter().next() {
                return fault;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        unreachable!("no fault within 15 s")
    }

    /// Data of the events of a type.
    pub(super) async fn told(&self, event_type: &str) -> Vec<Value> {
        let told: Vec<(Value,)> = sqlx::query_as(
            "SELECT payload -> 'data' FROM events.outbox WHERE event_type = $1 ORDER BY sequence",
        )
        .bind(event_type)
        .fetch_all(self.db.pool())
        .await
        .unwrap();
        told.into_iter().map(|row| row.0).collect()
    }
}

/// Somebody who may.
pub(super) fn staff() -> Ctx {
    Ctx::system("staff")
}

pub(super) fn event(event_type: &str, key: &str, id: Uuid) -> IncomingEvent {
    IncomingEvent {
        id,
        event_type: event_type.to_owned(),
        topic: "vectis.test".to_owned(),
        key: key.to_owned(),
        envelope: json!({ "data": {} }),
    }
}
