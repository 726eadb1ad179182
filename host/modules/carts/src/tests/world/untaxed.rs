//! A sibling that taxes nothing.

use async_trait::async_trait;
use vectis_contracts::tax::{
    AssessCode, Exemption, GrantExemption, Tax, TaxAssessment, TaxCode, TaxQuery, TaxQueryLine, TaxedLine,
};
use vectis_kernel::ids::{AccountId, ExemptionId};
use vectis_kernel::{Ctx, Failure, Money};

use super::Siblings;

#[async_trait]
impl Tax for Siblings {
    async fn assess(&self, _ctx: &Ctx, query: &TaxQuery) -> Result<TaxAssessment, Failure<AssessCode>> {
        let untaxed = |line: &TaxQueryLine| TaxedLine {
            net: line.amount,
            tax: Money::zero(query.currency),
            gross: line.amount,
            parts: Vec::new(),
        };
        Ok(TaxAssessment { kinds: Vec::new(), lines: query.lines.iter().map(untaxed).collect() })
    }

    async fn exemptions(
        &self,
        _ctx: &Ctx,
        _account_ids: &[AccountId],
    ) -> Result<Vec<Exemption>, Failure<TaxCode>> {
        unreachable!("carts never ask this")
    }

    async fn exemption_grant(
        &self,
        _ctx: &Ctx,
        _grant: GrantExemption,
    ) -> Result<ExemptionId, Failure<TaxCode>> {
        unreachable!("carts never ask this")
    }

    async fn exemption_withdraw(&self, _ctx: &Ctx, _id: ExemptionId) -> Result<(), Failure<TaxCode>> {
        unreachable!("carts never ask this")
    }
}
