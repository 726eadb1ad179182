//! All SQL of the audit trail.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{AuditEntry, AuditFilter, AuditRecord};
use vectis_db::{Batch, Db, Writing, conn};
use vectis_kernel::ids::AuditEntryId;
use vectis_kernel::{Ctx, PageRequest};

/// Entries that wait for the end of their unit of work, column by column.
#[derive(Default)]
pub(crate) struct Entries {
    ids: Vec<Uuid>,
    times: Vec<DateTime<Utc>>,
    actors: Vec<String>,
    remotes: Vec<Option<String>>,
    traces: Vec<Uuid>,
    actions: Vec<&'static str>,
    kinds: Vec<&'static str>,
    subjects: Vec<Uuid>,
    accounts: Vec<Option<Uuid>>,
    details: Vec<Value>,
}

impl Entries {
    pub(crate) fn add(&mut self, ctx: &Ctx, records: &[AuditRecord]) {
        for record in records {
            self.ids.push(ctx.new_id::<AuditEntryId>().0);
            self.times.push(ctx.now());
            self.actors.push(ctx.actor_key());
            self.remotes.push(ctx.remote.clone());
            self.traces.push(ctx.trace_id);
            self.actions.push(record.action);
            self.kinds.push(record.subject_kind);
            self.subjects.push(record.subject_id);
            self.accounts.push(record.account_id.map(Uuid::from));
            self.details.push(record.detail.clone());
        }
    }
}

impl Batch for Entries {
    fn write(self: Box<Self>, tx: &mut Tx) -> Writing<'_> {
        Box::pin(async move { insert(tx, &self).await })
    }
}

#[tracing::instrument(name = "db.audit.insert", skip_all, fields(count = entries.ids.len()))]
async fn insert(tx: &mut Tx, entries: &Entries) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit.entry \
             (id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail) \
         SELECT id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail \
         FROM UNNEST($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], \
                     $8::uuid[], $9::uuid[], $10::jsonb[]) \
             AS entry (id, created_at, actor, remote, trace_id, action, subject_kind, subject_id, account_id, detail)",
        &entries.ids,
        &entries.times,
        &entries.actors,
        &entries.remotes as &[Option<String>],
        &entries.traces,
        &entries.actions as &[&str],
        &entries.kinds as &[&str],
        &entries.subjects,
        &entries.accounts as &[Option<Uuid>],
        &entries.details
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
