//! Runs the plugins' tasks when they are due: takes what this process has places for, holds on to it meanwhile, and writes down
//! what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use vectis_contracts::plugin_schedules::{
    DeclaredSchedule, PluginSchedules, RunOutcome, ScheduledTasks as _, TakenRun, TaskReport,
};
use vectis_kernel::Ctx;
use vectis_plugin_runtime::PluginRuntime;

use crate::config::Schedules;
use crate::tasks::Tasks;

/// A lease is held on to thrice while it lasts.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);
/// Letters of an error that are kept.
const MAX_LETTERS: usize = 2_000;

/// Runs tasks in this process.
pub(crate) struct Scheduler {
    tasks: Tasks,
    schedules: Arc<dyn PluginSchedules>,
    plugins: Arc<PluginRuntime>,
    places: Arc<Semaphore>,
    lease: Duration,
    replica: String,
}

impl Scheduler {
    pub(crate) fn start(
        tasks: &Tasks,
        config: &Schedules,
        schedules: Arc<dyn PluginSchedules>,
        plugins: Arc<PluginRuntime>,
    ) {
        let scheduler = Arc::new(Self {
            tasks: tasks.clone(),
            schedules,
            plugins,
            places: Arc::new(Semaphore::new(config.concurrent)),
            lease: config.lease.max(SHORTEST_LEASE),
            replica: vectis_plugin_runtime::replica_name(),
        });
        tasks.every("plugins.schedules", config.look_interval, move || {
            let scheduler = scheduler.clone();
            async move { scheduler.look().await }
        });
    }

    /// Takes what is due, and begins with it.
    async fn look(self: &Arc<Self>) -> anyhow::Result<()> {
        let places = self.places.available_permits();
        if places == 0 {
            return Ok(());
        }
        // What is declared now is what runs, also when another version takes over meanwhile.
        let ctx = Ctx { plugin_set: Some(self.plugins.snapshot()), ..Ctx::system("schedules") };
        let declared = self.plugins.declared(&ctx);
        let taken = self.schedules.take(&ctx, &self.replica, &declared, places).await;
        for run in taken.map_err(|failure| anyhow::anyhow!("{failure:?}"))? {
            let place = self.places.clone().acquire_owned().await?;
            let (scheduler, ctx) = (self.clone(), ctx.clone());
            self.tasks.spawn(async move { scheduler.work(&ctx, run, place).await });
        }
        Ok(())
    }

    async fn work(&self, ctx: &Ctx, run: TakenRun, _place: OwnedSemaphorePermit) {
        let begun = Instant::now();
        let result = tokio::select! {
            result = self.plugins.run(ctx, &run) => result.map_err(|error| error.to_string()),
            why = self.until_broken_off(ctx, &run, self.tasks.stopping()) => Err(why),
        };
        let result = result.map_err(|why| why.chars().take(MAX_LETTERS).collect());
        match self.schedules.finish(ctx, &run, result.clone()).await {
            Ok(Some(outcome)) => tell(&run.declared, outcome, begun.elapsed(), &result),
            Ok(None) => {
                let DeclaredSchedule { plugin, name, .. } = &run.declared;
                tracing::warn!(
                    plugin,
                    schedule = name,
                    "another process has taken over a run of {plugin}/{name}"
                );
            }
            // The lease runs out, and the run is attempted again.
            Err(failure) => tracing::error!(?failure, "what came of a scheduled run could not be written"),
        }
    }

    /// Holds on to the run for as long as this process lives and nobody else has it.
    async fn until_broken_off(&self, ctx: &Ctx, run: &TakenRun, stopping: CancellationToken) -> String {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return "its process was told to stop".to_owned(),
                () = tokio::time::sleep(self.lease / 3) => {}
            }
            match self.schedules.hold(ctx, run).await {
                Ok(true) => {}
                Ok(false) => return "another process has taken it over".to_owned(),
                Err(failure) => tracing::warn!(?failure, "a scheduled run could not be held"),
            }
        }
    }
}

fn tell(
    declared: &DeclaredSchedule,
    outcome: RunOutcome,
    took: Duration,
    result: &Result<TaskReport, String>,
) {
    let DeclaredSchedule { plugin, name, .. } = declared;
    let labels = [("plugin", plugin.clone()), ("schedule", name.clone())];
    metrics::histogram!("vectis_plugin_schedule_seconds", &labels).record(took);
    let labels =
        [("plugin", plugin.clone()), ("schedule", name.clone()), ("outcome", outcome.word().to_owned())];
    metrics::counter!("vectis_plugin_schedule_runs_total", &labels).increment(1);
    match result {
        Ok(report) => {
            tracing::info!(plugin, schedule = name, count = report.count, "{plugin}/{name} has run")
        }
        Err(why) => {
            tracing::warn!(plugin, schedule = name, outcome = outcome.word(), "{plugin}/{name}: {why}")
        }
    }
}
