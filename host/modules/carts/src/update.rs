//! Setting quantities of lines.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::carts::{CartCode, CartLine};
use vectis_contracts::products::Variant;
use vectis_kernel::ids::{CartLineId, VariantId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Quantity, Refusal};

use crate::add::{in_input_order, into_lines};
use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::plan::{self, TouchedLine, in_units};
use crate::service::PgCarts;

/// Sets quantities; of packages where the line has one.
pub(crate) struct UpdateLines {
    pub(crate) quantities: Vec<(CartLineId, Quantity)>,
}

#[async_trait]
impl Command for UpdateLines {
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        if self.quantities.is_empty() {
            return Err(Failure::at(CartCode::InvalidInput, "lines", "there is no line to change"));
        }
        plan::check_call_size(self.quantities.len())?;
        let named = named_lines(&gathered.stored.cart.lines, self.quantities.iter().map(|(id, _)| *id));
        let variant_ids = named.iter().flatten().map(|line| line.variant_id).collect();
        let variants = carts.buyable(ctx, variant_ids).await?;
        let (mut touched, mut refusals) = (Vec::new(), Vec::new());
        for (index, ((_, quantity), line)) in self.quantities.iter().zip(named).enumerate() {
            match set_quantity(ctx, index, line, *quantity, &variants) {
                Ok(line) => touched.push(line),
                Err(refusal) => refusals.push(refusal),
            }
        }
        refusals.extend(repeated(self.quantities.iter().map(|(id, _)| *id)));
        let touched = carts.settle(ctx, gathered, touched, refusals).await?;
        Ok(Change {
            detail: json!({ "lines": self.quantities.len() }),
            line_ids: in_input_order(&touched, self.quantities.len()),
            upsert: into_lines(touched),
            ..Change::of("cart.lines_update")
        })
    }
}

/// The lines with these ids, `None` where there is none.
pub(crate) fn named_lines(
    lines: &[CartLine],
    ids: impl Iterator<Item = CartLineId>,
) -> Vec<Option<&CartLine>> {
    let by_id: HashMap<CartLineId, &CartLine> = lines.iter().map(|line| (line.id, line)).collect();
    ids.map(|id| by_id.get(&id).copied()).collect()
}

/// A refusal for each id that stood in the input before.
pub(crate) fn repeated(ids: impl Iterator<Item = CartLineId>) -> Vec<Refusal<CartCode>> {
    let mut seen = HashSet::new();
    let again = ids.enumerate().filter(|(_, id)| !seen.insert(*id));
    again
        .map(|(index, id)| {
            let field = format!("lines.{index}.line_id");
            Refusal::at(CartCode::InvalidInput, &field, format!("line {id} is named twice"))
        })
        .collect()
}

/// The refusal for a line that is not in the cart.
pub(crate) fn unknown_line(index: usize) -> Refusal<CartCode> {
    let field = format!("lines.{index}.line_id");
    Refusal::at(CartCode::UnknownLine, &field, "there is no such line in the cart")
}

fn set_quantity(
    ctx: &Ctx,
    index: usize,
    line: Option<&CartLine>,
    quantity: Quantity,
    variants: &HashMap<VariantId, Arc<Variant>>,
) -> Result<TouchedLine, Refusal<CartCode>> {
    let line = line.ok_or_else(|| unknown_line(index))?;
    let variant = variants.get(&line.variant_id).ok_or_else(|| {
        let field = format!("lines.{index}.line_id");
        Refusal::at(CartCode::UnknownVariant, &field, "what is on this line cannot be bought any more")
    })?;
    let units = in_units(quantity, line.package.as_ref()).map_err(|message| {
        let field = format!("lines.{index}.quantity");
        Refusal::at(CartCode::InvalidQuantity, &field, message)
    })?;
    let mut line = CartLine { quantity: units, ..line.clone() };
    // A staff price holds for the quantity it was set for.
    let may_override = ctx.is_staff() && ctx.may(&staff::ORDERS_PRICE_OVERRIDE);
    if !may_override {
        line.price_override = None;
    }
    Ok(TouchedLine { line, variant: Arc::clone(variant), inputs: vec![index] })
}
