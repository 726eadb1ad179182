//! At sign-in the guest's lines move into the cart of the person the guest turned out to be.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::json;
use vectis_contracts::carts::{Cart, CartChange, CartCode, CartLine, CartOwner, MAX_LINES};
use vectis_db::idempotency;
use vectis_kernel::ids::CartLineId;
use vectis_kernel::{Ctx, Failure};

use crate::add::{in_input_order, into_lines, mergeable};
use crate::command::{Change, Taken, contended};
use crate::gather::Gathered;
use crate::owner::{self, Access};
use crate::plan::{self, Seat, TouchedLine, WantedLine};
use crate::service::PgCarts;
use crate::store::{self, StoredCart};

/// How often the merge plans on carts that others write at the same time.
const ATTEMPTS: usize = 4;

impl PgCarts {
    /// Moves what the caller may buy. Lines left out stay in the guest's cart.
    pub(crate) async fn merge(
        &self,
        ctx: &Ctx,
        guest: &str,
    ) -> Result<Option<CartChange>, Failure<CartCode>> {
        if let Some(answer) = idempotency::answered(&self.db, ctx).await? {
            return Ok(Some(answer));
        }
        for _ in 0..ATTEMPTS {
            let Some((gathered, guest_cart)) = self.gather_merge(ctx, guest).await? else {
                return Ok(None);
            };
            let Some(change) = self.plan_merge(ctx, &gathered, guest_cart).await? else {
                return Ok(None);
            };
            if let Some(done) = self.write(ctx, &gathered.stored, &change).await? {
                return Ok(Some(done));
            }
        }
        Err(contended())
    }

    /// Both carts in one statement, then channel and buyer. `None` when there is nothing to move, or nobody to move it to.
    async fn gather_merge(
        &self,
        ctx: &Ctx,
        guest: &str,
    ) -> Result<Option<(Gathered, Cart)>, Failure<CartCode>> {
        let own = owner::own(ctx).filter(|own| !matches!(own, CartOwner::Guest(_)));
        let (Some(own), Some(channel_id)) = (own, ctx.channel_id) else {
            return Ok(None);
        };
        let guest = CartOwner::Guest(guest.to_owned());
        let found = store::find_open(self.db.pool(), channel_id, &[&own, &guest]).await?;
        let (guests, mut mine): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|found| found.cart.owner == guest);
        let guest_cart = guests.into_iter().map(|guest| guest.cart).next();
        let Some(guest_cart) = guest_cart.filter(|cart| !cart.lines.is_empty()) else {
            return Ok(None);
        };
        owner::check_own(ctx)?;
        let (channel, buyer) = self.shop(ctx, channel_id, &own, Access::Buy).await?;
        let stored = mine.pop().unwrap_or_else(|| StoredCart::implicit(ctx, &channel, own));
        let gathered = Gathered { stored, channel, buyer };
        Ok(Some((gathered, guest_cart)))
    }

    async fn plan_merge(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        guest_cart: Cart,
    ) -> Result<Option<Change>, Failure<CartCode>> {
        let cart = &gathered.stored.cart;
        let variant_ids = guest_cart.lines.iter().map(|line| line.variant_id).collect();
        let variants = self.buyable(ctx, variant_ids).await?;
        let lines = guest_cart.lines.iter().enumerate();
        let wanted = lines.filter_map(|(index, line)| {
            let variant = Arc::clone(variants.get(&line.variant_id)?);
            Some(WantedLine { index, variant, quantity: line.quantity, package: line.package.clone() })
        });
        let seat = Seat { ctx, currency: cart.currency, first_position: gathered.stored.next_position };
        let mut touched = plan::merge(mergeable(ctx, &cart.lines), wanted.collect(), seat);
        keep_what_fits(&cart.lines, &mut touched);
        let unpriced: HashSet<usize> = self.price(ctx, gathered, &mut touched).await?.into_iter().collect();
        leave_out(&mut touched, &unpriced);
        keep_sound(&cart.lines, &mut touched);
        let moved: Vec<CartLineId> = {
            let inputs = touched.iter().flat_map(|touched| &touched.inputs);
            inputs.map(|index| guest_cart.lines[*index].id).collect()
        };
        let left_out = guest_cart.lines.len() - moved.len();
        tracing::info!(cart.id = %cart.id, lines = moved.len(), left_out, "merged a guest's cart");
        if moved.is_empty() {
            return Ok(None);
        }
        Ok(Some(Change {
            detail: json!({ "from": guest_cart.id, "lines": moved.len(), "leftOut": left_out }),
            line_ids: in_input_order(&touched, moved.len()),
            taken: Some(Taken { from: guest_cart, line_ids: moved }),
            upsert: into_lines(touched),
            ..Change::of("cart.merge_guest")
        }))
    }
}

/// Leaves out new lines beyond what a cart may have, the last ones first.
fn keep_what_fits(present: &[CartLine], touched: &mut Vec<TouchedLine>) {
    let known: HashSet<CartLineId> = present.iter().map(|line| line.id).collect();
    let mut room = MAX_LINES.saturating_sub(present.len());
    touched.retain(|touched| {
        if known.contains(&touched.line.id) {
            return true;
        }
        let fits = room > 0;
        room = room.saturating_sub(1);
        fits
    });
}

/// Leaves out lines that break a quantity rule, until none does: what goes may take others below their minimum.
fn keep_sound(present: &[CartLine], touched: &mut Vec<TouchedLine>) {
    loop {
        let broken: HashSet<usize> =
            plan::faults(present, touched).iter().map(|fault| fault.touched).collect();
        if broken.is_empty() {
            return;
        }
        leave_out(touched, &broken);
    }
}

fn leave_out(touched: &mut Vec<TouchedLine>, which: &HashSet<usize>) {
    let mut index = 0;
    touched.retain(|_| {
        let stays = !which.contains(&index);
        index += 1;
        stays
    });
}
