//! Stock found, lost or damaged, adjusted by staff.

use serde_json::{Value, json};
use vectis_kernel::{Currency, Money};

use crate::client::Call;
use crate::documents::Document;
use crate::import::ADJUST_STOCK;

use super::Replay;
use super::outcome::{Outcome, Sent};

/// Adjusts the stock. No money moves.
pub(crate) async fn send(replay: &Replay, document: &Document, rows: &[usize]) -> Outcome {
    let adjustment = |row: &usize| {
        let row = replay.row(*row);
        json!({
            "warehouseId": replay.warehouse_id,
            "sku": row.sku.as_str(),
            "delta": row.quantity.to_string(),
            "reason": row.description.as_deref().unwrap_or("stock adjustment"),
        })
    };
    let adjustments: Vec<Value> = rows.iter().map(adjustment).collect();
    let input = json!({ "adjustments": adjustments, "idempotencyKey": replay.key(document, "stock") });
    let adjusted = replay.desk.command::<Value>(&Call::new(ADJUST_STOCK, json!({ "input": input }))).await;
    match adjusted {
        Ok(_) => Ok(Sent {
            rows: rows.iter().map(|row| (*row, Ok(Money::zero(Currency::GBP)))).collect(),
            ..Sent::default()
        }),
        Err(error) => Sent::refused(rows.iter().copied(), "adjusting stock", error),
    }
}
