//! The use cases.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::points::Strategies;
use vectis_contracts::tax::{AssessCode, Exemption, GrantExemption, Tax, TaxAssessment, TaxCode, TaxQuery};
use vectis_db::{Db, idempotency, outbox, retrying};
use vectis_kernel::ids::{AccountId, ExemptionId};
use vectis_kernel::permission::staff;
use vectis_kernel::{BuyerActor, Ctx, Event, Failure};

use crate::store::Withdrawn;
use crate::{Deps, assess, events, model, store};

type Outcome<T> = Result<T, Failure<TaxCode>>;

pub(crate) struct PgTax {
    db: Db,
    audit: Arc<dyn Audit>,
    strategies: Arc<dyn Strategies>,
}

/// The stored answer of commands that answer with nothing.
#[derive(Serialize, Deserialize)]
struct Done {}

#[async_trait]
impl Tax for PgTax {
    async fn assess(&self, ctx: &Ctx, query: &TaxQuery) -> Result<TaxAssessment, Failure<AssessCode>> {
        assess::assess(&self.db, &*self.strategies, ctx, query).await
    }

    async fn exemptions(&self, ctx: &Ctx, account_ids: &[AccountId]) -> Outcome<Vec<Exemption>> {
        require_reader(ctx, account_ids)?;
        Ok(store::list(self.db.pool(), account_ids).await?)
    }

    async fn exemption_grant(&self, ctx: &Ctx, grant: GrantExemption) -> Outcome<ExemptionId> {
        require_writer(ctx)?;
        model::check(&grant)?;
        retrying(|| self.grant_once(ctx, &grant)).await
    }

    async fn exemption_withdraw(&self, ctx: &Ctx, id: ExemptionId) -> Outcome<()> {
        require_writer(ctx)?;
        retrying(|| self.withdraw_once(ctx, id)).await
    }
}

impl PgTax {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, audit: deps.audit, strategies: deps.strategies }
    }

    async fn grant_once(&self, ctx: &Ctx, grant: &GrantExemption) -> Outcome<ExemptionId> {
        let mut tx = self.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let id: ExemptionId = ctx.new_id();
        store::insert(&mut tx, ctx, id, grant).await?;
        let detail = json!({
            "locationId": grant.location_id, "country": grant.country, "region": grant.region,
            "category": grant.category, "certificate": grant.certificate,
            "validFrom": grant.valid_from, "validTo": grant.valid_to,
        });
        let record = record("exemption.grant", id, grant.account_id, detail);
        self.finish(tx, ctx, (record, events::exemption_granted(id, grant)), &id).await?;
        Ok(id)
    }

    async fn withdraw_once(&self, ctx: &Ctx, id: ExemptionId) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        let (account_id, valid_to) = match store::withdraw(&mut tx, ctx, id).await? {
            Withdrawn::Now { account_id, valid_to } => (account_id, valid_to),
            // Nothing changed, so nothing is recorded or told.
            Withdrawn::Before => return Ok(()),
            Withdrawn::NotFound => {
                let message = format!("there is no exemption {id}");
                return Err(Failure::at(TaxCode::ExemptionNotFound, "exemptionId", message));
            }
        };
        let record = record("exemption.withdraw", id, account_id, json!({ "validTo": valid_to }));
        let event = events::exemption_withdrawn(id, account_id, valid_to);
        self.finish(tx, ctx, (record, event), &Done {}).await
    }

    /// Records, tells, remembers the answer and commits: the end of every command.
    async fn finish<A: Serialize>(
        &self,
        mut tx: Tx,
        ctx: &Ctx,
        (record, event): (AuditRecord, Event),
        answer: &A,
    ) -> Outcome<()> {
        let recorded = self.audit.record(&mut tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| TaxCode::Forbidden))?;
        outbox::append(&mut tx, ctx, &[event]).await?;
        idempotency::record(&mut tx, ctx, answer).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn record(action: &'static str, id: ExemptionId, account_id: AccountId, detail: Value) -> AuditRecord {
    AuditRecord { action, subject_kind: "exemption", subject_id: id.0, account_id: Some(account_id), detail }
}

fn require_writer(ctx: &Ctx) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(&staff::TAX_WRITE) {
        return Ok(());
    }
    Err(Failure::refused(TaxCode::Forbidden, format!("this needs the permission {}", staff::TAX_WRITE)))
}

/// Staff see all, employees those of their own account.
fn require_reader(ctx: &Ctx, account_ids: &[AccountId]) -> Outcome<()> {
    let is_own = |buyer: &BuyerActor| account_ids.iter().all(|id| *id == buyer.account_id);
    if ctx.is_staff() || ctx.buyer().is_some_and(is_own) {
        return Ok(());
    }
    Err(Failure::refused(TaxCode::Forbidden, "exemptions of other accounts are not shown"))
}
