//! Stock as another system counted it: on hand is set, not moved.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::inventory::{CountedStock, StockCode, StockFeed};
use vectis_db::{Tx, outbox};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::WarehouseId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Quantity, Refusal};

use crate::adjust::{MAX_ADJUSTMENTS, MAX_DELTA};
use crate::events;
use crate::model::{Amounts, Place, Stock};
use crate::service::{PgInventory, require};
use crate::store::{self, Change, Movement, MovementKind};

fn place(counted: &CountedStock) -> Place {
    Place { variant_id: counted.variant_id, warehouse_id: counted.warehouse_id }
}

fn check(counts: &[CountedStock]) -> Result<(), Failure<StockCode>> {
    if counts.len() > MAX_ADJUSTMENTS {
        let message = format!("{} counts in one call; at most {MAX_ADJUSTMENTS} are taken.", counts.len());
        return Err(Failure::at(StockCode::TooMany, "counts", message));
    }
    let mut seen = BTreeSet::new();
    let mut refusals = Vec::new();
    for (index, counted) in counts.iter().enumerate() {
        let field = format!("counts.{index}.onHand");
        if counted.on_hand < Quantity::ZERO || counted.on_hand.milli() > MAX_DELTA {
            let message = format!("{} cannot be on hand.", counted.on_hand);
            refusals.push(Refusal::at(StockCode::InvalidInput, &field, message));
        }
        if !seen.insert(place(counted)) {
            let message = "The same variant and warehouse stand twice.".to_owned();
            refusals.push(Refusal::at(StockCode::InvalidInput, &field, message));
        }
    }
    refuse_if_any(refusals)
}

#[async_trait]
impl StockFeed for PgInventory {
    async fn stock_count(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        source: &str,
        counts: &[CountedStock],
    ) -> Result<(), Failure<StockCode>> {
        require(ctx, &staff::STOCK_WRITE)?;
        check(counts)?;
        let places: BTreeSet<Place> = counts.iter().map(place).collect();
        store::ensure_levels(tx, ctx, &places).await?;
        let mut stock = Stock::new(store::lock_levels(tx, &places).await?);
        let movements = decide(&mut stock, source, counts)?;
        if movements.is_empty() {
            return Ok(());
        }
        let records = audit_records(source, &movements);
        let change = Change { levels: stock.changes(), movements, ..Change::default() };
        store::apply(tx, ctx, &change).await?;
        let recorded = self.deps.audit.record(tx, ctx, &records).await;
        recorded.map_err(|failure| failure.map_code(|_| StockCode::Forbidden))?;
        outbox::append(tx, ctx, &events::stock_adjusted(&change.levels)).await?;
        Ok(())
    }
}

/// Shifts every level to what was counted; those that are there already stay untouched.
fn decide(
    stock: &mut Stock,
    source: &str,
    counts: &[CountedStock],
) -> Result<Vec<Movement>, Failure<StockCode>> {
    let mut movements = Vec::new();
    let mut refusals = Vec::new();
    for (index, counted) in counts.iter().enumerate() {
        let place = place(counted);
        let amounts = stock.amounts(place);
        let delta = counted.on_hand.milli() - amounts.on_hand;
        if delta == 0 {
            continue;
        }
        if stock.shift(place, Amounts::on_hand(delta)).is_err() {
            let promised = Quantity::from_milli(amounts.on_hand - amounts.available());
            let message = format!("{} were counted, but {promised} are promised.", counted.on_hand);
            let field = format!("counts.{index}.onHand");
            refusals.push(Refusal::at(StockCode::WouldOversell, &field, message));
            continue;
        }
        movements.push(Movement {
            place,
            kind: MovementKind::Adjusted,
            on_hand: delta,
            allocated: 0,
            reason: format!("counted by {source}"),
        });
    }
    refuse_if_any(refusals)?;
    Ok(movements)
}

/// One per warehouse; the ledger has the lines.
fn audit_records(source: &str, movements: &[Movement]) -> Vec<AuditRecord> {
    let mut lines: BTreeMap<WarehouseId, usize> = BTreeMap::new();
    for movement in movements {
        *lines.entry(movement.place.warehouse_id).or_default() += 1;
    }
    let records = lines.into_iter().map(|(warehouse_id, lines)| AuditRecord {
        action: "stock.count",
        subject_kind: "warehouse",
        subject_id: warehouse_id.0,
        account_id: None,
        detail: json!({ "lines": lines, "source": source }),
    });
    records.collect()
}
