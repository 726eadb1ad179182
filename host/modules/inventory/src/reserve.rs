//! Stock for carts (held, for a while) and orders (allocated, for good): lock, decide, write, tell.

use std::collections::BTreeSet;

use uuid::Uuid;
use vectis_contracts::inventory::{ReservationStatus, ReserveCode, ReserveStock, StockNeed};
use vectis_db::{Tx, outbox};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::ReservationId;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::events::{self, Cause};
use crate::model::{self, Draw, End, Firmness, KeptLine, Place, Shortage, Stock};
use crate::store::{self, Change, Movement, ReservationChange};

/// Most needs in one call.
const MAX_NEEDS: usize = 10_000;

/// Holds stock for a cart in place of what it held before.
pub(crate) async fn hold(
    tx: &mut Tx,
    ctx: &Ctx,
    owner_id: Uuid,
    request: &ReserveStock,
) -> Result<ReservationId, Failure<ReserveCode>> {
    check_needs(&request.needs)?;
    let expires_at = request.expires_at.ok_or_else(|| Failure::internal("a hold needs an end"))?;
    if let Some(owner_id) = request.held_by {
        store::lock_owner(tx, owner_id).await?;
    }
    let (before, mut stock) = lock(tx, request).await?;

    let mut change = Change::default();
    model::end_lines(&mut stock, &mut change.lines, &before, End::Released)?;
    change.reservations = ended(&before, ReservationStatus::Released);
    let wanted = model::wanted(&request.needs);
    let draws = model::draw(&mut stock, &request.warehouse_ids, &wanted, Firmness::Reserved)?;
    refuse_short(&request.needs, &draws)?;

    let id = ctx.new_id();
    // A hold of nothing is over at once: no line would ever bring it to the sweep of due holds.
    let is_empty = draws.is_empty();
    change.reservations.push(ReservationChange {
        id,
        owner_id,
        status: if is_empty { ReservationStatus::Released } else { ReservationStatus::Held },
        expires_at: (!is_empty).then_some(expires_at),
    });
    change.lines.added = draws.into_iter().map(|draw| (id, draw)).collect();
    write(tx, ctx, Cause::Held, owner_id, &stock, change).await?;
    Ok(id)
}

/// Allocates stock to an order, out of a cart's hold first.
pub(crate) async fn allocate(
    tx: &mut Tx,
    ctx: &Ctx,
    owner_id: Uuid,
    request: &ReserveStock,
) -> Result<ReservationId, Failure<ReserveCode>> {
    check_needs(&request.needs)?;
    let (hold, mut stock) = lock(tx, request).await?;

    let mut change = Change::default();
    let mut lacking = model::wanted(&request.needs);
    let live_hold = hold.first().filter(|line| line.expires_at.is_some_and(|at| at > ctx.now()));
    let id = if let Some(line) = live_hold {
        lacking = model::take_over(&mut stock, &mut change.lines, &hold, lacking)?;
        line.reservation_id
    } else {
        model::end_lines(&mut stock, &mut change.lines, &hold, End::Released)?;
        change.reservations = ended(&hold, ReservationStatus::Expired);
        ctx.new_id()
    };
    let draws = model::draw(&mut stock, &request.warehouse_ids, &lacking, Firmness::Allocated)?;
    refuse_short(&request.needs, &draws)?;

    change.reservations.push(ReservationChange {
        id,
        owner_id,
        status: ReservationStatus::Confirmed,
        expires_at: None,
    });
    change.lines.added = draws.into_iter().map(|draw| (id, draw)).collect();
    write(tx, ctx, Cause::Allocated, owner_id, &stock, change).await?;
    Ok(id)
}

/// Writes what was decided, with its ledger lines and its events.
pub(crate) async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    cause: Cause,
    owner_id: Uuid,
    stock: &Stock,
    mut change: Change,
) -> Result<(), Failure<ReserveCode>> {
    change.levels = stock.changes();
    if let Some(kind) = cause.movement() {
        let moved = change.levels.iter().filter(|(_, delta)| delta.on_hand != 0 || delta.allocated != 0);
        change.movements = moved
            .map(|(place, delta)| Movement {
                place: *place,
                kind,
                on_hand: delta.on_hand,
                allocated: delta.allocated,
                reason: owner_id.to_string(),
            })
            .collect();
    }
    store::apply(tx, ctx, &change).await?;
    outbox::append(tx, ctx, &events::owner_changed_stock(cause, owner_id, &change.levels)).await?;
    Ok(())
}

/// Needs are checked by the caller's use case long before; anything else here is a bug of it.
pub(crate) fn check_needs(needs: &[StockNeed]) -> Result<(), Failure<ReserveCode>> {
    if needs.len() > MAX_NEEDS {
        return Err(Failure::internal(format!(
            "{} needs in one call, {MAX_NEEDS} are the most",
            needs.len()
        )));
    }
    match needs.iter().find(|need| !need.quantity.is_positive()) {
        Some(need) => {
            Err(Failure::internal(format!("a need of {} of variant {}", need.quantity, need.variant_id)))
        }
        None => Ok(()),
    }
}

/// The reservations of these lines, once each, as they end.
pub(crate) fn ended(lines: &[KeptLine], status: ReservationStatus) -> Vec<ReservationChange> {
    let owners: BTreeSet<(ReservationId, Uuid)> =
        lines.iter().map(|line| (line.reservation_id, line.owner_id)).collect();
    let ended =
        owners.into_iter().map(|(id, owner_id)| ReservationChange { id, owner_id, status, expires_at: None });
    ended.collect()
}

/// Locks the hold, then every level that it stands in or that the request may draw from.
async fn lock(tx: &mut Tx, request: &ReserveStock) -> Result<(Vec<KeptLine>, Stock), Failure<ReserveCode>> {
    let mut places = BTreeSet::new();
    for need in &request.needs {
        let variant_id = need.variant_id;
        places.extend(request.warehouse_ids.iter().map(|&warehouse_id| Place { variant_id, warehouse_id }));
    }
    let (hold, levels) = store::lock_hold_and_levels(tx, request.held_by, &places).await?;
    Ok((hold, Stock::new(levels)))
}

fn refuse_short(needs: &[StockNeed], draws: &[Draw]) -> Result<(), Failure<ReserveCode>> {
    let short = model::shortages(needs, draws);
    refuse_if_any(short.into_iter().map(refusal).collect())
}

fn refusal(short: Shortage) -> Refusal<ReserveCode> {
    let Shortage { need, asked, available } = short;
    let message = if available.is_positive() {
        format!("Only {available} of the {asked} asked for are available.")
    } else {
        format!("None of the {asked} asked for are available.")
    };
    Refusal::at(ReserveCode::InsufficientStock, &format!("lines.{need}"), message)
}
