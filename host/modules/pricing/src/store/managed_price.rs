//! Prices set by hand.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::pricing::{ManagedPrice, SetManagedPrice};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{ChannelId, ManagedPriceId, VariantId};

use super::{StoreError, unit_price};

struct ManagedPriceRow {
    id: Uuid,
    variant_id: Uuid,
    channel_id: Option<Uuid>,
    currency: String,
    unit_price: Decimal,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
}

impl TryFrom<ManagedPriceRow> for ManagedPrice {
    type Error = StoreError;

    fn try_from(row: ManagedPriceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ManagedPriceId(row.id),
            variant_id: VariantId(row.variant_id),
            channel_id: row.channel_id.map(ChannelId),
            unit_price: unit_price(row.unit_price, &row.currency)?,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
        })
    }
}

/// By variant; those of everywhere behind those of channels.
#[tracing::instrument(name = "db.pricing.list_managed_prices", skip_all)]
pub(crate) async fn list(pool: &PgPool, variant_ids: &[VariantId]) -> Result<Vec<ManagedPrice>, StoreError> {
    let variant_ids: Vec<Uuid> = variant_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        ManagedPriceRow,
        "SELECT id, variant_id, channel_id, currency, unit_price, valid_from, valid_to \
         FROM pricing.managed_price \
         WHERE variant_id = ANY ($1) \
         ORDER BY variant_id, channel_id, currency",
        &variant_ids
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(ManagedPrice::try_from).collect()
}

/// Takes away the prices of the same variant, channel and currency.
#[tracing::instrument(name = "db.pricing.delete_managed_prices", skip_all)]
pub(crate) async fn delete(tx: &mut Tx, prices: &[&SetManagedPrice]) -> Result<(), sqlx::Error> {
    let keys = Keys::of(prices);
    sqlx::query!(
        "DELETE FROM pricing.managed_price AS held \
         USING UNNEST($1::uuid[], $2::uuid[], $3::bpchar[]) AS given (variant_id, channel_id, currency) \
         WHERE held.variant_id = given.variant_id \
           AND held.channel_id IS NOT DISTINCT FROM given.channel_id \
           AND held.currency = given.currency",
        &keys.variant_ids,
        &keys.channel_ids as &[Option<Uuid>],
        &keys.currencies as &[&str]
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Sets prices; one of the same variant, channel and currency keeps its id.
#[tracing::instrument(name = "db.pricing.upsert_managed_prices", skip_all)]
pub(crate) async fn upsert(
    tx: &mut Tx,
    ctx: &Ctx,
    prices: &[(&SetManagedPrice, Decimal)],
) -> Result<(), sqlx::Error> {
    let settings: Vec<&SetManagedPrice> = prices.iter().map(|(price, _)| *price).collect();
    let keys = Keys::of(&settings);
    let ids: Vec<Uuid> = prices.iter().map(|_| ctx.new_id::<ManagedPriceId>().0).collect();
    let unit_prices: Vec<Decimal> = prices.iter().map(|(_, unit_price)| *unit_price).collect();
    let valid_from: Vec<_> = settings.iter().map(|price| price.valid_from).collect();
    let valid_to: Vec<_> = settings.iter().map(|price| price.valid_to).collect();
    sqlx::query!(
        "INSERT INTO pricing.managed_price \
             (id, variant_id, channel_id, currency, unit_price, valid_from, valid_to, created_at, updated_at) \
         SELECT id, variant_id, channel_id, currency, unit_price, valid_from, valid_to, $8, $8 \
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::bpchar[], $5::numeric[], $6::timestamptz[], \
                     $7::timestamptz[]) \
             AS given (id, variant_id, channel_id, currency, unit_price, valid_from, valid_to) \
         ORDER BY variant_id, channel_id, currency \
         ON CONFLICT (variant_id, channel_id, currency) DO UPDATE \
         SET unit_price = EXCLUDED.unit_price, valid_from = EXCLUDED.valid_from, valid_to = EXCLUDED.valid_to, \
             updated_at = EXCLUDED.updated_at",
        &ids,
        &keys.variant_ids,
        &keys.channel_ids as &[Option<Uuid>],
        &keys.currencies as &[&str],
        &unit_prices,
        &valid_from as &[Option<DateTime<Utc>>],
        &valid_to as &[Option<DateTime<Utc>>],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct Keys<'a> {
    variant_ids: Vec<Uuid>,
    channel_ids: Vec<Option<Uuid>>,
    currencies: Vec<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(prices: &[&'a SetManagedPrice]) -> Self {
        Self {
            variant_ids: prices.iter().map(|price| price.variant_id.0).collect(),
            channel_ids: prices.iter().map(|price| price.channel_id.map(|id| id.0)).collect(),
            currencies: prices.iter().map(|price| price.currency.code()).collect(),
        }
    }
}
