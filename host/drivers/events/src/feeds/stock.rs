//! Stock as a system outside counts it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde::Deserialize;
use vectis_contracts::Tx;
use vectis_contracts::inventory::{CountedStock, Inventory, StockFeed};
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::products::Products;
use vectis_kernel::Ctx;
use vectis_kernel::ids::WarehouseId;

use super::{Report, TOPIC, failed, latest, quantity, variants};

/// Its name.
pub const CONSUMER: &str = "stock-feed";
const REPORTED: &str = "vectis.inventory.stock_reported.v1";

/// Takes counts in.
pub struct Stock {
    /// Who knows SKUs.
    pub products: Arc<dyn Products>,
    /// Who knows warehouses.
    pub inventory: Arc<dyn Inventory>,
    /// Whose stock follows.
    pub stock: Arc<dyn StockFeed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    source: String,
    sequence: i64,
    warehouse: String,
    sku: String,
    on_hand: Decimal,
}

impl Report for Reported {
    fn source(&self) -> &str {
        &self.source
    }

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn subject(&self) -> [&str; 2] {
        [&self.warehouse, &self.sku]
    }
}

#[async_trait]
impl EventHandler for Stock {
    fn consumer(&self) -> &'static str {
        CONSUMER
    }

    fn topics(&self) -> Vec<&'static str> {
        vec![TOPIC]
    }

    fn event_types(&self) -> Option<Vec<&'static str>> {
        Some(vec![REPORTED])
    }

    async fn handle(&self, tx: &mut Tx, ctx: &Ctx, events: &[IncomingEvent]) -> Result<(), HandleError> {
        let latest: BTreeMap<String, Reported> = latest(tx, CONSUMER, events).await?;
        if latest.is_empty() {
            return Ok(());
        }
        let skus: Vec<String> = latest.values().map(|reported| reported.sku.clone()).collect();
        let variants = variants(&*self.products, ctx, &skus).await?;
        let warehouses = self.warehouses(ctx).await?;
        let mut by_source: BTreeMap<&str, Vec<CountedStock>> = BTreeMap::new();
        for reported in latest.values() {
            let warehouse_id = warehouses.get(&reported.warehouse).copied();
            let warehouse_id = warehouse_id.ok_or_else(|| {
                HandleError::Refused(format!("there is no warehouse {}", reported.warehouse))
            })?;
            let variant_id = variants[&reported.sku].id;
            let counted = CountedStock { warehouse_id, variant_id, on_hand: quantity(reported.on_hand)? };
            by_source.entry(&reported.source).or_default().push(counted);
        }
        for (source, counts) in by_source {
            self.stock.stock_count(tx, ctx, source, &counts).await.map_err(failed)?;
        }
        Ok(())
    }
}

impl Stock {
    async fn warehouses(&self, ctx: &Ctx) -> Result<HashMap<String, WarehouseId>, HandleError> {
        let warehouses = self.inventory.warehouses(ctx).await.map_err(failed)?;
        Ok(warehouses.into_iter().map(|warehouse| (warehouse.code, warehouse.id)).collect())
    }
}
