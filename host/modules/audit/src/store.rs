//! All SQL of the audit trail.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{AuditEntry, AuditFilter, AuditRecord};
use vectis_db::{Db, conn};
use vectis_kernel::ids::AuditEntryId;
use vectis_kernel::{Ctx, PageRequest};

#[tracing::instrument(name = "db.audit.insert", skip_all, fields(count = records.len()))]
pub(crate) async fn insert(tx: &mut Tx, ctx: &Ctx, records: &[AuditRecord]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = records.iter().map(|_| ctx.new_id::<AuditEntryId>().0).collect();
    let actions: Vec<&str> = records.iter().map(|record| record.action).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record.subject_kind).collect();
    let subjects: Vec<Uuid> = records.iter().map(|record| record.subject_id).collect();
    let accounts: Vec<Option<Uuid>> =
        records.iter().map(|record| record.account_id.map(Uuid::from)).collect();
    let details: Vec<Value> = records.iter().map(|record| record.detail.clone()).collect();
    sqlx::query!(
        "INSERT INTO audit.entry \
             (id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail) \
         SELECT id, $7, $8, $9, $10, action, subject_kind, subject_id, account_id, detail \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::jsonb[]) \
             AS record (id, action, subject_kind, subject_id, account_id, detail)",
        &ids,
        &actions as &[&str],
        &kinds as &[&str],
        &subjects,
        &accounts as &[Option<Uuid>],
        &details,
        ctx.now(),
        ctx.actor_key(),
        ctx.remote,
        ctx.trace_id
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct EntryRow {
    id: Uuid,
    created_at: DateTime<Utc>,
    actor: String,
    remote: Option<String>,
    trace_id: Uuid,
    action: String,
    subject_kind: String,
    subject_id: Uuid,
    account_id: Option<Uuid>,
    detail: Value,
}

impl From<EntryRow> for AuditEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.id.into(),
            at: row.created_at,
            actor: row.actor,
            remote: row.remote,
            trace_id: row.trace_id,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            account_id: row.account_id.map(Into::into),
            detail: row.detail,
        }
    }
}

/// Newest first, one more than the page asks for.
#[tracing::instrument(name = "db.audit.list", skip_all)]
pub(crate) async fn list(
    db: &Db,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EntryRow,
        "SELECT id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail \
         FROM audit.entry \
         WHERE ($1::uuid IS NULL OR subject_id = $1) \
           AND ($2::uuid IS NULL OR account_id = $2) \
           AND ($3::uuid IS NULL OR id < $3) \
         ORDER BY id DESC \
         LIMIT $4",
        filter.subject_id,
        filter.account_id.map(Uuid::from),
        page.after,
        page.fetch_limit()
    )
    .fetch_all(db.pool())
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
