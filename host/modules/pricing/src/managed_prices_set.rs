//! Setting prices by hand, and taking them away.

use std::collections::{BTreeMap, HashSet};

use rust_decimal::Decimal;
use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::pricing::{PriceCode, SetManagedPrice};
use vectis_db::idempotency;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Ctx, Refusal};

use crate::service::{Done, Outcome, PgPricing, check_count};
use crate::{events, model, store};

/// All that is wrong with the prices, at once.
pub(crate) fn check(prices: &[SetManagedPrice]) -> Outcome<()> {
    check_count("prices", prices.len())?;
    let mut refusals = Vec::new();
    let mut seen = HashSet::with_capacity(prices.len());
    for (index, price) in prices.iter().enumerate() {
        let mut refuse = |code, field: &str, message: String| {
            refusals.push(Refusal::at(code, &format!("prices.{index}.{field}"), message));
        };
        if !seen.insert((price.variant_id, price.channel_id, price.currency)) {
            let message = format!("variant {} stands twice for the same channel", price.variant_id);
            refuse(PriceCode::Duplicate, "variantId", message);
        }
        if let Some(unit_price) = price.unit_price {
            if unit_price.currency != price.currency {
                let message = format!("the price is in {}, not in {}", unit_price.currency, price.currency);
                refuse(PriceCode::InvalidInput, "currency", message);
            }
            if let Some(message) = model::price_fault(unit_price.to_decimal()) {
                refuse(PriceCode::InvalidPrice, "unitPrice", message);
            }
        }
        if let Some(message) = model::period_fault(price.valid_from, price.valid_to) {
            refuse(PriceCode::InvalidInput, "validTo", message);
        }
    }
    refuse_if_any(refusals)
}

pub(crate) async fn once(room: &PgPricing, ctx: &Ctx, prices: &[SetManagedPrice]) -> Outcome<()> {
    let mut tx = room.db.begin().await?;
    if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
        return Ok(());
    }
    let gone: Vec<&SetManagedPrice> = prices.iter().filter(|price| price.unit_price.is_none()).collect();
    let set: Vec<(&SetManagedPrice, Decimal)> =
        prices.iter().filter_map(|price| Some((price, price.unit_price?.to_decimal()))).collect();
    store::managed_price::delete(&mut tx, &gone).await?;
    store::managed_price::upsert(&mut tx, ctx, &set).await?;
    let records = records(prices);
    let events = events::managed_prices_changed(prices);
    room.finish(tx, ctx, (&records, &events), &Done {}).await
}

/// One record per variant: a price set by hand is looked up by what it was set on.
fn records(prices: &[SetManagedPrice]) -> Vec<AuditRecord> {
    let mut variants: BTreeMap<VariantId, Vec<serde_json::Value>> = BTreeMap::new();
    for price in prices {
        variants.entry(price.variant_id).or_default().push(json!({
            "channelId": price.channel_id, "currency": price.currency,
            "unitPrice": price.unit_price.map(|unit_price| unit_price.to_decimal()),
            "validFrom": price.valid_from, "validTo": price.valid_to,
        }));
    }
    let records = variants.into_iter().map(|(variant_id, prices)| AuditRecord {
        action: "managed_price.set",
        subject_kind: "variant",
        subject_id: variant_id.0,
        account_id: None,
        detail: json!({ "prices": prices }),
    });
    records.collect()
}
