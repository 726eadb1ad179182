//! The audit trail: who did what, on whose behalf, from where, why. Append-only, in the transaction of the change.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_kernel::ids::{AccountId, AuditEntryId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use crate::Tx;

/// One thing that was done to one subject.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// `order.place`, `stock.adjust`: area and verb.
    pub action: &'static str,
    /// Kind of the subject: `order`.
    pub subject_kind: &'static str,
    /// Its id.
    pub subject_id: Uuid,
    /// The account it belongs to, if any.
    pub account_id: Option<AccountId>,
    /// What changed; no personal data, no secrets.
    pub detail: Value,
}

/// A stored entry.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `login:<id>`, `system:<part>`, `guest:<hash>`.
    pub actor: String,
    /// The caller's address.
    pub remote: Option<String>,
    /// Ties it to logs and events.
    pub trace_id: Uuid,
    /// `order.place`.
    pub action: String,
    /// `order`.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: Uuid,
    /// The account it belongs to.
    pub account_id: Option<AccountId>,
    /// What changed.
    pub detail: Value,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this subject.
    pub subject_id: Option<Uuid>,
    /// Only of this account.
    pub account_id: Option<AccountId>,
}

vectis_kernel::refusal_codes! {
    /// Why the trail was not shown.
    AuditCode {
        /// The caller may not read the trail.
        Forbidden = "FORBIDDEN": Forbidden,
    }
}

/// The audit trail.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Appends entries in the caller's transaction; all of one transaction are written in one statement when it commits.
    async fn record(&self, tx: &mut Tx, ctx: &Ctx, records: &[AuditRecord])
    -> Result<(), Failure<AuditCode>>;
    /// Newest first. Needs `audit.read`.
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>>;
}
