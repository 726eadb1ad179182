//! The stock to start with.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::client::Call;
use crate::desk::Desk;
use crate::progress::bar;
use crate::source::Source;

pub(crate) const ADJUST: &str = "mutation Stock($input: StockAdjustInput!) { stockAdjust(input: $input) { \
    isDone userErrors { code field message } } }";

/// Articles counted in one call.
const ARTICLES_A_CALL: usize = 5_000;

/// Counts the opening stock in, once per file; how many articles have any.
pub(super) async fn count_in(desk: &Desk, source: &Source, warehouse_id: &str) -> anyhow::Result<usize> {
    let stock: Vec<Value> = source
        .plan
        .opening_stock
        .iter()
        .filter(|(_, pieces)| **pieces > 0)
        .map(|(sku, pieces)| {
            json!({
                "warehouseId": warehouse_id,
                "sku": sku.as_str(),
                "delta": pieces.to_string(),
                "reason": "opening stock",
            })
        })
        .collect();
    let progress = bar(stock.len(), "opening stock");
    for (index, batch) in stock.chunks(ARTICLES_A_CALL).enumerate() {
        let key = source.key(&format!("opening-stock:{index}"));
        let call = Call::new(ADJUST, json!({ "input": { "adjustments": batch, "idempotencyKey": key } }));
        desk.command::<Value>(&call).await.context("the opening stock cannot be counted in")?;
        progress.inc(batch.len() as u64);
    }
    progress.finish();
    Ok(stock.len())
}
