//! Places that hold stock.

use std::collections::{BTreeSet, HashSet};

use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::inventory::Warehouse;
use vectis_db::{Tx, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::WarehouseId;

/// All of them, by code.
#[instrument(name = "db.inventory.warehouses", skip_all)]
pub(crate) async fn warehouses(pool: &PgPool) -> Result<Vec<Warehouse>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, code, name, country, is_active \
         FROM inventory.warehouse \
         ORDER BY code"
    )
    .fetch_all(pool)
    .await?;
    let warehouses = rows.into_iter().map(|row| Warehouse {
        id: row.id.into(),
        code: row.code,
        name: row.name,
        country: row.country,
        is_active: row.is_active,
    });
    Ok(warehouses.collect())
}

/// Those of `ids` that exist.
#[instrument(name = "db.inventory.existing_warehouses", skip_all)]
pub(crate) async fn existing_warehouses(
    tx: &mut Tx,
    ids: &BTreeSet<WarehouseId>,
) -> Result<HashSet<WarehouseId>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found = sqlx::query_scalar!(
        "SELECT id \
         FROM inventory.warehouse \
         WHERE id = ANY ($1)",
        &ids
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(found.into_iter().map(WarehouseId).collect())
}

/// Creates an active warehouse, or renames the one with this code.
#[instrument(name = "db.inventory.upsert_warehouse", skip_all)]
pub(crate) async fn upsert_warehouse(
    tx: &mut Tx,
    ctx: &Ctx,
    code: &str,
    name: &str,
    country: &str,
) -> Result<WarehouseId, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "INSERT INTO inventory.warehouse (id, code, name, country, is_active, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, true, $5, $5) \
         ON CONFLICT (code) DO UPDATE \
         SET name = EXCLUDED.name, country = EXCLUDED.country, updated_at = EXCLUDED.updated_at \
         RETURNING id",
        ctx.new_id::<WarehouseId>().0,
        code,
        name,
        country,
        ctx.now()
    )
    .fetch_one(conn(tx))
    .await?;
    Ok(id.into())
}
