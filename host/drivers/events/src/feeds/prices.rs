//! Prices as a system outside makes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde::Deserialize;
use vectis_contracts::Tx;
use vectis_contracts::ports::event_handler::{EventHandler, HandleError, IncomingEvent};
use vectis_contracts::pricing::{PriceFeed, SetPriceEntry};
use vectis_contracts::products::Products;
use vectis_kernel::Ctx;

use super::{Report, TOPIC, failed, latest, quantity, variants};

/// Its name.
pub const CONSUMER: &str = "price-feed";
const REPORTED: &str = "vectis.inventory.price_reported.v1";

/// Takes prices in.
pub struct Prices {
    /// Who knows SKUs.
    pub products: Arc<dyn Products>,
    /// Whose prices follow.
    pub prices: Arc<dyn PriceFeed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    source: String,
    sequence: i64,
    price_list: String,
    sku: String,
    tiers: Vec<Tier>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tier {
    min_quantity: Decimal,
    unit_price: Decimal,
}

impl Report for Reported {
    fn source(&self) -> &str {
        &self.source
    }

    fn sequence(&self) -> i64 {
        self.sequence
    }

    fn subject(&self) -> [&str; 2] {
        [&self.price_list, &self.sku]
    }
}

#[async_trait]
impl EventHandler for Prices {
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
        // Lists in the order of their names: two consumers lock them in the same order.
        let mut by_list: BTreeMap<String, Vec<SetPriceEntry>> = BTreeMap::new();
        for reported in latest.into_values() {
            let tiers = reported.tiers.iter().map(|tier| Ok((quantity(tier.min_quantity)?, tier.unit_price)));
            let tiers = tiers.collect::<Result<_, HandleError>>()?;
            let entry = SetPriceEntry { variant_id: variants[&reported.sku].id, tiers };
            by_list.entry(reported.price_list).or_default().push(entry);
        }
        for (list, entries) in &by_list {
            self.prices.price_entries_take(tx, ctx, list, entries).await.map_err(failed)?;
        }
        Ok(())
    }
}
