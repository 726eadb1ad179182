//! Prices set by staff.

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use vectis_contracts::carts::{CartCode, CartLine, OverridePrice, PriceOverride};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Currency, Failure, Refusal, UnitPrice};

use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::owner::Access;
use crate::plan;
use crate::service::PgCarts;
use crate::update::{named_lines, repeated, unknown_line};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// Sets staff prices, or takes them away.
pub(crate) struct OverridePrices {
    pub(crate) overrides: Vec<OverridePrice>,
}

#[async_trait]
impl Command for OverridePrices {
    fn access(&self) -> Access {
        Access::OverridePrices
    }

    async fn plan(
        &self,
        _carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        let overrides = &self.overrides;
        if overrides.is_empty() {
            return Err(Failure::at(CartCode::InvalidInput, "lines", "there is no price to set"));
        }
        plan::check_call_size(overrides.len())?;
        let cart = &gathered.stored.cart;
        let named = named_lines(&cart.lines, overrides.iter().map(|set| set.line_id));
        let mut refusals = repeated(overrides.iter().map(|set| set.line_id));
        let mut upsert = Vec::with_capacity(overrides.len());
        for (index, (set, line)) in overrides.iter().zip(named).enumerate() {
            match overridden(ctx, index, set, line, cart.currency) {
                Ok(line) => upsert.push(line),
                Err(wrong) => refusals.extend(wrong),
            }
        }
        refuse_if_any(refusals)?;
        Ok(Change {
            detail: json!({ "overrides": overrides.iter().map(audited).collect::<Vec<_>>() }),
            line_ids: upsert.iter().map(|line| line.id).collect(),
            upsert,
            ..Change::of("cart.prices_override")
        })
    }
}

/// The line with its new override, or all that is wrong with it.
fn overridden(
    ctx: &Ctx,
    index: usize,
    set: &OverridePrice,
    line: Option<&CartLine>,
    currency: Currency,
) -> Result<CartLine, Vec<Refusal<CartCode>>> {
    let mut wrong = Vec::new();
    let mut invalid = |field: &str, message: String| {
        wrong.push(Refusal::at(CartCode::InvalidInput, &format!("lines.{index}.{field}"), message));
    };
    let unit_price = match set.unit_price.map(|price| checked_price(price, currency)).transpose() {
        Ok(price) => price,
        Err(message) => {
            invalid("unit_price", message);
            None
        }
    };
    let length = set.reason.trim().chars().count();
    if length == 0 || set.reason.chars().count() > MAX_REASON || set.reason.contains('\0') {
        invalid("reason", format!("a reason of 1 to {MAX_REASON} characters is needed"));
    }
    match line {
        Some(line) if wrong.is_empty() => Ok(CartLine {
            price_override: unit_price.map(|unit_price| PriceOverride {
                unit_price,
                reason: set.reason.clone(),
                by: ctx.login_id(),
            }),
            ..line.clone()
        }),
        Some(_) => Err(wrong),
        None => {
            wrong.push(unknown_line(index));
            Err(wrong)
        }
    }
}

fn checked_price(price: Decimal, currency: Currency) -> Result<UnitPrice, String> {
    if price.is_sign_negative() && !price.is_zero() {
        return Err(format!("{price} is negative"));
    }
    UnitPrice::from_decimal(price, currency).map_err(|error| error.to_string())
}

fn audited(set: &OverridePrice) -> Value {
    json!({
        "lineId": set.line_id,
        "unitPrice": set.unit_price.map(|price| price.to_string()),
        "reason": set.reason,
    })
}
