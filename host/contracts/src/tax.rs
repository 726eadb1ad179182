//! Tax facts: exemptions; and asking the tax strategies, all of them, stage by stage.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{AccountId, ChannelId, ExemptionId, LocationId};
use vectis_kernel::{Ctx, Currency, Failure, Money, Quantity};

use crate::points::{Jurisdiction, TaxKind};

/// What to tax.
#[derive(Clone, Debug)]
pub struct TaxQuery {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// The buying company, whose exemptions count.
    pub account_id: Option<AccountId>,
    /// Its site, whose exemptions count too.
    pub location_id: Option<LocationId>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Whether amounts include tax.
    pub prices_include_tax: bool,
    /// Where goods go.
    pub destination: Jurisdiction,
    /// The lines, at most 10,000 (and charges).
    pub lines: Vec<TaxQueryLine>,
}

/// One line to tax.
#[derive(Clone, Debug)]
pub struct TaxQueryLine {
    /// Discounted amount of the line.
    pub amount: Money,
    /// How much is bought.
    pub quantity: Quantity,
    /// `standard`.
    pub category: String,
}

/// Taxes found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxAssessment {
    /// The kinds used.
    pub kinds: Vec<TaxKind>,
    /// One per line of the query.
    pub lines: Vec<TaxedLine>,
}

/// One line, taxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxedLine {
    /// Without tax.
    pub net: Money,
    /// Sum of its taxes.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
    /// Index into the kinds, and amount.
    pub parts: Vec<(usize, Money)>,
}

/// A company's freedom from tax.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// Its id.
    pub id: ExemptionId,
    /// For this account,
    pub account_id: AccountId,
    /// or only for this site of it.
    pub location_id: Option<LocationId>,
    /// In this country; all when `None`.
    pub country: Option<String>,
    /// In this region of it; all when `None`.
    pub region: Option<String>,
    /// Only this tax category; all when `None`.
    pub category: Option<String>,
    /// Number of the certificate.
    pub certificate: String,
    /// In force from.
    pub valid_from: DateTime<Utc>,
    /// In force until, exclusive; open when `None`.
    pub valid_to: Option<DateTime<Utc>>,
}

/// An exemption to grant.
#[derive(Clone, Debug)]
pub struct GrantExemption {
    /// For this account,
    pub account_id: AccountId,
    /// or only for this site of it.
    pub location_id: Option<LocationId>,
    /// In this country; all when `None`.
    pub country: Option<String>,
    /// In this region of it; all when `None`.
    pub region: Option<String>,
    /// Only this tax category; all when `None`.
    pub category: Option<String>,
    /// Number of the certificate, 1 to 100 characters.
    pub certificate: String,
    /// In force from.
    pub valid_from: DateTime<Utc>,
    /// In force until, exclusive; after `valid_from`.
    pub valid_to: Option<DateTime<Utc>>,
}

vectis_kernel::refusal_codes! {
    /// Why nothing was assessed.
    AssessCode {
        /// A tax strategy is missing, failed or gave an invalid answer; the message says which.
        StrategyFailed = "STRATEGY_FAILED": Refused,
        /// An amount went out of range.
        OutOfRange = "OUT_OF_RANGE": Invalid,
    }
    /// Why a tax command was refused.
    TaxCode {
        /// Needs `tax.write`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such exemption.
        ExemptionNotFound = "EXEMPTION_NOT_FOUND": NotFound,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
}

/// Tax.
#[async_trait]
pub trait Tax: Send + Sync {
    /// Taxes lines: exemptions in one statement, then every strategy of the channel, by stage.
    async fn assess(&self, ctx: &Ctx, query: &TaxQuery) -> Result<TaxAssessment, Failure<AssessCode>>;
    /// Exemptions of accounts, newest first. Staff, or the account's own employees.
    async fn exemptions(
        &self,
        ctx: &Ctx,
        account_ids: &[AccountId],
    ) -> Result<Vec<Exemption>, Failure<TaxCode>>;
    /// Grants an exemption.
    async fn exemption_grant(
        &self,
        ctx: &Ctx,
        grant: GrantExemption,
    ) -> Result<ExemptionId, Failure<TaxCode>>;
    /// Ends an exemption now.
    async fn exemption_withdraw(&self, ctx: &Ctx, id: ExemptionId) -> Result<(), Failure<TaxCode>>;
}
