//! Adding exchange rates.

use std::collections::HashSet;

use rust_decimal::Decimal;
use serde_json::json;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::pricing::{ExchangeRate, PriceCode};
use vectis_db::idempotency;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::service::{Done, Outcome, PgPricing};
use crate::{events, store};

/// Most rates in one call.
const MAX_RATES: usize = 1_000;
/// Most decimal places of a rate.
const RATE_SCALE: u32 = 8;
/// Rates are below this, so that they fit 18 digits.
const RATE_LIMIT: i64 = 10_000_000_000;

/// All that is wrong with the rates, at once.
pub(crate) fn check(rates: &[ExchangeRate]) -> Outcome<()> {
    if rates.len() > MAX_RATES {
        let message = format!("{} rates are more than {MAX_RATES} in one call", rates.len());
        return Err(Failure::at(PriceCode::TooMany, "rates", message));
    }
    let mut refusals = Vec::new();
    let mut seen = HashSet::with_capacity(rates.len());
    for (index, rate) in rates.iter().enumerate() {
        let mut refuse = |code, field: &str, message: String| {
            refusals.push(Refusal::at(code, &format!("rates.{index}.{field}"), message));
        };
        if rate.base == rate.target {
            let message = format!("{} is worth itself; name two currencies", rate.base);
            refuse(PriceCode::InvalidInput, "target", message);
        }
        if !is_storable(rate.rate) {
            let message = format!(
                "the rate {} must be above 0, below {RATE_LIMIT}, with up to {RATE_SCALE} places",
                rate.rate
            );
            refuse(PriceCode::InvalidInput, "rate", message);
        }
        // Stored to the microsecond, so compared to the microsecond.
        if !seen.insert((rate.base, rate.target, rate.effective_from.timestamp_micros())) {
            let message = format!("{} to {} stands twice at the same instant", rate.base, rate.target);
            refuse(PriceCode::Duplicate, "effectiveFrom", message);
        }
    }
    refuse_if_any(refusals)
}

fn is_storable(rate: Decimal) -> bool {
    rate > Decimal::ZERO && rate < Decimal::from(RATE_LIMIT) && rate.normalize().scale() <= RATE_SCALE
}

pub(crate) async fn once(room: &PgPricing, ctx: &Ctx, rates: &[ExchangeRate]) -> Outcome<()> {
    let mut tx = room.db.begin().await?;
    if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
        return Ok(());
    }
    let written = store::exchange_rate::upsert(&mut tx, ctx, rates).await?;
    let records: Vec<AuditRecord> = written
        .iter()
        .map(|(id, rate)| AuditRecord {
            action: "exchange_rate.set",
            subject_kind: "exchange_rate",
            subject_id: *id,
            account_id: None,
            detail: json!({
                "base": rate.base, "target": rate.target, "rate": rate.rate, "effectiveFrom": rate.effective_from,
            }),
        })
        .collect();
    let events: Vec<_> = written.iter().map(|(id, rate)| events::exchange_rate_set(*id, rate)).collect();
    room.finish(tx, ctx, (&records, &events), &Done {}).await
}
