//! The arithmetic of stock: what is drawn from where, what is given back. Pure; thousandths throughout.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;
use vectis_contracts::inventory::{ReservationStatus, StockNeed};
use vectis_kernel::Quantity;
use vectis_kernel::ids::{ReservationId, VariantId, WarehouseId};

/// A variant in a warehouse. Its order is the order of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) variant_id: VariantId,
    pub(crate) warehouse_id: WarehouseId,
}

/// What a level holds, or by how much it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) allocated: i64,
}

impl Amounts {
    pub(crate) const ZERO: Self = Self { on_hand: 0, reserved: 0, allocated: 0 };

    pub(crate) fn on_hand(on_hand: i64) -> Self {
        Self { on_hand, ..Self::ZERO }
    }

    pub(crate) fn reserved(reserved: i64) -> Self {
        Self { reserved, ..Self::ZERO }
    }

    pub(crate) fn allocated(allocated: i64) -> Self {
        Self { allocated, ..Self::ZERO }
    }

    /// What can still be promised.
    pub(crate) fn available(self) -> i64 {
        self.on_hand - self.reserved - self.allocated
    }

    /// The sum, if it is a possible level: nothing negative, nothing promised twice.
    fn after(self, delta: Self) -> Option<Self> {
        let sum = Self {
            on_hand: self.on_hand.checked_add(delta.on_hand)?,
            reserved: self.reserved.checked_add(delta.reserved)?,
            allocated: self.allocated.checked_add(delta.allocated)?,
        };
        let promised = sum.reserved.checked_add(sum.allocated)?;
        (sum.reserved >= 0 && sum.allocated >= 0 && sum.on_hand >= promised).then_some(sum)
    }

    fn plus(self, delta: Self) -> Self {
        Self {
            on_hand: self.on_hand + delta.on_hand,
            reserved: self.reserved + delta.reserved,
            allocated: self.allocated + delta.allocated,
        }
    }
}

/// A level, read under its lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) place: Place,
    pub(crate) amounts: Amounts,
    /// Whether its warehouse is active.
    pub(crate) can_be_drawn: bool,
}

/// A line of a live reservation, read under its lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptLine {
    pub(crate) id: Uuid,
    pub(crate) reservation_id: ReservationId,
    pub(crate) owner_id: Uuid,
    pub(crate) status: ReservationStatus,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) variant_id: VariantId,
    /// `None`: backordered.
    pub(crate) warehouse_id: Option<WarehouseId>,
    pub(crate) quantity: i64,
}

impl KeptLine {
    pub(crate) fn place(&self) -> Option<Place> {
        let variant_id = self.variant_id;
        self.warehouse_id.map(|warehouse_id| Place { variant_id, warehouse_id })
    }
}

/// A level would promise more than is on hand, or fall below nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("stock of variant {} in warehouse {} cannot change like this", .0.variant_id, .0.warehouse_id)]
pub(crate) struct Impossible(pub(crate) Place);

/// Locked levels and what has been decided about them so far. No step leaves an impossible level behind.
#[derive(Debug)]
pub(crate) struct Stock {
    levels: BTreeMap<Place, Level>,
    deltas: BTreeMap<Place, Amounts>,
}

impl Stock {
    pub(crate) fn new(levels: Vec<Level>) -> Self {
        let levels = levels.into_iter().map(|level| (level.place, level)).collect();
        Self { levels, deltas: BTreeMap::new() }
    }

    /// Changes a level; a place without one counts as zero.
    pub(crate) fn shift(&mut self, place: Place, delta: Amounts) -> Result<(), Impossible> {
        let level = self.levels.get_mut(&place).ok_or(Impossible(place))?;
        level.amounts = level.amounts.after(delta).ok_or(Impossible(place))?;
        let total = self.deltas.entry(place).or_default();
        *total = total.plus(delta);
        Ok(())
    }

