//! Opening a warehouse, or renaming one.

use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::inventory::StockCode;
use vectis_db::{idempotency, outbox};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::WarehouseId;
use vectis_kernel::{Ctx, Failure, Refusal, is_country_code};

use crate::{Deps, events, store};

/// Whether code, name and country can be used.
pub(crate) fn check(code: &str, name: &str, country: &str) -> Result<(), Failure<StockCode>> {
    let mut refusals = Vec::new();
    let mut refuse = |field: &str, message: String| {
        refusals.push(Refusal::at(StockCode::InvalidInput, field, message));
    };
    let is_code_letter =
        |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'-';
    if code.is_empty() || code.len() > 50 || !code.bytes().all(is_code_letter) {
        let message = format!("{code:?} is no warehouse code: 1 to 50 of A to Z, 0 to 9 and hyphen.");
        refuse("code", message);
    }
    let length = name.chars().count();
    if name.trim().is_empty() || length > 200 || name.chars().any(char::is_control) {
        refuse("name", format!("A name has 1 to 200 characters on one line, this one has {length}."));
    }
    if !is_country_code(country) {
        refuse("country", format!("{country:?} is no ISO 3166 country code."));
    }
    refuse_if_any(refusals)
}

/// One try, in one unit of work.
pub(crate) async fn upsert(
    deps: &Deps,
    ctx: &Ctx,
    code: &str,
    name: &str,
    country: &str,
) -> Result<WarehouseId, Failure<StockCode>> {
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = idempotency::find::<WarehouseId>(&mut tx, ctx).await? {
        return Ok(answer);
    }
    let id = store::upsert_warehouse(&mut tx, ctx, code, name, country).await?;
    let record = AuditRecord {
        action: "warehouse.upsert",
        subject_kind: "warehouse",
        subject_id: id.0,
        account_id: None,
        detail: json!({ "code": code, "name": name, "country": country }),
    };
    deps.audit
        .record(&mut tx, ctx, &[record])
        .await
        .map_err(|failure| failure.map_code(|_| StockCode::Forbidden))?;
    outbox::append(&mut tx, ctx, &[events::warehouse_changed(id, code, name, country)]).await?;
    idempotency::record(&mut tx, ctx, &id).await?;
    tx.commit().await?;
    Ok(id)
}
