//! The audit trail.

use async_graphql::connection::Connection;
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::audit::{AuditEntry as Entry, AuditFilter};
use vectis_kernel::ids::{AccountId, AuditEntryId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{answer, bad_input};
use crate::id::GlobalId;
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::Json;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::AUDIT_READ), "auditEntries")]),
    ("AuditEntry", &[(Access::Owner, "id at actor remote traceId action subject accountId detail")]),
];

/// Who did what, from where.
#[derive(SimpleObject)]
pub struct AuditEntry {
    /// Its id.
    pub id: GlobalId<AuditEntryId>,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `login:…`, `system:…`, `guest:…`.
    pub actor: String,
    /// The caller's address.
    pub remote: Option<String>,
    /// Ties it to logs and events.
    pub trace_id: String,
    /// `order.place`.
    pub action: String,
    /// Global id of the subject: `order:…`.
    pub subject: String,
    /// The account it belongs to.
    pub account_id: Option<GlobalId<AccountId>>,
    /// What changed.
    pub detail: Json,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        Self {
            id: GlobalId(entry.id),
            at: entry.at,
            actor: entry.actor,
            remote: entry.remote,
            trace_id: entry.trace_id.to_string(),
            action: entry.action,
            subject: format!("{}:{}", entry.subject_kind, entry.subject_id),
            account_id: entry.account_id.map(GlobalId),
            detail: Json(entry.detail),
        }
    }
}

/// Queries about the trail.
#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// Entries, newest first.
    async fn audit_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of any thing.")] subject: Option<String>,
        account_id: Option<GlobalId<AccountId>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, AuditEntry>> {
        let page = page_request(first, after)?;
        let subject_id = subject
            .map(|subject| {
                let id = subject.split_once(':').map_or(subject.as_str(), |(_, id)| id);
                Uuid::parse_str(id).map_err(|_| bad_input("subject is not a global id"))
            })
            .transpose()?;
        let filter = AuditFilter { subject_id, account_id: account_id.map(|id| id.0) };
        let found = answer(ctx, ctx.services().audit.list(&ctx.caller().ctx, &filter, page).await)?;
        Ok(connection(page, found, |entry| entry.id.0, AuditEntry::from))
    }
}
