//! How every command on a cart runs: gather, plan, write if the cart is still what was gathered, else once more. Concurrent writers of one cart wait for each other at its row, and the later one plans anew on what the
//! earlier one left.

use std::collections::HashSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::{Cart, CartChange, CartCode, CartLine, CartTarget};
use vectis_contracts::just_written::JustWritten;
use vectis_db::{Tx, idempotency, retrying};
use vectis_kernel::ids::CartLineId;
use vectis_kernel::{Ctx, Failure};

use crate::gather::Gathered;
use crate::owner::{Access, account_of, may_see};
use crate::service::PgCarts;
use crate::store::{self, LineChange, StoredCart};

/// How often a command plans on a cart that others write at the same time.
const ATTEMPTS: usize = 16;

/// What one command does to a gathered cart.
#[async_trait]
pub(crate) trait Command: Send + Sync {
    /// What the caller must be allowed to do.
    fn access(&self) -> Access {
        Access::Buy
    }

    /// Checks everything and works out the change. Writes nothing.
    async fn plan(
        &self,
        carts: &PgCarts,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<Change, Failure<CartCode>>;
}

/// A change of a cart, worked out but not written.
pub(crate) struct Change {
    /// `cart.lines_add`, for the audit trail.
    pub(crate) action: &'static str,
    /// What changed, for the audit trail.
    pub(crate) detail: Value,
    /// Lines that go.
    pub(crate) remove: Vec<CartLineId>,
    /// Lines that come or change, as they shall be.
    pub(crate) upsert: Vec<CartLine>,
    /// The cart with its new purchase-order number, note and addresses.
    pub(crate) details: Option<Cart>,
    /// Lines moved here from a guest's cart.
    pub(crate) taken: Option<Taken>,
    /// Lines added or touched, in the order of the input.
    pub(crate) line_ids: Vec<CartLineId>,
}

/// Lines that move out of another cart.
pub(crate) struct Taken {
    /// The other cart, as gathered.
    pub(crate) from: Cart,
    /// Its lines that move.
    pub(crate) line_ids: Vec<CartLineId>,
}

impl Change {
    /// A change of nothing yet.
    pub(crate) fn of(action: &'static str) -> Self {
        Self {
            action,
            detail: json!({}),
            remove: Vec::new(),
            upsert: Vec::new(),
            details: None,
            taken: None,
            line_ids: Vec::new(),
        }
    }
}

impl PgCarts {
    /// Runs a command on a cart. A refusal is looked at again: it may have met what a twin of this very request has done.
    pub(crate) async fn run(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        command: &dyn Command,
    ) -> Result<CartChange, Failure<CartCode>> {
        match self.attempt(ctx, target, command).await {
            Err(Failure::Refused(refusals)) => {
                idempotency::answered(&self.db, ctx).await?.ok_or(Failure::Refused(refusals))
            }
            outcome => outcome,
        }
    }

    async fn attempt(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        command: &dyn Command,
    ) -> Result<CartChange, Failure<CartCode>> {
        for _ in 0..ATTEMPTS {
            let gathered = self.gather(ctx, target, command.access()).await?;
            let change = command.plan(self, ctx, &gathered).await?;
            if let Some(done) = self.write(ctx, &gathered.stored, &change).await? {
                return Ok(done);
            }
        }
        Err(contended())
    }

    /// Writes a change in one unit of work. `None`, and nothing written, when the cart has moved on since it was gathered.
    pub(crate) async fn write(
        &self,
        ctx: &Ctx,
        stored: &StoredCart,
        change: &Change,
    ) -> Result<Option<CartChange>, Failure<CartCode>> {
        retrying(|| async {
            let now = ctx.now();
            let mut tx = self.db.begin().await?;
            if !apply(&mut tx, stored, change, now).await? {
                tx.rollback().await?;
                return Ok(None);
            }
            let record = AuditRecord {
                action: change.action,
                subject_kind: "cart",
                subject_id: stored.cart.id.0,
                account_id: account_of(&stored.cart.owner),
                detail: change.detail.clone(),
            };
            let recorded = self.audit.record(&mut tx, ctx, &[record]).await;
            recorded.map_err(|failure| failure.map_code(|_| CartCode::Forbidden))?;
            let done = CartChange {
                cart_id: stored.cart.id,
                version: stored.cart.version + 1,
                line_ids: change.line_ids.clone(),
                cart: if may_see(ctx, &stored.cart.owner) {
                    written(stored, change, now).into()
                } else {
                    JustWritten::default()
                },
            };
            Ok(Some(idempotency::conclude(tx, ctx, done).await?))
        })
        .await
    }
}

/// False when the cart, or the one lines are taken from, has moved on; what was written until then must be rolled back.
async fn apply(
    tx: &mut Tx,
    stored: &StoredCart,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let last_position = change.upsert.iter().map(|line| line.position).max();
    let lines = LineChange {
        remove: &change.remove,
        upsert: &change.upsert,
        next_position: stored.next_position.max(last_position.unwrap_or(0).saturating_add(1)),
    };
    // Invariant: nothing of a cart is written before its row was changed, and so locked, at the version gathered.
    let is_ours = if stored.is_stored() {
        store::change(tx, stored, lines, now).await?
    } else {
        store::insert(tx, stored, lines, now).await?
    };
    if !is_ours {
        return Ok(false);
    }
    if let Some(taken) = &change.taken
        && !store::take_lines(tx, &taken.from, &taken.line_ids, now).await?
    {
        return Ok(false);
    }
    if let Some(cart) = &change.details {
        store::set_details(tx, cart).await?;
    }
    Ok(true)
}

/// The cart as a change leaves it.
fn written(stored: &StoredCart, change: &Change, now: DateTime<Utc>) -> Cart {
    let present = &stored.cart;
    let gone: HashSet<CartLineId> =
        change.remove.iter().copied().chain(change.upsert.iter().map(|line| line.id)).collect();
    let kept = present.lines.iter().filter(|line| !gone.contains(&line.id));
    let mut lines: Vec<CartLine> = kept.chain(&change.upsert).cloned().collect();
    lines.sort_unstable_by_key(|line| line.position);
    let details = change.details.as_ref().unwrap_or(present);
    Cart {
        id: present.id,
        channel_id: present.channel_id,
        owner: present.owner.clone(),
        currency: present.currency,
        status: present.status,
        version: present.version + 1,
        po_number: details.po_number.clone(),
        note: details.note.clone(),
        shipping_address: details.shipping_address.clone(),
        billing_address: details.billing_address.clone(),
        approval_request_id: present.approval_request_id,
        order_id: present.order_id,
        created_at: if stored.is_stored() { present.created_at } else { now },
        updated_at: now,
        lines,
    }
}

/// Others wrote the cart every time.
pub(crate) fn contended() -> Failure<CartCode> {
    let message = "others are writing this cart at the same time; try again";
    Failure::refused(CartCode::StaleVersion, message)
}