    /// What can be drawn: nothing where there is no level or the warehouse is closed.
    pub(crate) fn available(&self, place: Place) -> i64 {
        let level = self.levels.get(&place).filter(|level| level.can_be_drawn);
        level.map_or(0, |level| level.amounts.available())
    }

    /// The level of a place as it stands now.
    pub(crate) fn amounts(&self, place: Place) -> Amounts {
        self.levels.get(&place).map_or(Amounts::ZERO, |level| level.amounts)
    }

    /// What has changed, net, in lock order.
    pub(crate) fn changes(&self) -> Vec<(Place, Amounts)> {
        let changed = self.deltas.iter().filter(|(_, delta)| **delta != Amounts::ZERO);
        changed.map(|(place, delta)| (*place, *delta)).collect()
    }
}

/// What is wanted of one variant, all needs added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: i64,
}

/// Adds needs up per variant, in the order of their first appearance. A sum beyond all numbers is more than any stock.
pub(crate) fn wanted(needs: &[StockNeed]) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::with_capacity(needs.len());
    let mut position: HashMap<VariantId, usize> = HashMap::with_capacity(needs.len());
    for need in needs {
        let quantity = need.quantity.milli();
        let at = *position.entry(need.variant_id).or_insert(wanted.len());
        match wanted.get_mut(at) {
            Some(known) => known.quantity = known.quantity.saturating_add(quantity),
            None => wanted.push(Wanted { variant_id: need.variant_id, quantity }),
        }
    }
    wanted
}

/// How what is drawn is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Firmness {
    Reserved,
    Allocated,
}

impl Firmness {
    pub(crate) fn amounts(self, quantity: i64) -> Amounts {
        match self {
            Self::Reserved => Amounts::reserved(quantity),
            Self::Allocated => Amounts::allocated(quantity),
        }
    }
}

/// What one variant gets from one warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    pub(crate) variant_id: VariantId,
    /// `None`: there is no more; this much is missing.
    pub(crate) warehouse_id: Option<WarehouseId>,
    pub(crate) quantity: i64,
}

/// Draws what is wanted, warehouse after warehouse in the order given, each to its last unit before the next is asked.
pub(crate) fn draw(
    stock: &mut Stock,
    warehouses: &[WarehouseId],
    wanted: &[Wanted],
    firmness: Firmness,
) -> Result<Vec<Draw>, Impossible> {
    let mut draws = Vec::with_capacity(wanted.len());
    for &Wanted { variant_id, quantity } in wanted {
        let mut rest = quantity;
        for &warehouse_id in warehouses {
            let place = Place { variant_id, warehouse_id };
            let drawn = rest.min(stock.available(place));
            if drawn > 0 {
                stock.shift(place, firmness.amounts(drawn))?;
                draws.push(Draw { variant_id, warehouse_id: Some(warehouse_id), quantity: drawn });
                rest -= drawn;
            }
        }
        if rest > 0 {
            draws.push(Draw { variant_id, warehouse_id: None, quantity: rest });
        }
    }
    Ok(draws)
}

/// A need that cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shortage {
    /// Index of the need.
    pub(crate) need: usize,
    pub(crate) asked: Quantity,
    /// What was left for it.
    pub(crate) available: Quantity,
}

/// Which needs go short when `missing` is what could not be drawn per variant. Needs that cannot wait are served first,
/// in their order; those that allow backorder take what is left and are never short.
pub(crate) fn shortages(needs: &[StockNeed], missing: &[Draw]) -> Vec<Shortage> {
    let mut left: HashMap<VariantId, i64> = missing
        .iter()
        .filter(|draw| draw.warehouse_id.is_none())
        .map(|draw| (draw.variant_id, -draw.quantity))
        .collect();
    for total in wanted(needs) {
        if let Some(left) = left.get_mut(&total.variant_id) {
            *left += total.quantity;
        }
    }
    let mut short = Vec::new();
    for (index, need) in needs.iter().enumerate().filter(|(_, need)| !need.allows_backorder) {
        let Some(left) = left.get_mut(&need.variant_id) else {
            continue;
        };
        let asked = need.quantity.milli();
        if asked > *left {
            short.push(Shortage {
                need: index,
                asked: need.quantity,
                available: Quantity::from_milli(*left),
            });
        }
        *left = (*left - asked).max(0);
    }
    short
}

