//! The one write of stock: levels, reservations, their lines and the ledger in a single statement.

use chrono::{DateTime, Utc};
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::inventory::ReservationStatus;
use vectis_db::{Tx, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::ReservationId;

use crate::model::{Amounts, Draw, LineChanges, Place};

/// Everything a command does to stock.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Net change of each level, which must be locked.
    pub(crate) levels: Vec<(Place, Amounts)>,
    /// Reservations to create or change, in this order.
    pub(crate) reservations: Vec<ReservationChange>,
    /// Lines to remove, shrink and add.
    pub(crate) lines: LineChanges,
    /// Ledger lines.
    pub(crate) movements: Vec<Movement>,
}

/// A reservation as it is from now on.
#[derive(Debug)]
pub(crate) struct ReservationChange {
    pub(crate) id: ReservationId,
    pub(crate) owner_id: Uuid,
    pub(crate) status: ReservationStatus,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A ledger line.
#[derive(Debug)]
pub(crate) struct Movement {
    pub(crate) place: Place,
    pub(crate) kind: MovementKind,
    pub(crate) on_hand: i64,
    pub(crate) allocated: i64,
    pub(crate) reason: String,
}

/// Why stock moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MovementKind {
    Adjusted,
    Allocated,
    Released,
    Shipped,
    Returned,
}

impl MovementKind {
    fn key(self) -> &'static str {
        match self {
            Self::Adjusted => "adjusted",
            Self::Allocated => "allocated",
            Self::Released => "released",
            Self::Shipped => "shipped",
            Self::Returned => "returned",
        }
    }
}

/// Stock could not be written as decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// A level has moved although it was locked, or was never there.
    #[error("only {written} of {decided} stock levels allowed their change")]
    Guard { written: i64, decided: usize },
    /// The database failed.
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
}

/// Writes a change. A level that would oversell is not written, and the whole fails.
#[expect(clippy::too_many_lines, reason = "one statement and its columns")]
#[instrument(name = "db.inventory.apply", skip_all)]
pub(crate) async fn apply(tx: &mut Tx, ctx: &Ctx, change: &Change) -> Result<(), ApplyError> {
    let levels = LevelColumns::of(&change.levels);
    let reservations = ReservationColumns::of(&change.reservations);
    let (reduced, reduced_to): (Vec<Uuid>, Vec<i64>) = change.lines.reduced.iter().copied().unzip();
    let added = AddedColumns::of(ctx, &change.lines.added);
    let movements = MovementColumns::of(ctx, &change.movements);
    let written = sqlx::query_scalar!(
        r#"
        WITH level AS (
            UPDATE inventory.stock_level AS level
            SET on_hand_milli = level.on_hand_milli + delta.on_hand,
                reserved_milli = level.reserved_milli + delta.reserved,
                allocated_milli = level.allocated_milli + delta.allocated,
                updated_at = $1
            FROM UNNEST($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[])
                AS delta (variant_id, warehouse_id, on_hand, reserved, allocated)
            WHERE level.variant_id = delta.variant_id
              AND level.warehouse_id = delta.warehouse_id
              AND level.reserved_milli + delta.reserved >= 0
              AND level.allocated_milli + delta.allocated >= 0
              AND level.on_hand_milli + delta.on_hand
                  >= level.reserved_milli + delta.reserved + level.allocated_milli + delta.allocated
            RETURNING 1
        ),
        reservation AS (
            INSERT INTO inventory.reservation (id, owner_id, status, expires_at, created_at, updated_at)
            SELECT given.id, given.owner_id, given.status, given.expires_at, $1, $1
            FROM UNNEST($7::uuid[], $8::uuid[], $9::text[], $10::timestamptz[]) WITH ORDINALITY
                AS given (id, owner_id, status, expires_at, position)
            ORDER BY given.position
            ON CONFLICT (id) DO UPDATE
            SET owner_id = EXCLUDED.owner_id, status = EXCLUDED.status,
                expires_at = EXCLUDED.expires_at, updated_at = EXCLUDED.updated_at
        ),
        removed AS (
            DELETE FROM inventory.reservation_line
            WHERE id = ANY ($11::uuid[])
        ),
        reduced AS (
            UPDATE inventory.reservation_line AS line
            SET quantity_milli = given.quantity_milli
            FROM UNNEST($12::uuid[], $13::bigint[]) AS given (id, quantity_milli)
            WHERE line.id = given.id
        ),
        added AS (
            INSERT INTO inventory.reservation_line
                (id, reservation_id, variant_id, warehouse_id, quantity_milli, created_at)
            SELECT given.id, given.reservation_id, given.variant_id, given.warehouse_id, given.quantity_milli, $1
            FROM UNNEST($14::uuid[], $15::uuid[], $16::uuid[], $17::uuid[], $18::bigint[])
                AS given (id, reservation_id, variant_id, warehouse_id, quantity_milli)
        ),
        movement AS (
            INSERT INTO inventory.stock_movement
                (id, variant_id, warehouse_id, kind, on_hand_delta_milli, allocated_delta_milli, reason, created_at)
            SELECT given.id, given.variant_id, given.warehouse_id, given.kind, given.on_hand, given.allocated,
                   given.reason, $1
            FROM UNNEST($19::uuid[], $20::uuid[], $21::uuid[], $22::text[], $23::bigint[], $24::bigint[], $25::text[])
                AS given (id, variant_id, warehouse_id, kind, on_hand, allocated, reason)
        )
        SELECT COUNT(*) AS "written!"
        FROM level
        "#,
        ctx.now(),
        &levels.variants,
        &levels.warehouses,
        &levels.on_hand,
        &levels.reserved,
        &levels.allocated,
        &reservations.ids,
        &reservations.owners,
        &reservations.statuses as &[&str],
        &reservations.expires_at as &[Option<DateTime<Utc>>],
        &change.lines.removed,
        &reduced,
        &reduced_to,
        &added.ids,
        &added.reservations,
        &added.variants,
        &added.warehouses as &[Option<Uuid>],
        &added.quantities,
        &movements.ids,
        &movements.variants,
        &movements.warehouses,
        &movements.kinds as &[&str],
        &movements.on_hand,
        &movements.allocated,
        &movements.reasons as &[&str]
    )
    .fetch_one(conn(tx))
    .await?;
    let decided = change.levels.len();
    if usize::try_from(written) == Ok(decided) { Ok(()) } else { Err(ApplyError::Guard { written, decided }) }
}

