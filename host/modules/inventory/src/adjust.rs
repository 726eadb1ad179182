//! Stock counted, found, lost: on hand changes by hand, with a reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::inventory::{AdjustStock, StockCode};
use vectis_db::{Tx, idempotency, outbox};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::WarehouseId;
use vectis_kernel::{Ctx, Failure, Quantity, Refusal};

use crate::Deps;
use crate::events;
use crate::model::{Amounts, Place, Stock};
use crate::store::{self, Change, Movement, MovementKind};

/// Most adjustments in one call.
pub(crate) const MAX_ADJUSTMENTS: usize = 10_000;
/// Furthest one adjustment may go, in thousandths: a thousand million units.
pub(crate) const MAX_DELTA: i64 = 1_000_000_000_000;
const MAX_REASON: usize = 500;

/// What can be seen without looking at the stock.
pub(crate) fn check(adjustments: &[AdjustStock]) -> Result<(), Failure<StockCode>> {
    if adjustments.len() > MAX_ADJUSTMENTS {
        let message =
            format!("{} adjustments in one call; at most {MAX_ADJUSTMENTS} are taken.", adjustments.len());
        return Err(Failure::at(StockCode::TooMany, "adjustments", message));
    }
    let mut refusals = Vec::new();
    for (index, adjustment) in adjustments.iter().enumerate() {
        let mut refuse = |field: &str, message: String| {
            let field = format!("adjustments.{index}.{field}");
            refusals.push(Refusal::at(StockCode::InvalidInput, &field, message));
        };
        let delta = adjustment.delta;
        if delta == Quantity::ZERO {
            refuse("delta", "An adjustment by 0 changes nothing.".to_owned());
        } else if delta.milli().unsigned_abs() > MAX_DELTA.unsigned_abs() {
            let most = Quantity::from_milli(MAX_DELTA);
            refuse("delta", format!("{delta} is out of range: at most {most} either way."));
        }
        let length = adjustment.reason.chars().count();
        if adjustment.reason.trim().is_empty() || length > MAX_REASON {
            refuse("reason", format!("A reason has 1 to {MAX_REASON} characters, this one has {length}."));
        } else if adjustment.reason.chars().any(char::is_control) {
            refuse("reason", "The reason contains a control character.".to_owned());
        }
    }
    refuse_if_any(refusals)
}

/// One try, in one unit of work.
pub(crate) async fn adjust(
    deps: &Deps,
    ctx: &Ctx,
    adjustments: &[AdjustStock],
) -> Result<(), Failure<StockCode>> {
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = idempotency::find::<()>(&mut tx, ctx).await? {
        return Ok(answer);
    }
    refuse_unknown_warehouses(&mut tx, adjustments).await?;
    let sums = sums(adjustments);
    let places: BTreeSet<Place> = sums.keys().copied().collect();
    store::ensure_levels(&mut tx, ctx, &places).await?;
    let mut stock = Stock::new(store::lock_levels(&mut tx, &places).await?);
    decide(&mut stock, &sums, adjustments)?;

    let change = Change {
        levels: stock.changes(),
        movements: adjustments.iter().map(movement).collect(),
        ..Change::default()
    };
    store::apply(&mut tx, ctx, &change).await?;
    let records = audit_records(adjustments);
    deps.audit
        .record(&mut tx, ctx, &records)
        .await
        .map_err(|failure| failure.map_code(|_| StockCode::Forbidden))?;
    outbox::append(&mut tx, ctx, &events::stock_adjusted(&change.levels)).await?;
    idempotency::record(&mut tx, ctx, &()).await?;
    tx.commit().await?;
    Ok(())
}

fn place(adjustment: &AdjustStock) -> Place {
    Place { variant_id: adjustment.variant_id, warehouse_id: adjustment.warehouse_id }
}

/// Adjustments of one place added up; `check` keeps them far from overflow.
fn sums(adjustments: &[AdjustStock]) -> BTreeMap<Place, i64> {
    let mut sums = BTreeMap::new();
    for adjustment in adjustments {
        *sums.entry(place(adjustment)).or_default() += adjustment.delta.milli();
    }
    sums
}

async fn refuse_unknown_warehouses(
    tx: &mut Tx,
    adjustments: &[AdjustStock],
) -> Result<(), Failure<StockCode>> {
    let named: BTreeSet<WarehouseId> = adjustments.iter().map(|adjustment| adjustment.warehouse_id).collect();
    let existing: HashSet<WarehouseId> = store::existing_warehouses(tx, &named).await?;
    let unknown = adjustments.iter().enumerate().filter(|(_, a)| !existing.contains(&a.warehouse_id));
    let refusals = unknown.map(|(index, adjustment)| {
        let field = format!("adjustments.{index}.warehouseId");
        let message = format!("There is no warehouse {}.", adjustment.warehouse_id);
        Refusal::at(StockCode::WarehouseNotFound, &field, message)
    });
    refuse_if_any(refusals.collect())
}

/// Changes every level by its sum; a place that would promise more than it has refuses each line that takes from it.
fn decide(
    stock: &mut Stock,
    sums: &BTreeMap<Place, i64>,
    adjustments: &[AdjustStock],
) -> Result<(), Failure<StockCode>> {
    let mut oversold: BTreeMap<Place, Amounts> = BTreeMap::new();
    for (&place, &sum) in sums {
        if stock.shift(place, Amounts::on_hand(sum)).is_err() {
            oversold.insert(place, stock.amounts(place));
        }
    }
    let lines = adjustments.iter().enumerate().filter(|(_, adjustment)| !adjustment.delta.is_positive());
    let refusals = lines.filter_map(|(index, adjustment)| {
        let amounts = oversold.get(&place(adjustment))?;
        let message = format!(
            "{} cannot be taken away: {} on hand, {} of it promised.",
            Quantity::from_milli(-adjustment.delta.milli()),
            Quantity::from_milli(amounts.on_hand),
            Quantity::from_milli(amounts.on_hand - amounts.available()),
        );
        Some(Refusal::at(StockCode::WouldOversell, &format!("adjustments.{index}.delta"), message))
    });
    refuse_if_any(refusals.collect())
}

fn movement(adjustment: &AdjustStock) -> Movement {
    Movement {
        place: place(adjustment),
        kind: MovementKind::Adjusted,
        on_hand: adjustment.delta.milli(),
        allocated: 0,
        reason: adjustment.reason.clone(),
    }
}

/// One per warehouse; the ledger has the lines.
fn audit_records(adjustments: &[AdjustStock]) -> Vec<AuditRecord> {
    let mut lines: BTreeMap<WarehouseId, usize> = BTreeMap::new();
    for adjustment in adjustments {
        *lines.entry(adjustment.warehouse_id).or_default() += 1;
    }
    let records = lines.into_iter().map(|(warehouse_id, lines)| AuditRecord {
        action: "stock.adjust",
        subject_kind: "warehouse",
        subject_id: warehouse_id.0,
        account_id: None,
        detail: json!({ "lines": lines }),
    });
    records.collect()
}
