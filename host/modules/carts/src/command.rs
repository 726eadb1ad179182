//! How every command on a cart runs: answered before? gather, plan, write if the cart is still what was gathered, else
//! once more. Concurrent writers of one cart wait for each other at its row, and the later one plans anew on what the
//! earlier one left.

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::{Cart, CartChange, CartCode, CartLine, CartTarget};
use vectis_db::{Tx, idempotency, retrying};
use vectis_kernel::ids::CartLineId;
use vectis_kernel::{Ctx, Failure};

use crate::gather::Gathered;
use crate::owner::{Access, account_of};
use crate::service::PgCarts;
use crate::store::{self, StoredCart};

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
    /// Runs a command on a cart.
    pub(crate) async fn run(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        command: &dyn Command,
    ) -> Result<CartChange, Failure<CartCode>> {
        if let Some(answer) = idempotency::answered(&self.db, ctx).await? {
            return Ok(answer);
        }
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
            let mut tx = self.db.begin().await?;
            if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
                return Ok(Some(answer));
            }
            if !apply(&mut tx, ctx, stored, change).await? {
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
            };
            idempotency::record(&mut tx, ctx, &done).await?;
            tx.commit().await?;
            Ok(Some(done))
        })
        .await
    }
}

/// False when the cart, or the one lines are taken from, has moved on; what was written until then must be rolled back.
async fn apply(tx: &mut Tx, ctx: &Ctx, stored: &StoredCart, change: &Change) -> Result<bool, sqlx::Error> {
    let (now, cart) = (ctx.now(), &stored.cart);
    let last_position = change.upsert.iter().map(|line| line.position).max();
    let next_position = stored.next_position.max(last_position.unwrap_or(0).saturating_add(1));
    // Invariant: nothing of a cart is written before its row was changed, and so locked, at the version gathered.
    let is_ours = if stored.is_stored() {
        store::touch(tx, stored, next_position, now).await?
    } else {
        store::insert(tx, stored, next_position, now).await?
    };
    if !is_ours {
        return Ok(false);
    }
    if let Some(taken) = &change.taken
        && !store::take_lines(tx, &taken.from, &taken.line_ids, now).await?
    {
        return Ok(false);
    }
    if !change.remove.is_empty() || !change.upsert.is_empty() {
        store::write_lines(tx, cart.id, &change.remove, &change.upsert, now).await?;
    }
    if let Some(cart) = &change.details {
        store::set_details(tx, cart).await?;
    }
    Ok(true)
}

/// Others wrote the cart every time.
pub(crate) fn contended() -> Failure<CartCode> {
    let message = "others are writing this cart at the same time; try again";
    Failure::refused(CartCode::StaleVersion, message)
}
