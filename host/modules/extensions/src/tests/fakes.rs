use std::sync::Mutex;

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditEntry, AuditFilter, AuditRecord};
use vectis_kernel::{Ctx, Failure, Page, PageRequest};

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct FakeAudit(Mutex<Vec<AuditRecord>>);

impl FakeAudit {
    pub(crate) fn actions(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().iter().map(|record| record.action).collect()
    }
}

#[async_trait]
impl Audit for FakeAudit {
    async fn record(&self, _: &mut Tx, _: &Ctx, records: &[AuditRecord]) -> Result<(), Failure<AuditCode>> {
        self.0.lock().unwrap().extend_from_slice(records);
        Ok(())
    }

    async fn list(
        &self,
        _: &Ctx,
        _: &AuditFilter,
        _: PageRequest,
    ) -> Result<Page<AuditEntry>, Failure<AuditCode>> {
        Ok(Page { items: Vec::new(), has_next: false })
    }
}
