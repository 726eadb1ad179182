//! What happens to runs.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::plugin_schedules::{KEPT_RUNS, RunOutcome, TakenRun};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::PluginScheduleId;

use super::number;
use crate::schedules::model::{Begin, Due, Ended, Next};

#[tracing::instrument(name = "db.extensions.begin_runs", skip_all)]
pub(in crate::schedules) async fn begin_runs(
    tx: &mut Tx,
    ctx: &Ctx,
    replica: &str,
    begun: &[&Begin],
) -> Result<(), sqlx::Error> {
    let runs = || begun.iter().map(|begin| &begin.run);
    let ids: Vec<Uuid> = runs().map(|run| run.id.0).collect();
    let schedules: Vec<Uuid> = runs().map(|run| run.schedule_id.0).collect();
    let slots: Vec<DateTime<Utc>> = runs().map(|run| run.slot_at).collect();
    let attempts: Vec<i32> = runs().map(|run| number(run.attempt)).collect();
    let late: Vec<bool> = runs().map(|run| run.is_late).collect();
    let versions: Vec<&str> = runs().map(|run| run.declared.version.version.as_str()).collect();
    let hashes: Vec<&str> = runs().map(|run| run.declared.version.sha256.as_str()).collect();
    sqlx::query!(
        "INSERT INTO extensions.schedule_run \
             (id, schedule_id, slot_at, attempt, is_late, outcome, replica, version, sha256, started_at) \
         SELECT id, schedule_id, slot_at, attempt, is_late, 'running', $8, version, sha256, $9 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::integer[], $5::boolean[], $6::text[], $7::text[]) \
             AS begun (id, schedule_id, slot_at, attempt, is_late, version, sha256)",
        &ids,
        &schedules,
        &slots,
        &attempts,
        &late,
        &versions as &[&str],
        &hashes as &[&str],
        replica,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Ends the runs of processes that are gone.
#[tracing::instrument(name = "db.extensions.end_lost_runs", skip_all)]
pub(in crate::schedules) async fn end_lost(
    tx: &mut Tx,
    ctx: &Ctx,
    due: &[Due],
    steps: &[Next],
) -> Result<(), sqlx::Error> {
    let lost = due.iter().zip(steps).filter_map(|(row, step)| Some((row.lost_run?, step)));
    let (ids, outcomes): (Vec<Uuid>, Vec<&str>) = lost
        .map(|(id, step)| match step {
            Next::Begin(_) => (id, RunOutcome::Retried.word()),
            Next::GiveUp { .. } => (id, RunOutcome::Failed.word()),
        })
        .unzip();
    sqlx::query!(
        "UPDATE extensions.schedule_run AS run \
         SET outcome = lost.outcome, ended_at = $3, error = 'the process that ran it has not been heard of since' \
         FROM UNNEST($1::uuid[], $2::text[]) AS lost (id, outcome) \
         WHERE run.id = lost.id AND run.outcome = 'running'",
        &ids,
        &outcomes as &[&str],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.extensions.end_run", skip_all)]
pub(in crate::schedules) async fn end_run(
    tx: &mut Tx,
    ctx: &Ctx,
    run: &TakenRun,
    ended: &Ended,
) -> Result<(), sqlx::Error> {
    let count = ended.report.as_ref().map(|report| i64::try_from(report.count).unwrap_or(i64::MAX));
    let summary = ended.report.as_ref().map(|report| report.summary.as_str());
    sqlx::query!(
        "UPDATE extensions.schedule_run \
         SET outcome = $2, ended_at = $3, count = $4, summary = $5, error = $6 \
         WHERE id = $1 AND outcome = 'running'",
        run.id.0,
        ended.outcome.word(),
        ctx.now(),
        count,
        summary,
        ended.error
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.extensions.forget_old_runs", skip_all)]
pub(in crate::schedules) async fn forget_old_runs(
    tx: &mut Tx,
    schedule: PluginScheduleId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM extensions.schedule_run \
         WHERE schedule_id = $1 \
           AND id NOT IN (SELECT newest.id FROM extensions.schedule_run AS newest \
                          WHERE newest.schedule_id = $1 ORDER BY newest.id DESC LIMIT $2)",
        schedule.0,
        KEPT_RUNS
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
