//! The facts this module tells.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::{Event, Quantity};

use crate::model::{Amounts, KeptLine, Place};
use crate::store::MovementKind;

const STOCK_CHANGED: &str = "vectis.inventory.stock_changed.v1";
const WAREHOUSE_CHANGED: &str = "vectis.inventory.warehouse_changed.v1";

/// Most changes in one event, so that no message outgrows a broker.
const CHANGES_PER_EVENT: usize = 1000;

/// What a cart or an order did to stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Held,
    Allocated,
    Released,
    Expired,
    Shipped,
    Returned,
}

impl Cause {
    fn key(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Allocated => "allocated",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Shipped => "shipped",
            Self::Returned => "returned",
        }
    }

    /// How the ledger calls it. Holds come and go without a ledger line.
    pub(crate) fn movement(self) -> Option<MovementKind> {
        match self {
            Self::Held | Self::Expired => None,
            Self::Allocated => Some(MovementKind::Allocated),
            Self::Released => Some(MovementKind::Released),
            Self::Shipped => Some(MovementKind::Shipped),
            Self::Returned => Some(MovementKind::Returned),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StockChanged {
    cause: &'static str,
    owner_id: Option<Uuid>,
    changes: Vec<LevelChange>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LevelChange {
    variant_id: VariantId,
    warehouse_id: WarehouseId,
    on_hand_delta: String,
    reserved_delta: String,
    allocated_delta: String,
}

impl From<&(Place, Amounts)> for LevelChange {
    fn from((place, delta): &(Place, Amounts)) -> Self {
        let text = |milli| Quantity::from_milli(milli).to_string();
        Self {
            variant_id: place.variant_id,
            warehouse_id: place.warehouse_id,
            on_hand_delta: text(delta.on_hand),
            reserved_delta: text(delta.reserved),
            allocated_delta: text(delta.allocated),
        }
    }
}

/// What an owner's command did, at most [`CHANGES_PER_EVENT`] changes an event.
pub(crate) fn owner_changed_stock(cause: Cause, owner_id: Uuid, levels: &[(Place, Amounts)]) -> Vec<Event> {
    let chunks = levels.chunks(CHANGES_PER_EVENT).map(|chunk| {
        let changed = StockChanged {
            cause: cause.key(),
            owner_id: Some(owner_id),
            changes: chunk.iter().map(LevelChange::from).collect(),
        };
        Event::new(STOCK_CHANGED, "stock_owner", owner_id, changed)
    });
    chunks.collect()
}

/// Holds ran out: events as [`owner_changed_stock`] makes them, for each of their owners.
pub(crate) fn holds_expired(lines: &[KeptLine]) -> Vec<Event> {
    let mut by_owner: BTreeMap<Uuid, BTreeMap<Place, Amounts>> = BTreeMap::new();
    for line in lines {
        if let Some(place) = line.place() {
            by_owner.entry(line.owner_id).or_default().entry(place).or_default().reserved -= line.quantity;
        }
    }
    let events = by_owner.into_iter().flat_map(|(owner_id, levels)| {
        let levels: Vec<(Place, Amounts)> = levels.into_iter().collect();
        owner_changed_stock(Cause::Expired, owner_id, &levels)
    });
    events.collect()
}

/// What an adjustment did: one event per variant.
pub(crate) fn stock_adjusted(levels: &[(Place, Amounts)]) -> Vec<Event> {
    let mut by_variant: BTreeMap<VariantId, Vec<LevelChange>> = BTreeMap::new();
    for level in levels {
        by_variant.entry(level.0.variant_id).or_default().push(level.into());
    }
    let events = by_variant.into_iter().map(|(variant_id, changes)| {
        let changed = StockChanged { cause: "adjusted", owner_id: None, changes };
        Event::new(STOCK_CHANGED, "variant", variant_id.0, changed)
    });
    events.collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WarehouseChanged<'a> {
    warehouse_id: WarehouseId,
    code: &'a str,
    name: &'a str,
    country: &'a str,
}

/// A warehouse was created or renamed.
pub(crate) fn warehouse_changed(warehouse_id: WarehouseId, code: &str, name: &str, country: &str) -> Event {
    let changed = WarehouseChanged { warehouse_id, code, name, country };
    Event::new(WAREHOUSE_CHANGED, "warehouse", warehouse_id.0, changed)
}