/// What happens to lines of reservations.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LineChanges {
    /// Gone.
    pub(crate) removed: Vec<Uuid>,
    /// Smaller now: line and its new quantity.
    pub(crate) reduced: Vec<(Uuid, i64)>,
    /// New ones.
    pub(crate) added: Vec<(ReservationId, Draw)>,
}

/// What one unit of a line that goes does to its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Free again.
    Released,
    /// Out of the house.
    Shipped,
}

fn ended(line: &KeptLine, quantity: i64, end: End) -> Amounts {
    let freed = match line.status {
        ReservationStatus::Held => Amounts::reserved(-quantity),
        _ => Amounts::allocated(-quantity),
    };
    match end {
        End::Released => freed,
        End::Shipped => Amounts { on_hand: -quantity, ..freed },
    }
}

/// Ends whole lines.
pub(crate) fn end_lines<'a>(
    stock: &mut Stock,
    lines: &mut LineChanges,
    ending: impl IntoIterator<Item = &'a KeptLine>,
    end: End,
) -> Result<(), Impossible> {
    for line in ending {
        if let Some(place) = line.place() {
            stock.shift(place, ended(line, line.quantity, end))?;
        }
        lines.removed.push(line.id);
    }
    Ok(())
}

/// Gives back up to what is wanted: first what was only backordered, then the last drawn. More than there is, is all.
pub(crate) fn give_back(
    stock: &mut Stock,
    lines: &mut LineChanges,
    kept: &[KeptLine],
    wanted: &[Wanted],
) -> Result<(), Impossible> {
    let mut rest: HashMap<VariantId, i64> =
        wanted.iter().map(|wanted| (wanted.variant_id, wanted.quantity)).collect();
    let backordered = kept.iter().filter(|line| line.warehouse_id.is_none());
    let drawn = kept.iter().rev().filter(|line| line.warehouse_id.is_some());
    for line in backordered.chain(drawn) {
        let Some(rest) = rest.get_mut(&line.variant_id).filter(|rest| **rest > 0) else {
            continue;
        };
        let back = line.quantity.min(*rest);
        *rest -= back;
        if let Some(place) = line.place() {
            stock.shift(place, ended(line, back, End::Released))?;
        }
        lines.shrink(line, line.quantity - back);
    }
    Ok(())
}

/// Turns lines of a hold firm as far as they are wanted and gives the rest of it back. Returns what is still lacking.
pub(crate) fn take_over(
    stock: &mut Stock,
    lines: &mut LineChanges,
    hold: &[KeptLine],
    wanted: Vec<Wanted>,
) -> Result<Vec<Wanted>, Impossible> {
    let mut lacking: HashMap<VariantId, i64> =
        wanted.iter().map(|wanted| (wanted.variant_id, wanted.quantity)).collect();
    for line in hold {
        let Some(place) = line.place() else {
            lines.removed.push(line.id);
            continue;
        };
        let lacking = lacking.entry(line.variant_id).or_default();
        let kept = line.quantity.min(*lacking);
        *lacking -= kept;
        stock.shift(place, Amounts { on_hand: 0, reserved: -line.quantity, allocated: kept })?;
        lines.shrink(line, kept);
    }
    let still = wanted.into_iter().filter_map(|wanted| {
        let quantity = lacking.get(&wanted.variant_id).copied().unwrap_or(0);
        (quantity > 0).then_some(Wanted { quantity, ..wanted })
    });
    Ok(still.collect())
}

impl LineChanges {
    fn shrink(&mut self, line: &KeptLine, kept: i64) {
        if kept == 0 {
            self.removed.push(line.id);
        } else if kept < line.quantity {
            self.reduced.push((line.id, kept));
        }
    }
}
