//! What staff see.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::plugin_releases::PluginVersion;
use vectis_contracts::plugin_schedules::{PluginSchedule, PluginScheduleRun, RunOutcome, TaskReport};
use vectis_kernel::PageRequest;
use vectis_kernel::ids::{ChannelId, PluginScheduleId, PluginScheduleRunId};

/// A schedule with its newest run.
struct ScheduleRow {
    id: Uuid,
    plugin: String,
    name: String,
    channel_id: Option<Uuid>,
    task: String,
    timing: String,
    description: String,
    due_at: DateTime<Utc>,
    is_asked: bool,
    paused_at: Option<DateTime<Utc>>,
    run_id: Option<Uuid>,
    slot_at: Option<DateTime<Utc>>,
    attempt: Option<i32>,
    is_late: Option<bool>,
    outcome: Option<String>,
    count: Option<i64>,
    summary: Option<String>,
    error: Option<String>,
    replica: Option<String>,
    version: Option<String>,
    sha256: Option<String>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl ScheduleRow {
    fn view(self) -> PluginSchedule {
        let is_held_back = self.paused_at.is_some() && !self.is_asked;
        let due_at = (!is_held_back).then_some(self.due_at);
        PluginSchedule {
            id: PluginScheduleId(self.id),
            channel_id: self.channel_id.map(ChannelId),
            due_at,
            paused_at: self.paused_at,
            last_run: self.last_run(),
            plugin: self.plugin,
            name: self.name,
            task: self.task,
            timing: self.timing,
            description: self.description,
        }
    }

    fn last_run(&self) -> Option<PluginScheduleRun> {
        let row = RunRow {
            id: self.run_id?,
            schedule_id: self.id,
            slot_at: self.slot_at?,
            attempt: self.attempt?,
            is_late: self.is_late?,
            outcome: self.outcome.clone()?,
            count: self.count,
            summary: self.summary.clone(),
            error: self.error.clone(),
            replica: self.replica.clone()?,
            version: self.version.clone()?,
            sha256: self.sha256.clone()?,
            started_at: self.started_at?,
            ended_at: self.ended_at,
        };
        Some(row.view())
    }
}

struct RunRow {
    id: Uuid,
    schedule_id: Uuid,
    slot_at: DateTime<Utc>,
    attempt: i32,
    is_late: bool,
    outcome: String,
    count: Option<i64>,
    summary: Option<String>,
    error: Option<String>,
    replica: String,
    version: String,
    sha256: String,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl RunRow {
    fn view(self) -> PluginScheduleRun {
        let report =
            |(count, summary)| TaskReport { count: u64::try_from(count).unwrap_or_default(), summary };
        let all = [RunOutcome::Running, RunOutcome::Succeeded, RunOutcome::Retried];
        let outcome = all.into_iter().find(|outcome| outcome.word() == self.outcome);
        PluginScheduleRun {
            id: PluginScheduleRunId(self.id),
            schedule_id: PluginScheduleId(self.schedule_id),
            slot_at: self.slot_at,
            attempt: u32::try_from(self.attempt).unwrap_or(1),
            is_late: self.is_late,
            started_at: self.started_at,
            ended_at: self.ended_at,
            outcome: outcome.unwrap_or(RunOutcome::Failed),
            report: self.count.zip(self.summary).map(report),
            error: self.error,
            replica: self.replica,
            version: PluginVersion { version: self.version, sha256: self.sha256 },
        }
    }
}

#[tracing::instrument(name = "db.extensions.page_schedules", skip_all)]
pub(in crate::schedules) async fn page(
    pool: &PgPool,
    plugin: Option<&str>,
    request: PageRequest,
) -> Result<Vec<PluginSchedule>, sqlx::Error> {
    read(pool, None, (plugin, request)).await
}

#[tracing::instrument(name = "db.extensions.find_schedule", skip_all)]
pub(in crate::schedules) async fn find(
    pool: &PgPool,
    id: PluginScheduleId,
) -> Result<Option<PluginSchedule>, sqlx::Error> {
    Ok(read(pool, Some(id), (None, PageRequest::first(1))).await?.into_iter().next())
}

async fn read(
    pool: &PgPool,
    id: Option<PluginScheduleId>,
    (plugin, request): (Option<&str>, PageRequest),
) -> Result<Vec<PluginSchedule>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ScheduleRow,
        r#"
        SELECT schedule.id, schedule.plugin, schedule.name, schedule.channel_id, schedule.task, schedule.timing,
               schedule.description, schedule.due_at, schedule.is_asked, schedule.paused_at,
               run.id AS "run_id?", run.slot_at AS "slot_at?", run.attempt AS "attempt?", run.is_late AS "is_late?",
               run.outcome AS "outcome?", run.count AS "count?", run.summary AS "summary?", run.error AS "error?",
               run.replica AS "replica?", run.version AS "version?", run.sha256 AS "sha256?",
               run.started_at AS "started_at?", run.ended_at AS "ended_at?"
        FROM extensions.schedule AS schedule
        LEFT JOIN LATERAL (
            SELECT id, slot_at, attempt, is_late, outcome, count, summary, error, replica, version, sha256, started_at, ended_at
            FROM extensions.schedule_run
            WHERE schedule_id = schedule.id
            ORDER BY id DESC
            LIMIT 1
        ) AS run ON TRUE
        WHERE ($1::uuid IS NULL OR schedule.id = $1)
          AND ($2::text IS NULL OR schedule.plugin = $2)
          AND ($3::uuid IS NULL OR schedule.id > $3)
        ORDER BY schedule.id
        LIMIT $4
        "#,
        id.map(|id| id.0),
        plugin,
        request.after,
        request.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(ScheduleRow::view).collect())
}

/// One more of each than was asked for, newest first.
#[tracing::instrument(name = "db.extensions.runs", skip_all)]
pub(in crate::schedules) async fn runs(
    pool: &PgPool,
    schedules: &[PluginScheduleId],
    request: PageRequest,
) -> Result<Vec<PluginScheduleRun>, sqlx::Error> {
    let ids: Vec<Uuid> = schedules.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        RunRow,
        "SELECT run.id, run.schedule_id, run.slot_at, run.attempt, run.is_late, run.outcome, run.count, run.summary, \
                run.error, run.replica, run.version, run.sha256, run.started_at, run.ended_at \
         FROM UNNEST($1::uuid[]) AS wanted (schedule_id) \
         CROSS JOIN LATERAL ( \
             SELECT id, schedule_id, slot_at, attempt, is_late, outcome, count, summary, error, replica, version, sha256, \
                    started_at, ended_at \
             FROM extensions.schedule_run \
             WHERE schedule_id = wanted.schedule_id AND ($2::uuid IS NULL OR id < $2) \
             ORDER BY id DESC \
             LIMIT $3 \
         ) AS run \
         ORDER BY run.id DESC",
        &ids,
        request.after,
        request.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(RunRow::view).collect())
}
