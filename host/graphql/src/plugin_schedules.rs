//! Schedules of plugins as staff see and steer them.

use std::collections::HashMap;

use async_graphql::connection::Connection;
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::plugin_schedules::{self as contract, RunOutcome};
use vectis_kernel::ids::{ChannelId, PluginScheduleId, PluginScheduleRunId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Failure, Page, PageRequest};

use crate::caller::ContextExt;
use crate::error::{UserError, answer, loaded, outcome};
use crate::id::GlobalId;
use crate::loaders::{self, Batches};
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::PLUGINS_WRITE), "pluginSchedules")]),
    (
        "Mutation",
        &[(
            Access::Staff(&staff::PLUGINS_WRITE),
            "pluginScheduleRun pluginSchedulePause pluginScheduleResume",
        )],
    ),
    (
        "PluginSchedule",
        &[(
            Access::Owner,
            "id plugin name channelId task timing description isActive nextDueAt pausedAt lastRun runs",
        )],
    ),
    (
        "PluginScheduleRun",
        &[(
            Access::Owner,
            "id dueAt attempt isLate startedAt endedAt outcome count summary error replica version sha256",
        )],
    ),
    ("PluginSchedulePayload", &[(Access::Owner, "schedule userErrors")]),
];

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "RunOutcome")]
pub enum PluginScheduleOutcome {
    /// It is under way.
    Running,
    /// Done.
    Succeeded,
    /// It failed, or its process died, and it is attempted again.
    Retried,
    /// It failed for good; the next time will come.
    Failed,
}

/// Why a command on a schedule was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::ScheduleCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum PluginScheduleErrorCode {
    Forbidden,
    ScheduleNotFound,
    AlreadyRunning,
}

/// Work of a plugin at times of its own.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct PluginSchedule {
    /// Its id.
    pub id: GlobalId<PluginScheduleId>,
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub name: String,
    /// The channel its task is activated in; null for the whole shop.
    pub channel_id: Option<GlobalId<ChannelId>>,
    /// The entry point of `vectis.task` that runs.
    pub task: String,
    /// When: `every 1h`, `cron 0 3 * * * Europe/Berlin`.
    pub timing: String,
    /// From the manifest; may be empty.
    pub description: String,
    /// When it runs next; null while it is paused.
    pub next_due_at: Option<DateTime<Utc>>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// The newest run.
    pub last_run: Option<PluginScheduleRun>,
}

#[ComplexObject]
impl PluginSchedule {
    /// Whether the plugin has it now. One that is switched off, removed or changed has its runs to show, and begins none.
    async fn is_active(&self, ctx: &Context<'_>) -> bool {
        let declared = ctx.services().scheduled_tasks.declared(&ctx.caller().ctx);
        let channel_id = self.channel_id.as_ref().map(|id| id.0);
        declared
            .iter()
            .any(|one| (&one.plugin, &one.name, one.channel_id) == (&self.plugin, &self.name, channel_id))
    }

    /// Its newest hundred runs, newest first.
    async fn runs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, PluginScheduleRun>> {
        let request = page_request(first, after)?;
        let key = RunsOf { schedule: self.id.0, first: request.first, after: request.after };
        let page = loaders::of(ctx).load_one(key).await?;
        let page = page.unwrap_or(Page { items: Vec::new(), has_next: false });
        Ok(connection(request, page, |run| run.id.0, PluginScheduleRun::from))
    }
}

/// A page of runs of one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RunsOf {
    schedule: PluginScheduleId,
    first: u32,
    after: Option<Uuid>,
}

impl Loader<RunsOf> for Batches {
    type Value = Page<contract::PluginScheduleRun>;
    type Error = async_graphql::Error;

    /// The same page of all schedules is one call.
    async fn load(&self, keys: &[RunsOf]) -> async_graphql::Result<HashMap<RunsOf, Self::Value>> {
        let mut by_page: HashMap<(u32, Option<Uuid>), Vec<PluginScheduleId>> = HashMap::new();
        for key in keys {
            by_page.entry((key.first, key.after)).or_default().push(key.schedule);
        }
        let mut all = HashMap::new();
        for ((first, after), schedules) in by_page {
            let request = PageRequest { first, after };
            let found = self.services().plugin_schedules.runs(&self.caller().ctx, &schedules, request).await;
            let found = loaded(self.caller(), "PluginScheduleRun", found)?;
            all.extend(found.into_iter().map(|(schedule, page)| (RunsOf { schedule, first, after }, page)));
        }
        Ok(all)
    }
}

