//! Replacing all tiers of variants in a list.

use std::collections::HashSet;

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::pricing::{PriceCode, PriceFeed, SetPriceEntry};
use vectis_db::idempotency;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::PriceListId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Event, Failure, Quantity, Refusal};

use crate::service::{Done, Outcome, PgPricing, check_count, list_not_found, require};
use crate::{events, model, store};

/// Most tiers of one variant.
const MAX_TIERS: usize = 50;
/// Most tiers in one call.
const MAX_TIERS_A_CALL: usize = 50_000;

/// Checked entries, in columns.
pub(crate) struct Entries {
    /// Every variant whose tiers are replaced, those left without any too.
    variant_ids: Vec<Uuid>,
    tiers: Tiers,
}

/// The tiers to be, one element per tier in each column.
#[derive(Default)]
pub(crate) struct Tiers {
    pub(crate) variant_ids: Vec<Uuid>,
    pub(crate) min_quantities_milli: Vec<i64>,
    pub(crate) unit_prices: Vec<Decimal>,
}

/// All that is wrong with the entries, at once.
pub(crate) fn checked(entries: &[SetPriceEntry]) -> Outcome<Entries> {
    check_count("entries", entries.len())?;
    let count: usize = entries.iter().map(|entry| entry.tiers.len()).sum();
    if count > MAX_TIERS_A_CALL {
        let message = format!("{count} tiers are more than {MAX_TIERS_A_CALL} in one call");
        return Err(Failure::at(PriceCode::TooMany, "entries", message));
    }
    let mut refusals = Vec::new();
    let mut variants = HashSet::with_capacity(entries.len());
    let mut tiers = Tiers::default();
    for (index, entry) in entries.iter().enumerate() {
        if !variants.insert(entry.variant_id) {
            let message = format!("variant {} stands twice", entry.variant_id);
            refusals.push(Refusal::at(PriceCode::Duplicate, &format!("entries.{index}.variantId"), message));
        }
        refusals.extend(tier_refusals(index, entry));
        for (min_quantity, unit_price) in &entry.tiers {
            tiers.variant_ids.push(entry.variant_id.0);
            tiers.min_quantities_milli.push(min_quantity.milli());
            tiers.unit_prices.push(*unit_price);
        }
    }
    refuse_if_any(refusals)?;
    Ok(Entries { variant_ids: entries.iter().map(|entry| entry.variant_id.0).collect(), tiers })
}

fn tier_refusals(index: usize, entry: &SetPriceEntry) -> Vec<Refusal<PriceCode>> {
    let field = format!("entries.{index}.tiers");
    if entry.tiers.len() > MAX_TIERS {
        let message = format!("{} tiers are more than {MAX_TIERS}", entry.tiers.len());
        return vec![Refusal::at(PriceCode::InvalidInput, &field, message)];
    }
    let mut refusals = Vec::new();
    let mut seen: HashSet<Quantity> = HashSet::with_capacity(entry.tiers.len());
    for (tier, (min_quantity, unit_price)) in entry.tiers.iter().enumerate() {
        let quantity_field = format!("{field}.{tier}.minQuantity");
        if *min_quantity < Quantity::ZERO {
            let message = format!("the minimum quantity {min_quantity} is negative");
            refusals.push(Refusal::at(PriceCode::InvalidInput, &quantity_field, message));
        }
        if !seen.insert(*min_quantity) {
            let message = format!("the minimum quantity {min_quantity} stands twice");
            refusals.push(Refusal::at(PriceCode::Duplicate, &quantity_field, message));
        }
        if let Some(message) = model::price_fault(*unit_price) {
            let price_field = format!("{field}.{tier}.unitPrice");
            refusals.push(Refusal::at(PriceCode::InvalidPrice, &price_field, message));
        }
    }
    refusals
}

pub(crate) async fn once(room: &PgPricing, ctx: &Ctx, list: PriceListId, entries: &Entries) -> Outcome<()> {
    let mut tx = room.db.begin().await?;
    if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
        return Ok(());
    }
    let (record, event) = write(&mut tx, ctx, list, entries).await?;
    room.finish(tx, ctx, (&[record], &[event]), &Done {}).await
}

/// Prices as another system tells them, in the unit of work of whoever listens.
#[async_trait]
impl PriceFeed for PgPricing {
    async fn price_entries_take(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        list: &str,
        entries: &[SetPriceEntry],
    ) -> Outcome<()> {
        require(ctx, &staff::PRICES_WRITE)?;
        let entries = checked(entries)?;
        let id = store::price_list::find_by_name(tx, list).await?.ok_or_else(|| {
            let message = format!("there is no price list {list:?}");
            Failure::at(PriceCode::PriceListNotFound, "priceList", message)
        })?;
        let (record, event) = write(tx, ctx, id, &entries).await?;
        self.tell(tx, ctx, (&[record], &[event])).await
    }
}

async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    list: PriceListId,
    entries: &Entries,
) -> Outcome<(AuditRecord, Event)> {
    // Invariant: who writes prices of a list holds its row, so writers of one list queue.
    let touched = store::price_list::touch(tx, ctx, list).await?;
    let (version, currency) = touched.ok_or_else(|| list_not_found(list))?;
    store::price_tier::delete(tx, list, &entries.variant_ids).await?;
    store::price_tier::insert(tx, ctx, list, &entries.tiers).await?;
    let record = AuditRecord {
        action: "price_entries.set",
        subject_kind: "price_list",
        subject_id: list.0,
        account_id: None,
        detail: json!({
            "version": version, "tiers": entries.tiers.variant_ids.len(), "variantIds": entries.variant_ids,
        }),
    };
    let event = events::price_entries_changed(list, (version, currency), &entries.variant_ids);
    Ok((record, event))
}
