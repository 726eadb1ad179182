//! Creating a list, or replacing the settings of the one with its name.

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::pricing::{PriceCode, UpsertPriceList};
use vectis_db::idempotency;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::PriceListId;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::service::{Outcome, PgPricing, check_count};
use crate::{events, model, store};

pub(crate) fn check(list: &UpsertPriceList) -> Outcome<()> {
    check_count("audience", list.audience.len())?;
    let mut refusals = Vec::new();
    let name = &list.name;
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        let message = format!("{name:?} must be a name of 1 to 200 characters without control characters");
        refusals.push(Refusal::at(PriceCode::InvalidInput, "name", message));
    }
    if let Some(message) = model::period_fault(list.valid_from, list.valid_to) {
        refusals.push(Refusal::at(PriceCode::InvalidInput, "validTo", message));
    }
    refuse_if_any(refusals)
}

pub(crate) async fn once(room: &PgPricing, ctx: &Ctx, list: &UpsertPriceList) -> Outcome<PriceListId> {
    let mut tx = room.db.begin().await?;
    if let Some(id) = idempotency::find(&mut tx, ctx).await? {
        return Ok(id);
    }
    store::price_list::lock_by_name(&mut tx, &list.name).await?;
    let Some((id, version)) = store::price_list::upsert(&mut tx, ctx, list).await? else {
        let message = format!("the list {:?} has prices and keeps its currency", list.name);
        return Err(Failure::at(PriceCode::CurrencyFixed, "currency", message));
    };
    store::price_list::delete_audience(&mut tx, id).await?;
    store::price_list::insert_audience(&mut tx, id, &list.audience).await?;
    let record = AuditRecord {
        action: "price_list.upsert",
        subject_kind: "price_list",
        subject_id: id.0,
        account_id: None,
        detail: json!({
            "name": list.name, "currency": list.currency, "priority": list.priority,
            "validFrom": list.valid_from, "validTo": list.valid_to,
            "audiences": list.audience.len(), "version": version,
        }),
    };
    let event = events::price_list_changed(id, version, list);
    room.finish(tx, ctx, (&[record], &[event]), &id).await?;
    Ok(id)
}
