//! Accepting the present prices.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::carts::CartCode;
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::add::into_lines;
use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::plan::TouchedLine;
use crate::service::PgCarts;

/// What the strategy says now becomes what was shown. Lines are named by their index in the cart.
pub(crate) struct AcceptPrices;

#[async_trait]
impl Command for AcceptPrices {
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        let present = &gathered.stored.cart.lines;
        let variants = carts.buyable(ctx, present.iter().map(|line| line.variant_id).collect()).await?;
        let (mut touched, mut refusals) = (Vec::new(), Vec::new());
        for (index, line) in present.iter().enumerate() {
            match variants.get(&line.variant_id) {
                Some(variant) => touched.push(TouchedLine {
                    line: line.clone(),
                    variant: Arc::clone(variant),
                    inputs: vec![index],
                }),
                None => refusals.push(gone(index)),
            }
        }
        for unpriced in carts.price(ctx, gathered, &mut touched).await? {
            let message = format!("{} has no price any more", touched[unpriced].variant.sku);
            refusals.extend(touched[unpriced].refusals(CartCode::NoPrice, "shown_unit_price", &message));
        }
        refuse_if_any(refusals)?;
        touched.retain(|touched| {
            let before = touched.inputs.first().and_then(|index| present.get(*index));
            before.is_none_or(|before| before.shown_unit_price != touched.line.shown_unit_price)
        });
        Ok(Change {
            detail: json!({ "lines": touched.len() }),
            line_ids: touched.iter().map(|touched| touched.line.id).collect(),
            upsert: into_lines(touched),
            ..Change::of("cart.prices_accept")
        })
    }
}

fn gone(index: usize) -> Refusal<CartCode> {
    let field = format!("lines.{index}.variant_id");
    Refusal::at(CartCode::UnknownVariant, &field, "what is on this line cannot be bought any more")
}
