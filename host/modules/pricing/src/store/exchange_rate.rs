//! What currencies are worth.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::pricing::ExchangeRate;
use vectis_db::conn;
use vectis_kernel::Ctx;

use super::StoreError;

struct RateRow {
    base: String,
    target: String,
    rate: Decimal,
    effective_from: DateTime<Utc>,
}

impl TryFrom<RateRow> for ExchangeRate {
    type Error = StoreError;

    fn try_from(row: RateRow) -> Result<Self, StoreError> {
        Ok(Self {
            base: row.base.parse()?,
            target: row.target.parse()?,
            rate: row.rate.normalize(),
            effective_from: row.effective_from,
        })
    }
}

/// The latest rate of each pair at an instant.
#[tracing::instrument(name = "db.pricing.list_exchange_rates", skip_all)]
pub(crate) async fn in_force(pool: &PgPool, at: DateTime<Utc>) -> Result<Vec<ExchangeRate>, StoreError> {
    let rows = sqlx::query_as!(
        RateRow,
        "SELECT DISTINCT ON (base, target) base, target, rate, effective_from \
         FROM pricing.exchange_rate \
         WHERE effective_from <= $1 \
         ORDER BY base, target, effective_from DESC",
        at
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(ExchangeRate::try_from).collect()
}

struct WrittenRow {
    id: Uuid,
    base: String,
    target: String,
    rate: Decimal,
    effective_from: DateTime<Utc>,
}

/// Adds rates; one of the same pair and instant keeps its id. All of them with their ids.
#[tracing::instrument(name = "db.pricing.upsert_exchange_rates", skip_all)]
pub(crate) async fn upsert(
    tx: &mut Tx,
    ctx: &Ctx,
    rates: &[ExchangeRate],
) -> Result<Vec<(Uuid, ExchangeRate)>, StoreError> {
    let ids: Vec<Uuid> = rates.iter().map(|_| ctx.new_id()).collect();
    let bases: Vec<&str> = rates.iter().map(|rate| rate.base.code()).collect();
    let targets: Vec<&str> = rates.iter().map(|rate| rate.target.code()).collect();
    let values: Vec<Decimal> = rates.iter().map(|rate| rate.rate).collect();
    let effective: Vec<DateTime<Utc>> = rates.iter().map(|rate| rate.effective_from).collect();
    let rows = sqlx::query_as!(
        WrittenRow,
        "INSERT INTO pricing.exchange_rate (id, base, target, rate, effective_from, created_at, updated_at) \
         SELECT id, base, target, rate, effective_from, $6, $6 \
         FROM UNNEST($1::uuid[], $2::bpchar[], $3::bpchar[], $4::numeric[], $5::timestamptz[]) \
             AS given (id, base, target, rate, effective_from) \
         ORDER BY base, target, effective_from \
         ON CONFLICT (base, target, effective_from) DO UPDATE \
         SET rate = EXCLUDED.rate, updated_at = EXCLUDED.updated_at \
         RETURNING id, base, target, rate, effective_from",
        &ids,
        &bases as &[&str],
        &targets as &[&str],
        &values,
        &effective,
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    rows.into_iter()
        .map(|row| {
            let WrittenRow { id, base, target, rate, effective_from } = row;
            Ok((id, RateRow { base, target, rate, effective_from }.try_into()?))
        })
        .collect()
}
