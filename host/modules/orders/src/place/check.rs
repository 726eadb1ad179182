//! Whether a priced cart may become an order as it is. All bad lines at once. Pure.

use vectis_contracts::orders::PlaceCode;
use vectis_contracts::priced_cart::{PricedCart, quantity_faults};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Failure, Money, Refusal};

use crate::needs::rename_line;
use crate::place::{Gathered, caps};

/// Every refusal that is about a line; then the total, if the caller named one.
pub(super) fn check(gathered: &Gathered, expected_total: Option<Money>) -> Result<(), Failure<PlaceCode>> {
    let priced = &gathered.priced;
    let mut refusals = variant_refusals(priced);
    refusals.extend(quantity_refusals(priced));
    refusals.extend(caps::refusals(&caps::capped(priced), &gathered.used));
    refusals.extend(price_refusals(priced));
    refuse_if_any(refusals)?;
    match expected_total {
        Some(expected) if expected != priced.gross => {
            let message = format!("the total is {}, not {expected}", priced.gross);
            Err(Failure::refused(PlaceCode::TotalChanged, message))
        }
        _ => Ok(()),
    }
}

fn variant_refusals(priced: &PricedCart) -> Vec<Refusal<PlaceCode>> {
    let mut refusals = Vec::new();
    for (index, line) in priced.lines.iter().enumerate() {
        let message = match &line.variant {
            Some(variant) if variant.is_active => continue,
            Some(variant) => format!("{} cannot be bought any more", variant.sku),
            None => "this variant does not exist any more".to_owned(),
        };
        refusals.push(Refusal::at(PlaceCode::UnknownVariant, &format!("lines.{index}"), message));
    }
    refusals
}

fn quantity_refusals(priced: &PricedCart) -> Vec<Refusal<PlaceCode>> {
    let mut indexes = Vec::with_capacity(priced.lines.len());
    let mut known = Vec::with_capacity(priced.lines.len());
    for (index, (line, raw)) in priced.lines.iter().zip(&priced.cart.lines).enumerate() {
        if let Some(variant) = &line.variant {
            indexes.push(index);
            known.push((raw.quantity, &**variant));
        }
    }
    let faults = quantity_faults(&known);
    let named = faults.into_iter().map(|mut fault| {
        rename_line(&mut fault, &indexes);
        Refusal { code: PlaceCode::QuantityRule, field: fault.field, message: fault.message }
    });
    named.collect()
}

fn price_refusals(priced: &PricedCart) -> Vec<Refusal<PlaceCode>> {
    let mut refusals = Vec::new();
    for (index, (line, raw)) in priced.lines.iter().zip(&priced.cart.lines).enumerate() {
        let sku = line.variant.as_ref().map_or("this variant", |variant| &variant.sku);
        let (code, message) = if raw.price_override.is_none() && line.quoted.is_none() {
            (PlaceCode::NoPrice, format!("{sku} has no price in force"))
        } else if line.is_price_changed {
            let (shown, now) = (raw.shown_unit_price.to_decimal(), line.unit_price.to_decimal());
            let message = format!("the price of {sku} was {shown} and is {now} now; accept it first");
            (PlaceCode::PriceChanged, message)
        } else {
            continue;
        };
        refusals.push(Refusal::at(code, &format!("lines.{index}"), message));
    }
    refusals
}
