//! Tax exemptions.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::tax::{self as contract, GrantExemption};
use vectis_kernel::ids::{AccountId, ExemptionId, LocationId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::paths::renamed;
use crate::policy::{Access, TypePolicy};
use crate::references::{anyone, unknown};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Mutation", &[(Access::Staff(&staff::TAX_WRITE), "taxExemptionGrant taxExemptionWithdraw")]),
    (
        "TaxExemption",
        &[(Access::Owner, "id locationId country region category certificate validFrom validTo")],
    ),
];

/// Why a tax command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::TaxCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum TaxErrorCode {
    Forbidden,
    ExemptionNotFound,
    InvalidInput,
}

/// A company's freedom from tax.
#[derive(SimpleObject)]
pub struct TaxExemption {
    /// Its id.
    pub id: GlobalId<ExemptionId>,
    /// Only for this site.
    pub location_id: Option<GlobalId<LocationId>>,
    /// Only in this country.
    pub country: Option<String>,
    /// Only in this region.
    pub region: Option<String>,
    /// Only for this tax category.
    pub category: Option<String>,
    /// Number of the certificate.
    pub certificate: String,
    /// In force from.
    pub valid_from: DateTime<Utc>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

impl From<contract::Exemption> for TaxExemption {
    fn from(exemption: contract::Exemption) -> Self {
        Self {
            id: GlobalId(exemption.id),
            location_id: exemption.location_id.map(GlobalId),
            country: exemption.country,
            region: exemption.region,
            category: exemption.category,
            certificate: exemption.certificate,
            valid_from: exemption.valid_from,
            valid_to: exemption.valid_to,
        }
    }
}

/// An exemption to grant.
#[derive(InputObject)]
pub struct TaxExemptionGrantInput {
    /// To this account,
    pub account_id: GlobalId<AccountId>,
    /// or only to this site of it.
    pub location_id: Option<GlobalId<LocationId>>,
    /// Only in this country.
    pub country: Option<String>,
    /// Only in this region.
    pub region: Option<String>,
    /// Only for this tax category.
    pub category: Option<String>,
    /// Number of the certificate.
    pub certificate: String,
    /// In force from.
    pub valid_from: DateTime<Utc>,
    /// In force until, exclusive.
    pub valid_to: Option<DateTime<Utc>>,
}

/// An exemption to end.
#[derive(InputObject)]
pub struct TaxExemptionWithdrawInput {
    /// Which.
    pub id: GlobalId<ExemptionId>,
}

/// What a tax command left behind.
#[derive(SimpleObject)]
pub struct TaxExemptionPayload {
    /// The exemption.
    pub exemption_id: Option<GlobalId<ExemptionId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<TaxErrorCode>>,
}

/// The account, or the location of it, that is not there.
async fn unknown_owner(
    ctx: &Context<'_>,
    input: &TaxExemptionGrantInput,
) -> async_graphql::Result<Vec<UserError<TaxErrorCode>>> {
    let (anyone, accounts) = (anyone(ctx), &ctx.services().accounts);
    let account = input.account_id;
    let code = TaxErrorCode::InvalidInput;
    let found = answer(ctx, accounts.get_many(&anyone, &[account.0]).await)?;
    let named = [(vec!["accountId".to_owned()], account)];
    let mut errors = unknown(code, named, found.into_iter().map(|account| account.id));
    if let (Some(location), true) = (input.location_id, errors.is_empty()) {
        let found = answer(ctx, accounts.locations(&anyone, &[account.0]).await)?;
        let named = [(vec!["locationId".to_owned()], location)];
        errors = unknown(code, named, found.into_iter().map(|location| location.id));
    }
    Ok(errors)
}

/// Commands on tax.
#[derive(Default)]
pub struct TaxMutation;

#[Object]
impl TaxMutation {
    /// Frees an account, or one of its sites, from tax.
    async fn tax_exemption_grant(
        &self,
        ctx: &Context<'_>,
        input: TaxExemptionGrantInput,
    ) -> async_graphql::Result<TaxExemptionPayload> {
        let user_errors = unknown_owner(ctx, &input).await?;
        if !user_errors.is_empty() {
            return Ok(TaxExemptionPayload { exemption_id: None, user_errors });
        }
        let grant = GrantExemption {
            account_id: input.account_id.0,
            location_id: input.location_id.map(|id| id.0),
            country: input.country,
            region: input.region,
            category: input.category,
            certificate: input.certificate,
            valid_from: input.valid_from,
            valid_to: input.valid_to,
        };
        let (id, user_errors) =
            outcome(ctx, ctx.services().tax.exemption_grant(&ctx.command(None)?, grant).await)?;
        Ok(TaxExemptionPayload { exemption_id: id.map(GlobalId), user_errors })
    }

    /// Ends an exemption now.
    async fn tax_exemption_withdraw(
        &self,
        ctx: &Context<'_>,
        input: TaxExemptionWithdrawInput,
    ) -> async_graphql::Result<TaxExemptionPayload> {
        let done = ctx.services().tax.exemption_withdraw(&ctx.command(None)?, input.id.0).await;
        let (done, user_errors) = outcome(ctx, renamed(done, &[("exemptionId", "id")]))?;
        Ok(TaxExemptionPayload { exemption_id: done.map(|()| input.id), user_errors })
    }
}
