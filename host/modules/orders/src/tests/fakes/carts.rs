//! Cart bodies in memory; status and version in a table, moved conditionally like the real ones.

use async_trait::async_trait;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::carts::{
    AddLine, Cart, CartChange, CartCode, CartDetails, CartStatus, CartTarget, Carts, OnDuplicate,
    OverridePrice,
};
use vectis_db::conn;
use vectis_kernel::ids::{ApprovalRequestId, CartId, CartLineId, EmployeeId, OrderId};
use vectis_kernel::{Ctx, Currency, Failure, Quantity};

use super::{Fakes, never};

fn name_of(status: CartStatus) -> &'static str {
    match status {
        CartStatus::Open => "open",
        CartStatus::Submitted => "submitted",
        CartStatus::Blocked => "blocked",
        CartStatus::Placed => "placed",
    }
}

impl Fakes {
    async fn move_cart(
        &self,
        tx: &mut Tx,
        cart: &Cart,
        to: CartStatus,
        request_id: Option<ApprovalRequestId>,
    ) -> Result<(), Failure<CartCode>> {
        let guarded = !self.state().carts_are_careless;
        let moved = sqlx::query(
            "UPDATE fakes.cart SET status = $4, request_id = COALESCE($5, request_id) \
             WHERE id = $1 AND (NOT $6 OR status = $2 AND version = $3)",
        )
        .bind(cart.id.0)
        .bind(name_of(cart.status))
        .bind(cart.version)
        .bind(name_of(to))
        .bind(request_id.map(Uuid::from))
        .bind(guarded)
        .execute(conn(tx))
        .await?;
        if moved.rows_affected() == 1 {
            return Ok(());
        }
        Err(Failure::refused(CartCode::CartNotOpen, "the cart has moved on"))
    }
}

#[async_trait]
impl Carts for Fakes {
    async fn load(&self, id: CartId) -> Result<Option<Cart>, Failure<CartCode>> {
        let Some(mut cart) = self.state().carts.get(&id).cloned() else {
            return Ok(None);
        };
        let (status, version, request_id): (String, i64, Option<Uuid>) =
            sqlx::query_as("SELECT status, version, request_id FROM fakes.cart WHERE id = $1")
                .bind(id.0)
                .fetch_one(&self.pool)
                .await?;
        cart.status = match status.as_str() {
            "open" => CartStatus::Open,
            "submitted" => CartStatus::Submitted,
            "blocked" => CartStatus::Blocked,
            _ => CartStatus::Placed,
        };
        cart.version = version;
        cart.approval_request_id = request_id.map(ApprovalRequestId);
        Ok(Some(cart))
    }

    async fn submit(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        cart: &Cart,
        request_id: ApprovalRequestId,
    ) -> Result<(), Failure<CartCode>> {
        self.move_cart(tx, cart, CartStatus::Submitted, Some(request_id)).await
    }

    async fn mark_placed(
        &self,
        tx: &mut Tx,
        _ctx: &Ctx,
        cart: &Cart,
        _order_id: OrderId,
    ) -> Result<(), Failure<CartCode>> {
        self.move_cart(tx, cart, CartStatus::Placed, None).await
    }

    async fn mark_blocked(&self, tx: &mut Tx, _ctx: &Ctx, cart: &Cart) -> Result<(), Failure<CartCode>> {
        self.move_cart(tx, cart, CartStatus::Blocked, None).await
    }

    async fn reopen(&self, tx: &mut Tx, _ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<CartCode>> {
        sqlx::query(
            "UPDATE fakes.cart SET status = 'open', version = version + 1, request_id = NULL WHERE id = $1",
        )
        .bind(cart_id.0)
        .execute(conn(tx))
        .await?;
        Ok(())
    }

    async fn find(&self, _ctx: &Ctx, _id: CartId) -> Result<Option<Cart>, Failure<CartCode>> {
        never()
    }
    async fn find_mine(&self, _ctx: &Ctx) -> Result<Option<Cart>, Failure<CartCode>> {
        never()
    }
    async fn cart_create(
        &self,
        _ctx: &Ctx,
        _currency: Option<Currency>,
        _for_employee: Option<EmployeeId>,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn lines_add(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _lines: Vec<AddLine>,
        _on_duplicate: OnDuplicate,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn lines_replace(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _lines: Vec<AddLine>,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn lines_update(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _quantities: Vec<(CartLineId, Quantity)>,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn lines_remove(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _line_ids: Option<Vec<CartLineId>>,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn details_set(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _details: CartDetails,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn prices_accept(&self, _ctx: &Ctx, _target: CartTarget) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn prices_override(
        &self,
        _ctx: &Ctx,
        _target: CartTarget,
        _overrides: Vec<OverridePrice>,
    ) -> Result<CartChange, Failure<CartCode>> {
        never()
    }
    async fn merge_guest(&self, _ctx: &Ctx, _guest: &str) -> Result<Option<CartChange>, Failure<CartCode>> {
        never()
    }
}
