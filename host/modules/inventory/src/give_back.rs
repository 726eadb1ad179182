//! Stock on its way back or out: released, expired, shipped, returned.

use std::collections::BTreeSet;

use uuid::Uuid;
use vectis_contracts::inventory::{ReservationStatus, ReserveCode, StockNeed};
use vectis_db::{Db, Tx, outbox, retrying};
use vectis_kernel::ids::WarehouseId;
use vectis_kernel::{Ctx, Failure};

use crate::events::{self, Cause};
use crate::model::{self, Amounts, End, KeptLine, Place, Stock};
use crate::reserve::{check_needs, ended, write};
use crate::store::{self, Change};

/// Due holds that are let go in one unit of work.
const HOLDS_PER_SWEEP: i64 = 50;

/// Gives everything back that an owner holds or has allocated.
pub(crate) async fn release(tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
    let kept = store::lock_kept(tx, owner_id).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let mut stock = lock_stock_of(tx, &kept).await?;
    let mut change = Change { reservations: ended(&kept, ReservationStatus::Released), ..Change::default() };
    model::end_lines(&mut stock, &mut change.lines, &kept, End::Released)?;
    write(tx, ctx, Cause::Released, owner_id, &stock, change).await
}

/// Gives part of an order's allocation back; what was only backordered goes first.
pub(crate) async fn release_part(
    tx: &mut Tx,
    ctx: &Ctx,
    owner_id: Uuid,
    needs: &[StockNeed],
) -> Result<(), Failure<ReserveCode>> {
    check_needs(needs)?;
    let kept = lock_allocated(tx, owner_id).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let mut stock = lock_stock_of(tx, &kept).await?;
    let mut change = Change::default();
    model::give_back(&mut stock, &mut change.lines, &kept, &model::wanted(needs))?;
    write(tx, ctx, Cause::Released, owner_id, &stock, change).await
}

/// Ships what is allocated to an order. What is backordered stays so.
pub(crate) async fn ship(tx: &mut Tx, ctx: &Ctx, owner_id: Uuid) -> Result<(), Failure<ReserveCode>> {
    let mut kept = lock_allocated(tx, owner_id).await?;
    kept.retain(|line| line.warehouse_id.is_some());
    if kept.is_empty() {
        return Ok(());
    }
    let mut stock = lock_stock_of(tx, &kept).await?;
    let mut change = Change::default();
    model::end_lines(&mut stock, &mut change.lines, &kept, End::Shipped)?;
    write(tx, ctx, Cause::Shipped, owner_id, &stock, change).await
}

/// Puts goods back on hand.
pub(crate) async fn take_back(
    tx: &mut Tx,
    ctx: &Ctx,
    owner_id: Uuid,
    warehouse_id: WarehouseId,
    needs: &[StockNeed],
) -> Result<(), Failure<ReserveCode>> {
    check_needs(needs)?;
    let returned = model::wanted(needs);
    let places: BTreeSet<Place> =
        returned.iter().map(|back| Place { variant_id: back.variant_id, warehouse_id }).collect();
    if places.is_empty() {
        return Ok(());
    }
    store::ensure_levels(tx, ctx, &places).await?;
    let mut stock = Stock::new(store::lock_levels(tx, &places).await?);
    for back in returned {
        let place = Place { variant_id: back.variant_id, warehouse_id };
        stock.shift(place, Amounts::on_hand(back.quantity))?;
    }
    write(tx, ctx, Cause::Returned, owner_id, &stock, Change::default()).await
}

/// Lets due holds go, some at a time, until there are none that nobody else is at.
pub(crate) async fn expire_due(db: &Db, ctx: &Ctx) -> Result<u64, Failure<ReserveCode>> {
    let mut gone = 0;
    loop {
        let swept = retrying(|| sweep(db, ctx)).await?;
        if swept == 0 {
            return Ok(gone);
        }
        gone += swept;
    }
}

async fn sweep(db: &Db, ctx: &Ctx) -> Result<u64, Failure<ReserveCode>> {
    let mut tx = db.begin().await?;
    let due = store::lock_due(&mut tx, ctx, HOLDS_PER_SWEEP).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut stock = lock_stock_of(&mut tx, &due).await?;
    let mut change = Change { reservations: ended(&due, ReservationStatus::Expired), ..Change::default() };
    model::end_lines(&mut stock, &mut change.lines, &due, End::Released)?;
    change.levels = stock.changes();
    let swept = change.reservations.len();
    store::apply(&mut tx, ctx, &change).await?;
    outbox::append(&mut tx, ctx, &events::holds_expired(&due)).await?;
    tx.commit().await?;
    Ok(swept as u64)
}

async fn lock_allocated(tx: &mut Tx, owner_id: Uuid) -> Result<Vec<KeptLine>, Failure<ReserveCode>> {
    let mut lines = store::lock_kept(tx, owner_id).await?;
    lines.retain(|line| line.status == ReservationStatus::Confirmed);
    Ok(lines)
}

async fn lock_stock_of(tx: &mut Tx, lines: &[KeptLine]) -> Result<Stock, Failure<ReserveCode>> {
    let places: BTreeSet<Place> = lines.iter().filter_map(KeptLine::place).collect();
    Ok(Stock::new(store::lock_levels(tx, &places).await?))
}
