//! The SQL of schedules and their runs.

mod runs;
mod views;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::plugin_schedules::{DeclaredSchedule, RunOutcome, TakenRun};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::PluginScheduleId;

use super::model::{Due, Ended, Next};

pub(super) use self::runs::{begin_runs, end_lost, end_run, forget_old_runs};
pub(super) use self::views::{find, page, runs};

/// Columns of [`DeclaredSchedule`]s, to be unnested.
struct Columns<'a> {
    plugins: Vec<&'a str>,
    names: Vec<&'a str>,
    channels: Vec<Option<Uuid>>,
    tasks: Vec<&'a str>,
    timings: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(declared: &'a [DeclaredSchedule]) -> Self {
        Self {
            plugins: declared.iter().map(|one| one.plugin.as_str()).collect(),
            names: declared.iter().map(|one| one.name.as_str()).collect(),
            channels: declared.iter().map(|one| one.channel_id.map(Into::into)).collect(),
            tasks: declared.iter().map(|one| one.task.as_str()).collect(),
            timings: declared.iter().map(|one| one.timing.to_string()).collect(),
        }
    }
}

/// Writes down what is new. Another timing begins with its own next time, unless staff wait for a run.
#[tracing::instrument(name = "db.extensions.follow_schedules", skip_all)]
pub(super) async fn follow(
    pool: &PgPool,
    ctx: &Ctx,
    declared: &[DeclaredSchedule],
) -> Result<(), sqlx::Error> {
    let Columns { plugins, names, channels, tasks, timings } = Columns::of(declared);
    let ids: Vec<Uuid> = declared.iter().map(|_| ctx.new_id()).collect();
    let descriptions: Vec<&str> = declared.iter().map(|one| one.description.as_str()).collect();
    let due: Vec<DateTime<Utc>> = declared.iter().map(|one| one.timing.next_after(ctx.now())).collect();
    sqlx::query!(
        "INSERT INTO extensions.schedule \
             (id, plugin, name, channel_id, task, timing, description, due_at, created_at, updated_at) \
         SELECT id, plugin, name, channel_id, task, timing, description, due_at, $9, $9 \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[]) \
             AS declared (id, plugin, name, channel_id, task, timing, description, due_at) \
         ON CONFLICT ON CONSTRAINT schedule_place DO UPDATE \
         SET task = EXCLUDED.task, \
             timing = EXCLUDED.timing, \
             description = EXCLUDED.description, \
             due_at = CASE WHEN schedule.timing = EXCLUDED.timing OR schedule.is_asked \
                           THEN schedule.due_at ELSE EXCLUDED.due_at END, \
             slot_at = CASE WHEN schedule.timing = EXCLUDED.timing OR schedule.is_asked OR schedule.run_id IS NOT NULL \
                            THEN schedule.slot_at END, \
             attempt = CASE WHEN schedule.timing = EXCLUDED.timing OR schedule.is_asked OR schedule.run_id IS NOT NULL \
                            THEN schedule.attempt ELSE 0 END, \
             updated_at = EXCLUDED.updated_at \
         WHERE (schedule.task, schedule.timing, schedule.description) \
             IS DISTINCT FROM (EXCLUDED.task, EXCLUDED.timing, EXCLUDED.description)",
        &ids,
        &plugins as &[&str],
        &names as &[&str],
        &channels as &[Option<Uuid>],
        &tasks as &[&str],
        &timings,
        &descriptions as &[&str],
        &due,
        ctx.now()
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Those of the schedules that are due and that nobody holds, locked until the end of the transaction. What others are
/// looking at is theirs.
#[tracing::instrument(name = "db.extensions.lock_due_schedules", skip_all)]
pub(super) async fn lock_due(
    tx: &mut Tx,
    ctx: &Ctx,
    declared: &[DeclaredSchedule],
    most: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let Columns { plugins, names, channels, tasks, timings } = Columns::of(declared);
    sqlx::query_as!(
        Due,
        "SELECT schedule.id, schedule.plugin, schedule.name, schedule.channel_id, schedule.due_at, schedule.slot_at, \
                schedule.attempt, schedule.is_late, schedule.is_asked, schedule.run_id AS lost_run, schedule.fence \
         FROM extensions.schedule AS schedule \
         JOIN UNNEST($1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[]) \
             AS declared (plugin, name, channel_id, task, timing) \
             ON declared.plugin = schedule.plugin \
             AND declared.name = schedule.name \
             AND declared.channel_id IS NOT DISTINCT FROM schedule.channel_id \
             AND declared.task = schedule.task \
             AND declared.timing = schedule.timing \
         WHERE (schedule.due_at <= $6 OR schedule.run_id IS NOT NULL) \
           AND (schedule.paused_at IS NULL OR schedule.is_asked) \
           AND (schedule.leased_until IS NULL OR schedule.leased_until <= $6) \
         ORDER BY schedule.due_at, schedule.id \
         LIMIT $7 \
         FOR UPDATE OF schedule SKIP LOCKED",
        &plugins as &[&str],
        &names as &[&str],
        &channels as &[Option<Uuid>],
        &tasks as &[&str],
        &timings,
        ctx.now(),
        most
    )
    .fetch_all(conn(tx))
    .await
}

/// Gives each locked schedule its run, or its next time.
#[tracing::instrument(name = "db.extensions.move_schedules_on", skip_all)]
pub(super) async fn move_on(tx: &mut Tx, ctx: &Ctx, due: &[Due], steps: &[Next]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = due.iter().map(|row| row.id).collect();
    let begun = || steps.iter().map(Next::begun);
    let runs: Vec<Option<Uuid>> = begun().map(|begin| Some(begin?.run.id.0)).collect();
    let until: Vec<Option<DateTime<Utc>>> = begun().map(|begin| Some(begin?.leased_until)).collect();
    let slots: Vec<Option<DateTime<Utc>>> = begun().map(|begin| Some(begin?.run.slot_at)).collect();
    let attempts: Vec<i32> =
        begun().map(|begin| begin.map_or(0, |begin| number(begin.run.attempt))).collect();
    let late: Vec<bool> = begun().map(|begin| begin.is_some_and(|begin| begin.run.is_late)).collect();
    let due_at: Vec<DateTime<Utc>> = due
        .iter()
        .zip(steps)
        .map(|(row, step)| match step {
            Next::Begin(_) => row.due_at,
            Next::GiveUp { due_at } => *due_at,
        })
        .collect();
    sqlx::query!(
        "UPDATE extensions.schedule AS schedule \
         SET run_id = step.run_id, leased_until = step.leased_until, slot_at = step.slot_at, attempt = step.attempt, \
             is_late = step.is_late, due_at = step.due_at, fence = fence + 1, updated_at = $8, \
             is_asked = schedule.is_asked AND step.run_id IS NOT NULL \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::boolean[], $7::timestamptz[]) \
             AS step (id, run_id, leased_until, slot_at, attempt, is_late, due_at) \
         WHERE schedule.id = step.id",
        &ids,
        &runs as &[Option<Uuid>],
        &until as &[Option<DateTime<Utc>>],
        &slots as &[Option<DateTime<Utc>>],
        &attempts,
        &late,
        &due_at,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.extensions.hold_schedule", skip_all)]
pub(super) async fn hold(pool: &PgPool, run: &TakenRun, until: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let held = sqlx::query!(
        "UPDATE extensions.schedule SET leased_until = $3 WHERE id = $1 AND fence = $2 AND run_id IS NOT NULL",
        run.schedule_id.0,
        run.fence,
        until
    )
    .execute(pool)
    .await?;
    Ok(held.rows_affected() > 0)
}

/// Lets go of a schedule, if nobody else has taken it. Times that have changed since the run was taken stay.
#[tracing::instrument(name = "db.extensions.release_schedule", skip_all)]
pub(super) async fn release(
    tx: &mut Tx,
    ctx: &Ctx,
    run: &TakenRun,
    ended: &Ended,
) -> Result<bool, sqlx::Error> {
    let is_over = ended.outcome != RunOutcome::Retried;
    let released = sqlx::query!(
        "UPDATE extensions.schedule \
         SET run_id = NULL, leased_until = NULL, updated_at = $3, \
             due_at = CASE WHEN timing = $4 THEN $5 ELSE due_at END, \
             slot_at = CASE WHEN NOT $6 AND timing = $4 THEN slot_at END, \
             attempt = CASE WHEN NOT $6 AND timing = $4 THEN attempt ELSE 0 END, \
             is_asked = is_asked AND NOT $6 \
         WHERE id = $1 AND fence = $2 AND run_id IS NOT NULL",
        run.schedule_id.0,
        run.fence,
        ctx.now(),
        run.declared.timing.to_string(),
        ended.due_at,
        is_over
    )
    .execute(conn(tx))
    .await?;
    Ok(released.rows_affected() > 0)
}

/// A schedule as a command finds it.
pub(super) struct Standing {
    pub(super) plugin: String,
    pub(super) name: String,
    pub(super) timing: String,
    pub(super) due_at: DateTime<Utc>,
    pub(super) leased_until: Option<DateTime<Utc>>,
}

#[tracing::instrument(name = "db.extensions.lock_schedule", skip_all)]
pub(super) async fn lock(tx: &mut Tx, id: PluginScheduleId) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        "SELECT plugin, name, timing, due_at, leased_until FROM extensions.schedule WHERE id = $1 FOR UPDATE",
        id.0
    )
    .fetch_optional(conn(tx))
    .await
}

/// Makes it due now.
#[tracing::instrument(name = "db.extensions.ask_schedule", skip_all)]
pub(super) async fn ask(tx: &mut Tx, ctx: &Ctx, id: PluginScheduleId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE extensions.schedule SET is_asked = TRUE, due_at = $2, updated_at = $2 WHERE id = $1",
        id.0,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.extensions.pause_schedule", skip_all)]
pub(super) async fn pause(tx: &mut Tx, ctx: &Ctx, id: PluginScheduleId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE extensions.schedule SET paused_at = COALESCE(paused_at, $2), updated_at = $2 WHERE id = $1",
        id.0,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// `due_at` counts only for one that was paused.
#[tracing::instrument(name = "db.extensions.resume_schedule", skip_all)]
pub(super) async fn resume(
    tx: &mut Tx,
    ctx: &Ctx,
    id: PluginScheduleId,
    due_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE extensions.schedule \
         SET paused_at = NULL, due_at = CASE WHEN is_asked THEN due_at ELSE $3 END, updated_at = $2 \
         WHERE id = $1 AND paused_at IS NOT NULL",
        id.0,
        ctx.now(),
        due_at
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

fn number(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}
