//! The prices in lists.

use rust_decimal::Decimal;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::pricing::PriceTier;
use vectis_db::conn;
use vectis_kernel::ids::{PriceListId, VariantId};
use vectis_kernel::{Ctx, Quantity};

use super::{StoreError, unit_price};
use crate::price_entries_set::Tiers;

struct TierRow {
    currency: String,
    variant_id: Option<Uuid>,
    min_quantity_milli: Option<i64>,
    unit_price: Option<Decimal>,
}

/// By variant, then by minimum quantity; `None` when there is no such list.
#[tracing::instrument(name = "db.pricing.list_price_tiers", skip_all)]
pub(crate) async fn list(
    pool: &PgPool,
    list: PriceListId,
    variant_ids: &[VariantId],
) -> Result<Option<Vec<(VariantId, PriceTier)>>, StoreError> {
    let variant_ids: Vec<Uuid> = variant_ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        TierRow,
        r#"
        SELECT list.currency, tier.variant_id AS "variant_id?", tier.min_quantity_milli AS "min_quantity_milli?",
               tier.unit_price AS "unit_price?"
        FROM pricing.price_list AS list
        LEFT JOIN pricing.price_tier AS tier ON tier.price_list_id = list.id AND tier.variant_id = ANY ($2)
        WHERE list.id = $1
        ORDER BY tier.variant_id, tier.min_quantity_milli
        "#,
        list.0,
        &variant_ids
    )
    .fetch_all(pool)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let tiers = rows.into_iter().filter_map(|row| tier(&row).transpose());
    Ok(Some(tiers.collect::<Result<_, _>>()?))
}

/// `None` for the row of a list without prices of these variants.
fn tier(row: &TierRow) -> Result<Option<(VariantId, PriceTier)>, StoreError> {
    let (Some(variant_id), Some(milli), Some(amount)) =
        (row.variant_id, row.min_quantity_milli, row.unit_price)
    else {
        return Ok(None);
    };
    let unit_price = unit_price(amount, &row.currency)?;
    Ok(Some((VariantId(variant_id), PriceTier { min_quantity: Quantity::from_milli(milli), unit_price })))
}

#[tracing::instrument(name = "db.pricing.delete_price_tiers", skip_all)]
pub(crate) async fn delete(tx: &mut Tx, list: PriceListId, variant_ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM pricing.price_tier \
         WHERE price_list_id = $1 AND variant_id = ANY ($2)",
        list.0,
        variant_ids
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.pricing.insert_price_tiers", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    list: PriceListId,
    tiers: &Tiers,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO pricing.price_tier (price_list_id, variant_id, min_quantity_milli, unit_price, created_at) \
         SELECT $1, variant_id, min_quantity_milli, unit_price, $5 \
         FROM UNNEST($2::uuid[], $3::bigint[], $4::numeric[]) AS given (variant_id, min_quantity_milli, unit_price)",
        list.0,
        &tiers.variant_ids,
        &tiers.min_quantities_milli,
        &tiers.unit_prices,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
