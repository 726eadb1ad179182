//! The contract, as a story.

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_db::Db;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

use crate::store::{self, Entries};

pub(crate) struct PgAudit {
    pub(crate) db: Db,
}

#[async_trait]
impl Audit for PgAudit {
    async fn record(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        records: &[AuditRecord],
    ) -> Result<(), Failure<AuditCode>> {
        if !records.is_empty() {
            tx.batch::<Entries>().add(ctx, records);
        }
        Ok(())
    }

    async fn list(
        &self,
        ctx: &Ctx,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        // A buyer's role could carry the key under a plugin's name; the trail is the merchant's alone.
        if !(ctx.is_staff() && ctx.may(&staff::AUDIT_READ)) {
            return Err(Failure::refused(AuditCode::Forbidden, "reading the audit trail needs audit.read"));
        }
        let entries = store::list(&self.db, filter, page).await?;
        Ok(Page::from_fetched(entries, &page))
    }
}
