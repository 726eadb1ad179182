//! Adding lines to a cart, and replacing all of its lines.

use async_trait::async_trait;
use serde_json::json;
use vectis_contracts::carts::{AddLine, CartCode, CartLine, OnDuplicate};
use vectis_kernel::ids::CartLineId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure};

use crate::command::{Change, Command};
use crate::gather::Gathered;
use crate::plan::{self, Seat, TouchedLine};
use crate::service::PgCarts;

/// Adds lines.
pub(crate) struct AddLines {
    pub(crate) lines: Vec<AddLine>,
    pub(crate) on_duplicate: OnDuplicate,
}

#[async_trait]
impl Command for AddLines {
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        if self.lines.is_empty() {
            return Err(Failure::at(CartCode::InvalidInput, "lines", "there is no line to add"));
        }
        plan::check_call_size(self.lines.len())?;
        let (wanted, refusals) = carts.resolve(ctx, &self.lines).await?;
        let stored = &gathered.stored;
        let seat = Seat { ctx, currency: stored.cart.currency, first_position: stored.next_position };
        let touched = match self.on_duplicate {
            OnDuplicate::Separate => plan::separate(wanted, seat),
            OnDuplicate::Merge => plan::merge(mergeable(ctx, &stored.cart.lines), wanted, seat),
        };
        let touched = carts.settle(ctx, gathered, touched, refusals).await?;
        Ok(Change {
            detail: json!({ "lines": self.lines.len() }),
            line_ids: in_input_order(&touched, self.lines.len()),
            upsert: into_lines(touched),
            ..Change::of("cart.lines_add")
        })
    }
}

/// Replaces all lines. Each line of the input becomes one of its own.
pub(crate) struct ReplaceLines {
    pub(crate) lines: Vec<AddLine>,
}

#[async_trait]
impl Command for ReplaceLines {
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>> {
        plan::check_call_size(self.lines.len())?;
        let (wanted, refusals) = carts.resolve(ctx, &self.lines).await?;
        let emptied = gathered.emptied();
        let seat = Seat {
            ctx,
            currency: emptied.stored.cart.currency,
            first_position: emptied.stored.next_position,
        };
        let touched = plan::separate(wanted, seat);
        let touched = carts.settle(ctx, &emptied, touched, refusals).await?;
        let present = &gathered.stored.cart.lines;
        Ok(Change {
            detail: json!({ "lines": self.lines.len(), "removed": present.len() }),
            remove: present.iter().map(|line| line.id).collect(),
            line_ids: in_input_order(&touched, self.lines.len()),
            upsert: into_lines(touched),
            ..Change::of("cart.lines_replace")
        })
    }
}

/// Lines that more may join. What a buyer adds never gets the price staff have set for the quantity that is there.
pub(crate) fn mergeable<'a>(ctx: &Ctx, lines: &'a [CartLine]) -> impl Iterator<Item = &'a CartLine> {
    let may_override = ctx.is_staff() && ctx.may(&staff::ORDERS_PRICE_OVERRIDE);
    lines.iter().filter(move |line| may_override || line.price_override.is_none())
}

/// The lines as they shall be.
pub(crate) fn into_lines(touched: Vec<TouchedLine>) -> Vec<CartLine> {
    touched.into_iter().map(|touched| touched.line).collect()
}

/// For each line of the input, the line of the cart it went into.
pub(crate) fn in_input_order(touched: &[TouchedLine], inputs: usize) -> Vec<CartLineId> {
    let mut pairs = Vec::with_capacity(inputs);
    for touched in touched {
        pairs.extend(touched.inputs.iter().map(|index| (*index, touched.line.id)));
    }
    pairs.sort_unstable_by_key(|(index, _)| *index);
    pairs.into_iter().map(|(_, id)| id).collect()
}
