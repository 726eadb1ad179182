//! Schedules of plugins: what is due, who does it, what came of it.

mod model;
mod staff;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use vectis_contracts::audit::Audit;
use vectis_contracts::plugin_schedules::{
    DeclaredSchedule, PluginSchedule, PluginScheduleRun, PluginSchedules, RunOutcome, ScheduleCode,
    ScheduleTerms, TakenRun, TaskReport,
};
use vectis_db::{Db, retrying};
use vectis_kernel::ids::PluginScheduleId;
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use self::model::{Begin, Ended, Next};
use crate::Deps;

type Outcome<T> = Result<T, Failure<ScheduleCode>>;

pub(crate) struct PgSchedules {
    db: Db,
    audit: Arc<dyn Audit>,
    terms: ScheduleTerms,
    /// What was written down last, so that nothing is written while nothing changes.
    followed: Mutex<Vec<DeclaredSchedule>>,
}

impl PgSchedules {
    pub(crate) fn new(deps: &Deps) -> Self {
        let Deps { db, audit, schedules } = deps;
        Self { db: db.clone(), audit: audit.clone(), terms: *schedules, followed: Mutex::default() }
    }

    /// Writes down schedules that are new and times that have changed.
    async fn follow(&self, ctx: &Ctx, declared: &[DeclaredSchedule]) -> Outcome<()> {
        if *self.followed.lock().unwrap_or_else(PoisonError::into_inner) == declared {
            return Ok(());
        }
        store::follow(self.db.pool(), ctx, declared).await?;
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = declared.to_vec();
        Ok(())
    }

    async fn take_once(
        &self,
        ctx: &Ctx,
        replica: &str,
        declared: &[DeclaredSchedule],
        most: i64,
    ) -> Outcome<Vec<TakenRun>> {
        let mut tx = self.db.begin().await?;
        let due = store::lock_due(&mut tx, ctx, declared, most).await?;
        if due.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let by_place: HashMap<_, _> = declared.iter().map(|one| (model::place(one), one)).collect();
        let steps: Vec<Next> = due
            .iter()
            .filter_map(|row| Some(model::next(ctx, &self.terms, row, by_place.get(&row.place())?)))
            .collect();
        store::end_lost(&mut tx, ctx, &due, &steps).await?;
        let begun: Vec<&Begin> = steps.iter().filter_map(Next::begun).collect();
        store::move_on(&mut tx, ctx, &due, &steps).await?;
        store::begin_runs(&mut tx, ctx, replica, &begun).await?;
        tx.commit().await?;
        Ok(begun.into_iter().map(|begin| begin.run.clone()).collect())
    }

    async fn finish_once(&self, ctx: &Ctx, run: &TakenRun, ended: &Ended) -> Outcome<bool> {
        let mut tx = self.db.begin().await?;
        if !store::release(&mut tx, ctx, run, ended).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        store::end_run(&mut tx, ctx, run, ended).await?;
        store::forget_old_runs(&mut tx, run.schedule_id).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl PluginSchedules for PgSchedules {
    async fn take(
        &self,
        ctx: &Ctx,
        replica: &str,
        declared: &[DeclaredSchedule],
        most: usize,
    ) -> Outcome<Vec<TakenRun>> {
        self.follow(ctx, declared).await?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        if declared.is_empty() || most == 0 {
            return Ok(Vec::new());
        }
        retrying(|| self.take_once(ctx, replica, declared, most)).await
    }

    async fn hold(&self, ctx: &Ctx, run: &TakenRun) -> Outcome<bool> {
        Ok(store::hold(self.db.pool(), run, ctx.now() + self.terms.lease).await?)
    }

    async fn finish(
        &self,
        ctx: &Ctx,
        run: &TakenRun,
        result: Result<TaskReport, String>,
    ) -> Outcome<Option<RunOutcome>> {
        let ended = model::ended(ctx, &self.terms, run, result);
        let is_written = retrying(|| self.finish_once(ctx, run, &ended)).await?;
        Ok(is_written.then_some(ended.outcome))
    }

    async fn page(
        &self,
        ctx: &Ctx,
        plugin: Option<&str>,
        request: PageRequest,
    ) -> Outcome<Page<PluginSchedule>> {
        staff::require_permission(ctx)?;
        let found = store::page(self.db.pool(), plugin, request).await?;
        Ok(Page::from_fetched(found, &request))
    }

    async fn runs(
        &self,
        ctx: &Ctx,
        schedules: &[PluginScheduleId],
        request: PageRequest,
    ) -> Outcome<Vec<(PluginScheduleId, Page<PluginScheduleRun>)>> {
        staff::require_permission(ctx)?;
        let mut by_schedule: HashMap<PluginScheduleId, Vec<PluginScheduleRun>> = HashMap::new();
        for run in store::runs(self.db.pool(), schedules, request).await? {
            by_schedule.entry(run.schedule_id).or_default().push(run);
        }
        let page = |id: &PluginScheduleId| {
            let runs = by_schedule.remove(id).unwrap_or_default();
            (*id, Page::from_fetched(runs, &request))
        };
        Ok(schedules.iter().map(page).collect())
    }

    async fn run_now(&self, ctx: &Ctx, id: PluginScheduleId) -> Outcome<PluginSchedule> {
        self.command(ctx, id, staff::Command::RunNow).await
    }

    async fn set_paused(&self, ctx: &Ctx, id: PluginScheduleId, is_paused: bool) -> Outcome<PluginSchedule> {
        let command = if is_paused { staff::Command::Pause } else { staff::Command::Resume };
        self.command(ctx, id, command).await
    }
}
