//! Faults.

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::workflows::FaultStatus;
use vectis_db::conn;
use vectis_kernel::Ctx;

use crate::store::fault_status_text;

/// Writes a fault down, with its reason and how often it was tried.
#[tracing::instrument(name = "db.workflows.open_fault", skip_all)]
pub(crate) async fn open(
    tx: &mut Tx,
    ctx: &Ctx,
    id: Uuid,
    instance_id: Uuid,
    run_id: Option<Uuid>,
    (reason, attempts): (&str, i32),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO workflows.fault (id, instance_id, run_id, reason, attempts, status, note, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'open', '', $6)",
        id,
        instance_id,
        run_id,
        reason,
        attempts,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// A fault that staff look at.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) instance_id: Uuid,
    pub(crate) run_id: Option<Uuid>,
    pub(crate) run_key: Option<String>,
    pub(crate) is_open: bool,
}

/// A fault by id. Holds the row of its instance, then its own.
#[tracing::instrument(name = "db.workflows.look_at_fault", skip_all)]
pub(crate) async fn look_at(tx: &mut Tx, id: Uuid) -> Result<Option<Looked>, sqlx::Error> {
    let held = sqlx::query_scalar!(
        "SELECT id FROM workflows.instance \
         WHERE id = (SELECT instance_id FROM workflows.fault WHERE id = $1) \
         FOR UPDATE",
        id
    )
    .fetch_optional(conn(tx))
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    sqlx::query_as!(
        Looked,
        r#"
        SELECT fault.instance_id, fault.run_id, run.key AS "run_key?", fault.status = 'open' AS "is_open!"
        FROM workflows.fault
        LEFT JOIN workflows.run ON run.id = fault.run_id
        WHERE fault.id = $1
        "#,
        id
    )
    .fetch_optional(conn(tx))
    .await
}

/// Staff have seen to it.
#[tracing::instrument(name = "db.workflows.resolve_fault", skip_all)]
pub(crate) async fn resolve(
    tx: &mut Tx,
    ctx: &Ctx,
    id: Uuid,
    status: FaultStatus,
    note: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE workflows.fault SET status = $2, note = $3, resolved_at = $4 WHERE id = $1",
        id,
        fault_status_text(status),
        note,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Closes the faults of instances that have ended.
#[tracing::instrument(name = "db.workflows.close_faults", skip_all)]
pub(crate) async fn close_open(tx: &mut Tx, ctx: &Ctx, instance_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE workflows.fault \
         SET status = 'closed', resolved_at = $2 \
         WHERE instance_id = ANY($1) AND status = 'open'",
        instance_ids,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
