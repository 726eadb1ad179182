//! What staff see.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::workflows::{
    FaultStatus, Workflow, WorkflowFault, WorkflowFilter, WorkflowRun, WorkflowStatus, WorkflowStep,
    WorkflowTimer,
};
use vectis_db::conn;
use vectis_kernel::ids::WorkflowId;
use vectis_kernel::{Ctx, PageRequest};

use crate::store::{fault_status_from, fault_status_text, run_status_from, status_from, status_text};

struct InstanceRow {
    id: Uuid,
    process: String,
    key: String,
    version: Option<i32>,
    status: String,
    state: Value,
    outcome: Option<String>,
    sequence: i64,
    timer_name: Option<String>,
    timer_due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<InstanceRow> for Workflow {
    type Error = sqlx::Error;

    fn try_from(row: InstanceRow) -> Result<Self, sqlx::Error> {
        let timer = row.timer_name.zip(row.timer_due_at);
        Ok(Self {
            id: row.id.into(),
            process: row.process,
            key: row.key,
            version: row.version,
            status: status_from(&row.status)?,
            state: row.state,
            outcome: row.outcome,
            sequence: row.sequence,
            next_timer: timer.map(|(name, due_at)| WorkflowTimer { name, due_at }),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// By id, in no particular order.
#[tracing::instrument(name = "db.workflows.get_many", skip_all)]
pub(crate) async fn get_many(pool: &PgPool, ids: &[WorkflowId]) -> Result<Vec<Workflow>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        InstanceRow,
        r#"
        SELECT instance.id, process, key, version, status, state, outcome, sequence,
               timer.name AS "timer_name?", timer.due_at AS "timer_due_at?", created_at, updated_at
        FROM workflows.instance
        LEFT JOIN LATERAL (
            SELECT name, due_at
            FROM workflows.timer
            WHERE instance_id = instance.id
            ORDER BY due_at, name
            LIMIT 1
        ) AS timer ON TRUE
        WHERE instance.id = ANY($1)
        "#,
        &ids
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Workflow::try_from).collect()
}

/// Newest first.
#[tracing::instrument(name = "db.workflows.list", skip_all)]
pub(crate) async fn list(
    pool: &PgPool,
    filter: &WorkflowFilter,
    page: PageRequest,
) -> Result<Vec<Workflow>, sqlx::Error> {
    let rows = sqlx::query_as!(
        InstanceRow,
        r#"
        SELECT instance.id, process, key, version, status, state, outcome, sequence,
               timer.name AS "timer_name?", timer.due_at AS "timer_due_at?", created_at, updated_at
        FROM workflows.instance
        LEFT JOIN LATERAL (
            SELECT name, due_at
            FROM workflows.timer
            WHERE instance_id = instance.id
            ORDER BY due_at, name
            LIMIT 1
        ) AS timer ON TRUE
        WHERE ($1::text IS NULL OR process = $1)
          AND ($2::text IS NULL OR key = $2)
          AND ($3::text IS NULL OR status = $3)
          AND ($4::uuid IS NULL OR instance.id < $4)
        ORDER BY instance.id DESC
        LIMIT $5
        "#,
        filter.process,
        filter.key,
        filter.status.map(status_text),
        page.after,
        page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Workflow::try_from).collect()
}

/// What happened to instances, oldest first, the last `most` of each.
#[tracing::instrument(name = "db.workflows.history", skip_all)]
pub(crate) async fn history(
    pool: &PgPool,
    ids: &[WorkflowId],
    most: i64,
) -> Result<Vec<WorkflowStep>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"
        SELECT step.instance_id AS "instance_id!", step.sequence AS "sequence!", step.at AS "at!",
               step.happening AS "happening!", step.commands AS "commands!"
        FROM UNNEST($1::uuid[]) AS wanted (id)
        CROSS JOIN LATERAL (
            SELECT instance_id, sequence, at, happening, commands
            FROM workflows.step
            WHERE instance_id = wanted.id
            ORDER BY sequence DESC
            LIMIT $2
        ) AS step
        ORDER BY step.instance_id, step.sequence
        "#,
        &ids,
        most
    )
    .fetch_all(pool)
    .await?;
    let steps = rows.into_iter().map(|row| WorkflowStep {
        workflow_id: row.instance_id.into(),
        sequence: row.sequence,
        at: row.at,
        happening: row.happening,
        commands: row.commands,
    });
    Ok(steps.collect())
}

/// The runs of instances, oldest first.
#[tracing::instrument(name = "db.workflows.runs", skip_all)]
pub(crate) async fn runs(pool: &PgPool, ids: &[WorkflowId]) -> Result<Vec<WorkflowRun>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "SELECT instance_id, key, activity, status, attempts, due_at, last_error \
         FROM workflows.run \
         WHERE instance_id = ANY($1) \
         ORDER BY id",
        &ids
    )
    .fetch_all(pool)
    .await?;
    let runs = rows.into_iter().map(|row| {
        Ok(WorkflowRun {
            workflow_id: row.instance_id.into(),
            key: row.key,
            activity: row.activity,
            status: run_status_from(&row.status)?,
            attempts: row.attempts,
            due_at: row.due_at,
            last_error: row.last_error,
        })
    });
    runs.collect()
}

/// Faults, newest first.
#[tracing::instrument(name = "db.workflows.faults", skip_all)]
pub(crate) async fn faults(
    pool: &PgPool,
    status: Option<FaultStatus>,
    page: PageRequest,
) -> Result<Vec<WorkflowFault>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        SELECT fault.id, fault.instance_id, run.key AS "run_key?", fault.reason, fault.attempts, fault.status, fault.note,
               fault.created_at, fault.resolved_at
        FROM workflows.fault
        LEFT JOIN workflows.run ON run.id = fault.run_id
        WHERE ($1::text IS NULL OR fault.status = $1)
          AND ($2::uuid IS NULL OR fault.id < $2)
        ORDER BY fault.id DESC
        LIMIT $3
        "#,
        status.map(fault_status_text),
        page.after,
        page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    let faults = rows.into_iter().map(|row| {
        Ok(WorkflowFault {
            id: row.id.into(),
            workflow_id: row.instance_id.into(),
            run_key: row.run_key,
            reason: row.reason,
            attempts: row.attempts,
            status: fault_status_from(&row.status)?,
            note: row.note,
            created_at: row.created_at,
            resolved_at: row.resolved_at,
        })
    });
    faults.collect()
}

/// How far an instance is. Holds its row.
#[tracing::instrument(name = "db.workflows.lock_status", skip_all)]
pub(crate) async fn lock_status(tx: &mut Tx, id: WorkflowId) -> Result<Option<WorkflowStatus>, sqlx::Error> {
    let status = sqlx::query_scalar!("SELECT status FROM workflows.instance WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(conn(tx))
        .await?;
    status.map(|status| status_from(&status)).transpose()
}

/// Ends an instance at once.
#[tracing::instrument(name = "db.workflows.cancel", skip_all)]
pub(crate) async fn cancel(tx: &mut Tx, ctx: &Ctx, id: WorkflowId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE workflows.instance SET status = 'canceled', wake_at = NULL, updated_at = $2 WHERE id = $1",
        id.0,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Lets a broken instance try once more.
#[tracing::instrument(name = "db.workflows.mend", skip_all)]
pub(crate) async fn mend(tx: &mut Tx, ctx: &Ctx, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE workflows.instance SET status = 'running', wake_at = $2 WHERE id = $1 AND status = 'broken'",
        id,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
