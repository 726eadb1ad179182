//! All SQL of the schema `inventory`: reads and locks here, the one write of stock in `apply.rs`, warehouses in
//! `warehouses.rs`.

pub(crate) mod apply;
mod warehouses;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::inventory::{Availability, ReservationStatus, StockLevel, StockMovement};
use vectis_db::{Tx, conn};
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::{Ctx, PageRequest, Quantity};

use crate::model::{Amounts, KeptLine, Level, Place};

pub(crate) use apply::{Change, Movement, MovementKind, ReservationChange, apply};
pub(crate) use warehouses::{existing_warehouses, upsert_warehouse, warehouses};

struct StockRow {
    variant_id: Uuid,
    on_hand_milli: i64,
    reserved_milli: i64,
    allocated_milli: i64,
}

impl From<StockRow> for Availability {
    fn from(row: StockRow) -> Self {
        let amounts = Amounts {
            on_hand: row.on_hand_milli,
            reserved: row.reserved_milli,
            allocated: row.allocated_milli,
        };
        Self {
            variant_id: row.variant_id.into(),
            on_hand: Quantity::from_milli(amounts.on_hand),
            reserved: Quantity::from_milli(amounts.reserved),
            allocated: Quantity::from_milli(amounts.allocated),
            available: Quantity::from_milli(amounts.available()),
        }
    }
}

/// Stock summed over active warehouses (those given, or all), one row per id, in its order.
#[instrument(name = "db.inventory.availability", skip_all)]
pub(crate) async fn availability(
    pool: &PgPool,
    variants: &[VariantId],
    warehouses: &[WarehouseId],
) -> Result<Vec<Availability>, sqlx::Error> {
    let variants: Vec<Uuid> = variants.iter().map(|id| id.0).collect();
    let warehouses: Vec<Uuid> = warehouses.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        StockRow,
        r#"
        WITH stock AS (
            SELECT level.variant_id,
                   SUM(level.on_hand_milli)::bigint AS on_hand_milli,
                   SUM(level.reserved_milli)::bigint AS reserved_milli,
                   SUM(level.allocated_milli)::bigint AS allocated_milli
            FROM inventory.stock_level AS level
            JOIN inventory.warehouse AS warehouse ON warehouse.id = level.warehouse_id
            WHERE level.variant_id = ANY ($1)
              AND warehouse.is_active
              AND (CARDINALITY($2::uuid[]) = 0 OR level.warehouse_id = ANY ($2))
            GROUP BY level.variant_id
        )
        SELECT asked.variant_id AS "variant_id!",
               COALESCE(stock.on_hand_milli, 0) AS "on_hand_milli!",
               COALESCE(stock.reserved_milli, 0) AS "reserved_milli!",
               COALESCE(stock.allocated_milli, 0) AS "allocated_milli!"
        FROM UNNEST($1::uuid[]) WITH ORDINALITY AS asked (variant_id, position)
        LEFT JOIN stock ON stock.variant_id = asked.variant_id
        ORDER BY asked.position
        "#,
        &variants,
        &warehouses
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Availability::from).collect())
}

/// Levels by variant and warehouse code, closed warehouses included.
#[instrument(name = "db.inventory.levels", skip_all)]
pub(crate) async fn levels(pool: &PgPool, variants: &[VariantId]) -> Result<Vec<StockLevel>, sqlx::Error> {
    let variants: Vec<Uuid> = variants.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "SELECT level.variant_id, level.warehouse_id, level.on_hand_milli, level.reserved_milli, level.allocated_milli \
         FROM inventory.stock_level AS level \
         JOIN inventory.warehouse AS warehouse ON warehouse.id = level.warehouse_id \
         WHERE level.variant_id = ANY ($1) \
         ORDER BY level.variant_id, warehouse.code",
        &variants
    )
    .fetch_all(pool)
    .await?;
    let levels = rows.into_iter().map(|row| StockLevel {
        warehouse_id: row.warehouse_id.into(),
        stock: Availability::from(StockRow {
            variant_id: row.variant_id,
            on_hand_milli: row.on_hand_milli,
            reserved_milli: row.reserved_milli,
            allocated_milli: row.allocated_milli,
        }),
    });
    Ok(levels.collect())
}

/// The ledger of a variant, newest first, one more than the page holds.
#[instrument(name = "db.inventory.movements", skip_all)]
pub(crate) async fn movements(
    pool: &PgPool,
    variant_id: VariantId,
    page: &PageRequest,
) -> Result<Vec<StockMovement>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, created_at, warehouse_id, variant_id, kind, on_hand_delta_milli, allocated_delta_milli, reason \
         FROM inventory.stock_movement \
         WHERE variant_id = $1 AND ($2::uuid IS NULL OR id < $2) \
         ORDER BY id DESC \
         LIMIT $3",
        variant_id.0,
        page.after,
        page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    let movements = rows.into_iter().map(|row| StockMovement {
        id: row.id,
        at: row.created_at,
        warehouse_id: row.warehouse_id.into(),
        variant_id: row.variant_id.into(),
        kind: row.kind,
        on_hand_delta: Quantity::from_milli(row.on_hand_delta_milli),
        allocated_delta: Quantity::from_milli(row.allocated_delta_milli),
        reason: row.reason,
    });
    Ok(movements.collect())
}

