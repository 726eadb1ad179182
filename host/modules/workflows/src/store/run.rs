//! Runs of activities.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::ports::process::{Processes, Retry, Run};
use vectis_contracts::ports::workflow_journal::ClaimedRun;
use vectis_contracts::workflows::WorkflowRunStatus;
use vectis_db::conn;
use vectis_kernel::Ctx;

use crate::store::instance::Outcome;
use crate::store::{known, run_status_text, undecodable};

/// How a run is after somebody was at it.
pub(crate) struct Ended {
    pub(crate) status: WorkflowRunStatus,
    /// When it is tried again.
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) last_error: Option<String>,
}

/// Opens the runs that were asked for. One whose key the instance has had already is none.
#[tracing::instrument(name = "db.workflows.open_runs", skip_all)]
pub(crate) async fn open(tx: &mut Tx, ctx: &Ctx, outcomes: &[Outcome]) -> Result<(), sqlx::Error> {
    let (mut ids, mut instance_ids, mut keys) = (Vec::<Uuid>::new(), Vec::new(), Vec::new());
    let (mut activities, mut inputs, mut retries) = (Vec::new(), Vec::new(), Vec::<Value>::new());
    let mut tries = Vec::new();
    for outcome in outcomes {
        for run in &outcome.advanced.runs {
            ids.push(ctx.new_id());
            instance_ids.push(outcome.id);
            keys.push(run.key.clone());
            activities.push(run.activity.clone());
            inputs.push(run.input.clone());
            retries.push(serde_json::to_value(run.retry).map_err(undecodable)?);
            tries.push(i32::try_from(run.retry.attempts).unwrap_or(i32::MAX));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO workflows.run \
             (id, instance_id, key, activity, input, retry, status, attempts, tries_left, due_at, fence, created_at, \
              updated_at) \
         SELECT asked.id, asked.instance_id, asked.key, asked.activity, asked.input, asked.retry, 'due', 0, asked.tries, \
                $8, 0, $8, $8 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::integer[]) \
             AS asked (id, instance_id, key, activity, input, retry, tries) \
         ON CONFLICT (instance_id, key) DO NOTHING",
        &ids,
        &instance_ids,
        &keys,
        &activities,
        &inputs,
        &retries,
        &tries,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Claims due runs, and those whose worker has been silent for too long, until `until`.
#[tracing::instrument(name = "db.workflows.claim", skip_all)]
pub(crate) async fn claim(
    pool: &PgPool,
    ctx: &Ctx,
    processes: &Processes,
    most: i64,
    until: DateTime<Utc>,
) -> Result<Vec<ClaimedRun>, sqlx::Error> {
    let (names, versions) = known(processes);
    let rows = sqlx::query!(
        r#"
        WITH due AS (
            SELECT run.id, instance.process, instance.version, instance.key, run.tries_left
            FROM workflows.run
            JOIN workflows.instance ON instance.id = run.instance_id
            WHERE run.due_at <= $1
              AND (instance.process, instance.version) IN (
                  SELECT known.name, known.version FROM UNNEST($2::text[], $3::integer[]) AS known (name, version))
            ORDER BY run.due_at
            LIMIT $4
            FOR UPDATE OF run SKIP LOCKED
        )
        UPDATE workflows.run
        SET status = 'running', due_at = $5, fence = run.fence + 1, updated_at = $1,
            attempts = run.attempts + CASE WHEN due.tries_left > 0 THEN 1 ELSE 0 END,
            tries_left = GREATEST(due.tries_left - 1, 0)
        FROM due
        WHERE run.id = due.id
        RETURNING run.id, run.instance_id, due.process, due.version AS "version!", due.key AS business_key, run.key,
                  run.activity, run.input, run.retry AS "retry: Json<Retry>", run.attempts, run.tries_left,
                  due.tries_left = 0 AS "is_worn_out!", run.fence
        "#,
        ctx.now(),
        &names,
        &versions,
        most,
        until
    )
    .fetch_all(pool)
    .await?;
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    let claimed = rows.into_iter().map(|row| ClaimedRun {
        id: row.id,
        instance_id: row.instance_id,
        process: row.process,
        version: count(row.version),
        key: row.business_key,
        run: Run { key: row.key, activity: row.activity, input: row.input, retry: row.retry.0 },
        attempt: count(row.attempts),
        tries_left: count(row.tries_left),
        is_worn_out: row.is_worn_out,
        fence: row.fence,
    });
    Ok(claimed.collect())
}

/// Writes down how a run is. False when somebody else has claimed it since, or it is not wanted any more.
#[tracing::instrument(name = "db.workflows.end_run", skip_all)]
pub(crate) async fn end(
    tx: &mut Tx,
    ctx: &Ctx,
    claimed: &ClaimedRun,
    ended: &Ended,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE workflows.run \
         SET status = $3, due_at = $4, last_error = COALESCE($5, last_error), updated_at = $6 \
         WHERE id = $1 AND fence = $2 AND status = 'running'",
        claimed.id,
        claimed.fence,
        run_status_text(ended.status),
        ended.due_at,
        ended.last_error,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Drops what instances that have ended had still to do.
#[tracing::instrument(name = "db.workflows.drop_runs", skip_all)]
pub(crate) async fn drop_open(tx: &mut Tx, ctx: &Ctx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE workflows.run \
         SET status = 'canceled', due_at = NULL, updated_at = $2 \
         WHERE instance_id = ANY($1) AND status IN ('due', 'running', 'faulted')",
        ids,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// A failed run of an instance that staff see to: tried again, or left out. False when it does not wait for them.
#[tracing::instrument(name = "db.workflows.see_to_run", skip_all)]
pub(crate) async fn see_to(tx: &mut Tx, ctx: &Ctx, id: Uuid, is_again: bool) -> Result<bool, sqlx::Error> {
    let seen = sqlx::query!(
        "UPDATE workflows.run \
         SET status = CASE WHEN $2 THEN 'due' ELSE 'skipped' END, \
             due_at = CASE WHEN $2 THEN $3::timestamptz END, \
             tries_left = (retry ->> 'attempts')::integer, \
             updated_at = $3 \
         WHERE id = $1 AND status = 'faulted'",
        id,
        is_again,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(seen.rows_affected() == 1)
}
