//! All SQL of the schema `tax`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::tax::{Exemption, GrantExemption, TaxQuery};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{AccountId, ExemptionId, LocationId};

use crate::model::Exempt;

struct ExemptionRow {
    id: Uuid,
    account_id: Uuid,
    location_id: Option<Uuid>,
    country: Option<String>,
    region: Option<String>,
    category: Option<String>,
    certificate: String,
    valid_from: DateTime<Utc>,
    valid_to: Option<DateTime<Utc>>,
}

impl From<ExemptionRow> for Exemption {
    fn from(row: ExemptionRow) -> Self {
        Self {
            id: ExemptionId(row.id),
            account_id: AccountId(row.account_id),
            location_id: row.location_id.map(LocationId),
            country: row.country,
            region: row.region,
            category: row.category,
            certificate: row.certificate,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
        }
    }
}

/// What the exemptions of the account, and of its location, cover at the destination now. Regions are compared without
/// case, since addresses are written by people.
#[tracing::instrument(name = "db.tax.exempt", skip_all)]
pub(crate) async fn exempt(
    pool: &PgPool,
    account_id: AccountId,
    query: &TaxQuery,
    at: DateTime<Utc>,
) -> Result<Exempt, sqlx::Error> {
    let categories = sqlx::query_scalar!(
        "SELECT DISTINCT category \
         FROM tax.exemption \
         WHERE account_id = $1 \
           AND (location_id IS NULL OR location_id = $2) \
           AND (country IS NULL OR country = $3::bpchar) \
           AND (region IS NULL OR LOWER(region) = LOWER($4)) \
           AND valid_from <= $5 \
           AND (valid_to IS NULL OR valid_to > $5)",
        account_id.0,
        query.location_id.map(|id| id.0),
        query.destination.country,
        query.destination.region,
        at
    )
    .fetch_all(pool)
    .await?;
    Ok(Exempt { categories })
}

/// Newest first.
#[tracing::instrument(name = "db.tax.list_exemptions", skip_all)]
pub(crate) async fn list(pool: &PgPool, account_ids: &[AccountId]) -> Result<Vec<Exemption>, sqlx::Error> {
    let account_ids: Vec<Uuid> = account_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        ExemptionRow,
        "SELECT id, account_id, location_id, country, region, category, certificate, valid_from, valid_to \
         FROM tax.exemption \
         WHERE account_id = ANY ($1) \
         ORDER BY created_at DESC, id DESC",
        &account_ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Exemption::from).collect())
}

#[tracing::instrument(name = "db.tax.insert_exemption", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    id: ExemptionId,
    grant: &GrantExemption,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO tax.exemption \
             (id, account_id, location_id, country, region, category, certificate, valid_from, valid_to, \
              created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        id.0,
        grant.account_id.0,
        grant.location_id.map(|id| id.0),
        grant.country,
        grant.region,
        grant.category,
        grant.certificate,
        grant.valid_from,
        grant.valid_to,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// What became of a withdrawal.
pub(crate) enum Withdrawn {
    /// It ends now (or ended before it began, when that lies ahead).
    Now { account_id: AccountId, valid_to: DateTime<Utc> },
    /// It had ended before.
    Before,
    /// No such exemption.
    NotFound,
}

#[tracing::instrument(name = "db.tax.withdraw_exemption", skip_all)]
pub(crate) async fn withdraw(tx: &mut Tx, ctx: &Ctx, id: ExemptionId) -> Result<Withdrawn, sqlx::Error> {
    let ended = sqlx::query!(
        r#"
        UPDATE tax.exemption
        SET valid_to = GREATEST(valid_from, $2), updated_at = $2
        WHERE id = $1 AND (valid_to IS NULL OR valid_to > GREATEST(valid_from, $2))
        RETURNING account_id, valid_to AS "valid_to!"
        "#,
        id.0,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    if let Some(row) = ended {
        return Ok(Withdrawn::Now { account_id: AccountId(row.account_id), valid_to: row.valid_to });
    }
    let found = sqlx::query_scalar!("SELECT id FROM tax.exemption WHERE id = $1", id.0)
        .fetch_optional(conn(tx))
        .await?;
    Ok(if found.is_some() { Withdrawn::Before } else { Withdrawn::NotFound })
}