/// Lets one command at a time replace the hold of an owner: the first hold has no row yet that could be locked.
#[instrument(name = "db.inventory.lock_owner", skip_all)]
pub(crate) async fn lock_owner(tx: &mut Tx, owner_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(HASHTEXT('inventory.reservation'), HASHTEXT($1::uuid::text))",
        owner_id
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

struct KeptLineRow {
    id: Uuid,
    reservation_id: Uuid,
    owner_id: Uuid,
    status: String,
    expires_at: Option<DateTime<Utc>>,
    variant_id: Uuid,
    warehouse_id: Option<Uuid>,
    quantity_milli: i64,
}

impl From<KeptLineRow> for KeptLine {
    fn from(row: KeptLineRow) -> Self {
        let status = match row.status.as_str() {
            "HELD" => ReservationStatus::Held,
            _ => ReservationStatus::Confirmed,
        };
        Self {
            id: row.id,
            reservation_id: row.reservation_id.into(),
            owner_id: row.owner_id,
            status,
            expires_at: row.expires_at,
            variant_id: row.variant_id.into(),
            warehouse_id: row.warehouse_id.map(WarehouseId),
            quantity: row.quantity_milli,
        }
    }
}

/// Locks what an owner keeps, held and confirmed, oldest line first. Lines that others have changed or taken while this
/// waited are seen as they are then.
#[instrument(name = "db.inventory.lock_kept", skip_all)]
pub(crate) async fn lock_kept(tx: &mut Tx, owner_id: Uuid) -> Result<Vec<KeptLine>, sqlx::Error> {
    let rows = sqlx::query_as!(
        KeptLineRow,
        "SELECT line.id, line.reservation_id, reservation.owner_id, reservation.status, reservation.expires_at, \
                line.variant_id, line.warehouse_id, line.quantity_milli \
         FROM inventory.reservation AS reservation \
         JOIN inventory.reservation_line AS line ON line.reservation_id = reservation.id \
         WHERE reservation.owner_id = $1 \
           AND reservation.status IN ('HELD', 'CONFIRMED') \
         ORDER BY reservation.id, line.id \
         FOR UPDATE",
        owner_id
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(KeptLine::from).collect())
}

/// A held line as a Postgres record: id, reservation, owner, end, variant, warehouse, quantity. A tuple, because an
/// anonymous record is read without asking the server for types.
type HeldRow = (Uuid, Uuid, Uuid, Option<DateTime<Utc>>, Uuid, Option<Uuid>, i64);

/// A level likewise: variant, warehouse, on hand, reserved, allocated, whether it can be drawn from.
type LevelRow = (Uuid, Uuid, i64, i64, i64, bool);

/// Locks what an owner holds, oldest line first, then, in the order (variant, warehouse), the levels it stands in and those
/// at `places`; as they are then. Places without a level are left out.
#[instrument(name = "db.inventory.lock_hold_and_levels", skip_all)]
pub(crate) async fn lock_hold_and_levels(
    tx: &mut Tx,
    owner_id: Option<Uuid>,
    places: &BTreeSet<Place>,
) -> Result<(Vec<KeptLine>, Vec<Level>), sqlx::Error> {
    let (variants, warehouses) = columns(places);
    // The places are distinct only when all held lines have been read, and so locked: levels come after them.
    let row = sqlx::query!(
        r#"
        WITH held AS MATERIALIZED (
            SELECT line.id, line.reservation_id, reservation.owner_id, reservation.expires_at, line.variant_id,
                   line.warehouse_id, line.quantity_milli
            FROM inventory.reservation AS reservation
            JOIN inventory.reservation_line AS line ON line.reservation_id = reservation.id
            WHERE reservation.owner_id = $1 AND reservation.status = 'HELD'
            ORDER BY reservation.id, line.id
            FOR UPDATE
        ),
        place AS (
            SELECT variant_id, warehouse_id
            FROM UNNEST($2::uuid[], $3::uuid[]) AS asked (variant_id, warehouse_id)
            UNION
            SELECT variant_id, warehouse_id
            FROM held
        ),
        level AS MATERIALIZED (
            SELECT level.variant_id, level.warehouse_id, level.on_hand_milli, level.reserved_milli,
                   level.allocated_milli, warehouse.is_active
            FROM place
            JOIN inventory.stock_level AS level
              ON level.variant_id = place.variant_id AND level.warehouse_id = place.warehouse_id
            JOIN inventory.warehouse AS warehouse ON warehouse.id = level.warehouse_id
            ORDER BY level.variant_id, level.warehouse_id
            FOR UPDATE OF level
        )
        SELECT ARRAY(
                   SELECT ROW(id, reservation_id, owner_id, expires_at, variant_id, warehouse_id, quantity_milli)
                   FROM held
               ) AS "held!: Vec<HeldRow>",
               ARRAY(
                   SELECT ROW(variant_id, warehouse_id, on_hand_milli, reserved_milli, allocated_milli, is_active)
                   FROM level
               ) AS "levels!: Vec<LevelRow>"
        "#,
        owner_id,
        &variants,
        &warehouses
    )
    .fetch_one(conn(tx))
    .await?;
    let held = row.held.into_iter().map(
        |(id, reservation_id, owner_id, expires_at, variant_id, warehouse_id, quantity)| KeptLine {
            id,
            reservation_id: reservation_id.into(),
            owner_id,
            status: ReservationStatus::Held,
            expires_at,
            variant_id: variant_id.into(),
            warehouse_id: warehouse_id.map(WarehouseId),
            quantity,
        },
    );
    let levels =
        row.levels.into_iter().map(|(variant_id, warehouse_id, on_hand, reserved, allocated, is_active)| {
            Level {
                place: Place { variant_id: variant_id.into(), warehouse_id: warehouse_id.into() },
                amounts: Amounts { on_hand, reserved, allocated },
                can_be_drawn: is_active,
            }
        });
    Ok((held.collect(), levels.collect()))
}

/// Locks the lines of some holds that are due and that nobody else is at.
#[instrument(name = "db.inventory.lock_due", skip_all)]
pub(crate) async fn lock_due(tx: &mut Tx, ctx: &Ctx, limit: i64) -> Result<Vec<KeptLine>, sqlx::Error> {
    let rows = sqlx::query_as!(
        KeptLineRow,
        "WITH due AS MATERIALIZED ( \
             SELECT id \
             FROM inventory.reservation \
             WHERE status = 'HELD' AND expires_at <= $1 \
             ORDER BY expires_at, id \
             LIMIT $2 \
             FOR UPDATE SKIP LOCKED \
         ) \
         SELECT line.id, line.reservation_id, reservation.owner_id, reservation.status, reservation.expires_at, \
                line.variant_id, line.warehouse_id, line.quantity_milli \
         FROM due \
         JOIN inventory.reservation AS reservation ON reservation.id = due.id \
         JOIN inventory.reservation_line AS line ON line.reservation_id = due.id \
         ORDER BY reservation.id, line.id \
         FOR UPDATE OF line",
        ctx.now(),
        limit
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(KeptLine::from).collect())
}

/// Makes levels of nothing where there is none, in lock order.
#[instrument(name = "db.inventory.ensure_levels", skip_all)]
pub(crate) async fn ensure_levels(
    tx: &mut Tx,
    ctx: &Ctx,
    places: &BTreeSet<Place>,
) -> Result<(), sqlx::Error> {
    let (variants, warehouses) = columns(places);
    sqlx::query!(
        "INSERT INTO inventory.stock_level \
             (variant_id, warehouse_id, on_hand_milli, reserved_milli, allocated_milli, created_at, updated_at) \
         SELECT place.variant_id, place.warehouse_id, 0, 0, 0, $3, $3 \
         FROM UNNEST($1::uuid[], $2::uuid[]) AS place (variant_id, warehouse_id) \
         ORDER BY place.variant_id, place.warehouse_id \
         ON CONFLICT (variant_id, warehouse_id) DO NOTHING",
        &variants,
        &warehouses,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Locks levels in the order (variant, warehouse) and reads them as they are then. Places without one are left out.
#[instrument(name = "db.inventory.lock_levels", skip_all)]
pub(crate) async fn lock_levels(tx: &mut Tx, places: &BTreeSet<Place>) -> Result<Vec<Level>, sqlx::Error> {
    let (variants, warehouses) = columns(places);
    let rows = sqlx::query!(
        "SELECT level.variant_id, level.warehouse_id, level.on_hand_milli, level.reserved_milli, \
                level.allocated_milli, warehouse.is_active \
         FROM UNNEST($1::uuid[], $2::uuid[]) AS place (variant_id, warehouse_id) \
         JOIN inventory.stock_level AS level \
           ON level.variant_id = place.variant_id AND level.warehouse_id = place.warehouse_id \
         JOIN inventory.warehouse AS warehouse ON warehouse.id = level.warehouse_id \
         ORDER BY level.variant_id, level.warehouse_id \
         FOR UPDATE OF level",
        &variants,
        &warehouses
    )
    .fetch_all(conn(tx))
    .await?;
    let levels = rows.into_iter().map(|row| Level {
        place: Place { variant_id: row.variant_id.into(), warehouse_id: row.warehouse_id.into() },
        amounts: Amounts {
            on_hand: row.on_hand_milli,
            reserved: row.reserved_milli,
            allocated: row.allocated_milli,
        },
        can_be_drawn: row.is_active,
    });
    Ok(levels.collect())
}

fn columns(places: &BTreeSet<Place>) -> (Vec<Uuid>, Vec<Uuid>) {
    places.iter().map(|place| (place.variant_id.0, place.warehouse_id.0)).unzip()
}