/// One attempt at one time of a schedule.
#[derive(SimpleObject)]
pub struct PluginScheduleRun {
    /// Its id.
    pub id: GlobalId<PluginScheduleRunId>,
    /// The time it is for.
    pub due_at: DateTime<Utc>,
    /// 1 for the first.
    pub attempt: u32,
    /// Whether it makes up for times at which nobody could run it.
    pub is_late: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: PluginScheduleOutcome,
    /// How many things the task dealt with. A whole number, which may be larger than an Int.
    pub count: Option<f64>,
    /// What the task says it did.
    pub summary: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Machine and process.
    pub replica: String,
    /// Of the plugin that ran.
    pub version: String,
    /// Of the plugin's file, hex.
    pub sha256: String,
}

impl From<contract::PluginScheduleRun> for PluginScheduleRun {
    fn from(run: contract::PluginScheduleRun) -> Self {
        let (count, summary) =
            run.report.map_or((None, None), |report| (Some(report.count as f64), Some(report.summary)));
        Self {
            id: GlobalId(run.id),
            due_at: run.slot_at,
            attempt: run.attempt,
            is_late: run.is_late,
            started_at: run.started_at,
            ended_at: run.ended_at,
            outcome: run.outcome.into(),
            count,
            summary,
            error: run.error,
            replica: run.replica,
            version: run.version.version,
            sha256: run.version.sha256,
        }
    }
}

impl From<contract::PluginSchedule> for PluginSchedule {
    fn from(schedule: contract::PluginSchedule) -> Self {
        Self {
            id: GlobalId(schedule.id),
            plugin: schedule.plugin,
            name: schedule.name,
            channel_id: schedule.channel_id.map(GlobalId),
            task: schedule.task,
            timing: schedule.timing,
            description: schedule.description,
            next_due_at: schedule.due_at,
            paused_at: schedule.paused_at,
            last_run: schedule.last_run.map(Into::into),
        }
    }
}

/// What a command on a schedule left behind.
#[derive(SimpleObject)]
pub struct PluginSchedulePayload {
    /// The schedule now; null when the command was refused.
    pub schedule: Option<PluginSchedule>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PluginScheduleErrorCode>>,
}

/// What runs.
#[derive(InputObject)]
pub struct PluginScheduleRunInput {
    /// The schedule.
    pub id: GlobalId<PluginScheduleId>,
}

/// What rests.
#[derive(InputObject)]
pub struct PluginSchedulePauseInput {
    /// The schedule.
    pub id: GlobalId<PluginScheduleId>,
}

/// What goes on.
#[derive(InputObject)]
pub struct PluginScheduleResumeInput {
    /// The schedule.
    pub id: GlobalId<PluginScheduleId>,
}

/// Queries about schedules.
#[derive(Default)]
pub struct PluginScheduleQuery;

#[Object]
impl PluginScheduleQuery {
    /// All schedules that plugins have or had.
    async fn plugin_schedules(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this plugin.")] plugin: Option<String>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, PluginSchedule>> {
        let request = page_request(first, after)?;
        let found = ctx.services().plugin_schedules.page(&ctx.caller().ctx, plugin.as_deref(), request).await;
        Ok(connection(request, answer(ctx, found)?, |schedule| schedule.id.0, PluginSchedule::from))
    }
}

/// Commands on schedules.
#[derive(Default)]
pub struct PluginScheduleMutation;

fn payload(
    ctx: &Context<'_>,
    done: Result<contract::PluginSchedule, Failure<contract::ScheduleCode>>,
) -> async_graphql::Result<PluginSchedulePayload> {
    let (schedule, user_errors) = outcome(ctx, done)?;
    Ok(PluginSchedulePayload { schedule: schedule.map(Into::into), user_errors })
}

#[Object]
impl PluginScheduleMutation {
    /// Has a schedule run within seconds, also while it is paused. Its times stay as they are.
    async fn plugin_schedule_run(
        &self,
        ctx: &Context<'_>,
        input: PluginScheduleRunInput,
    ) -> async_graphql::Result<PluginSchedulePayload> {
        payload(ctx, ctx.services().plugin_schedules.run_now(&ctx.command(None)?, input.id.0).await)
    }

    /// Stops a schedule. A run that is under way goes on.
    async fn plugin_schedule_pause(
        &self,
        ctx: &Context<'_>,
        input: PluginSchedulePauseInput,
    ) -> async_graphql::Result<PluginSchedulePayload> {
        payload(ctx, ctx.services().plugin_schedules.set_paused(&ctx.command(None)?, input.id.0, true).await)
    }

    /// Lets a schedule go on with the next time to come.
    async fn plugin_schedule_resume(
        &self,
        ctx: &Context<'_>,
        input: PluginScheduleResumeInput,
    ) -> async_graphql::Result<PluginSchedulePayload> {
        payload(ctx, ctx.services().plugin_schedules.set_paused(&ctx.command(None)?, input.id.0, false).await)
    }
}