#[derive(Default)]
struct LevelColumns {
    variants: Vec<Uuid>,
    warehouses: Vec<Uuid>,
    on_hand: Vec<i64>,
    reserved: Vec<i64>,
    allocated: Vec<i64>,
}

impl LevelColumns {
    fn of(levels: &[(Place, Amounts)]) -> Self {
        let mut columns = Self::default();
        for (place, delta) in levels {
            columns.variants.push(place.variant_id.0);
            columns.warehouses.push(place.warehouse_id.0);
            columns.on_hand.push(delta.on_hand);
            columns.reserved.push(delta.reserved);
            columns.allocated.push(delta.allocated);
        }
        columns
    }
}

#[derive(Default)]
struct ReservationColumns {
    ids: Vec<Uuid>,
    owners: Vec<Uuid>,
    statuses: Vec<&'static str>,
    expires_at: Vec<Option<DateTime<Utc>>>,
}

impl ReservationColumns {
    fn of(reservations: &[ReservationChange]) -> Self {
        let mut columns = Self::default();
        for reservation in reservations {
            columns.ids.push(reservation.id.0);
            columns.owners.push(reservation.owner_id);
            columns.statuses.push(status_key(reservation.status));
            columns.expires_at.push(reservation.expires_at);
        }
        columns
    }
}

fn status_key(status: ReservationStatus) -> &'static str {
    match status {
        ReservationStatus::Held => "HELD",
        ReservationStatus::Confirmed => "CONFIRMED",
        ReservationStatus::Released => "RELEASED",
        ReservationStatus::Expired => "EXPIRED",
    }
}

#[derive(Default)]
struct AddedColumns {
    ids: Vec<Uuid>,
    reservations: Vec<Uuid>,
    variants: Vec<Uuid>,
    warehouses: Vec<Option<Uuid>>,
    quantities: Vec<i64>,
}

impl AddedColumns {
    fn of(ctx: &Ctx, added: &[(ReservationId, Draw)]) -> Self {
        let mut columns = Self::default();
        for (reservation_id, draw) in added {
            columns.ids.push(ctx.new_id());
            columns.reservations.push(reservation_id.0);
            columns.variants.push(draw.variant_id.0);
            columns.warehouses.push(draw.warehouse_id.map(|id| id.0));
            columns.quantities.push(draw.quantity);
        }
        columns
    }
}

#[derive(Default)]
struct MovementColumns<'a> {
    ids: Vec<Uuid>,
    variants: Vec<Uuid>,
    warehouses: Vec<Uuid>,
    kinds: Vec<&'static str>,
    on_hand: Vec<i64>,
    allocated: Vec<i64>,
    reasons: Vec<&'a str>,
}

impl<'a> MovementColumns<'a> {
    fn of(ctx: &Ctx, movements: &'a [Movement]) -> Self {
        let mut columns = Self::default();
        for movement in movements {
            columns.ids.push(ctx.new_id());
            columns.variants.push(movement.place.variant_id.0);
            columns.warehouses.push(movement.place.warehouse_id.0);
            columns.kinds.push(movement.kind.key());
            columns.on_hand.push(movement.on_hand);
            columns.allocated.push(movement.allocated);
            columns.reasons.push(&movement.reason);
        }
        columns
    }
}
