//! Tasks of the plugins in force, for the scheduler.

use async_trait::async_trait;
use vectis_contracts::plugin_schedules::{DeclaredSchedule, ScheduledTasks, TakenRun, TaskReport};
use vectis_contracts::points::PointError;
use vectis_kernel::Ctx;

use crate::runtime::PluginRuntime;

#[async_trait]
impl ScheduledTasks for PluginRuntime {
    fn declared(&self, ctx: &Ctx) -> Vec<DeclaredSchedule> {
        self.set_of(ctx).tasks.schedules.clone()
    }

    async fn run(&self, ctx: &Ctx, run: &TakenRun) -> Result<TaskReport, PointError> {
        let adapter = self.set_of(ctx).tasks.find(&run.declared)?;
        adapter.run(run.clone(), ctx.now()).await
    }
}
