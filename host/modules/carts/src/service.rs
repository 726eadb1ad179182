//! The contract, one line per use case.

use std::sync::Arc;

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::accounts::Accounts;
use vectis_contracts::audit::Audit;
use vectis_contracts::carts::{
    AddLine, Cart, CartChange, CartCode, CartDetails, CartTarget, Carts, OnDuplicate, OverridePrice,
};
use vectis_contracts::channels::Channels;
use vectis_contracts::pricing::Pricing;
use vectis_contracts::products::Products;
use vectis_db::Db;
use vectis_kernel::ids::{ApprovalRequestId, CartId, CartLineId, EmployeeId, OrderId};
use vectis_kernel::{Ctx, Currency, Failure, Quantity};

use crate::accept::AcceptPrices;
use crate::add::{AddLines, ReplaceLines};
use crate::details::SetDetails;
use crate::overrides::OverridePrices;
use crate::remove::RemoveLines;
use crate::update::UpdateLines;
use crate::{Deps, lifecycle, owner, store};

/// Carts in Postgres.
pub(crate) struct PgCarts {
    pub(crate) db: Db,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) channels: Arc<dyn Channels>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) products: Arc<dyn Products>,
    pub(crate) pricing: Arc<dyn Pricing>,
}

impl PgCarts {
    pub(crate) fn new(deps: Deps) -> Self {
        Self {
            db: deps.db,
            audit: deps.audit,
            channels: deps.channels,
            accounts: deps.accounts,
            products: deps.products,
            pricing: deps.pricing,
        }
    }
}

#[async_trait]
impl Carts for PgCarts {
    async fn find(&self, ctx: &Ctx, id: CartId) -> Result<Option<Cart>, Failure<CartCode>> {
        let cart = self.load(id).await?;
        Ok(cart.filter(|cart| owner::may_see(ctx, &cart.owner)))
    }

    async fn find_mine(&self, ctx: &Ctx) -> Result<Option<Cart>, Failure<CartCode>> {
        let Some(own) = owner::own(ctx) else {
            return Ok(None);
        };
        let channel_id = crate::gather::named_channel(ctx)?;
        let found = store::find_open(self.db.pool(), channel_id, &[&own]).await?;
        Ok(found.into_iter().next().map(|stored| stored.cart))
    }

    async fn cart_create(
        &self,
        ctx: &Ctx,
        currency: Option<Currency>,
        for_employee: Option<EmployeeId>,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.create(ctx, currency, for_employee).await
    }

    async fn lines_add(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        lines: Vec<AddLine>,
        on_duplicate: OnDuplicate,
    ) -> Result<CartChange, Failure<CartCode>> {
        let command = AddLines { lines, on_duplicate };
        self.run(ctx, target, &command).await
    }

    async fn lines_replace(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        lines: Vec<AddLine>,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &ReplaceLines { lines }).await
    }

    async fn lines_update(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        quantities: Vec<(CartLineId, Quantity)>,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &UpdateLines { quantities }).await
    }

    async fn lines_remove(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        line_ids: Option<Vec<CartLineId>>,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &RemoveLines { line_ids }).await
    }

    async fn details_set(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        details: CartDetails,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &SetDetails { details }).await
    }

    async fn prices_accept(&self, ctx: &Ctx, target: CartTarget) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &AcceptPrices).await
    }

    async fn prices_override(
        &self,
        ctx: &Ctx,
        target: CartTarget,
        overrides: Vec<OverridePrice>,
    ) -> Result<CartChange, Failure<CartCode>> {
        self.run(ctx, target, &OverridePrices { overrides }).await
    }

    async fn merge_guest(&self, ctx: &Ctx, guest: &str) -> Result<Option<CartChange>, Failure<CartCode>> {
        self.merge(ctx, guest).await
    }

    async fn load(&self, id: CartId) -> Result<Option<Cart>, Failure<CartCode>> {
        let found = store::find(self.db.pool(), id).await?;
        Ok(found.map(|stored| stored.cart))
    }

    async fn submit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        cart: &Cart,
        request_id: ApprovalRequestId,
    ) -> Result<(), Failure<CartCode>> {
        lifecycle::submit(tx, ctx, cart, request_id).await
    }

    async fn mark_placed(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        cart: &Cart,
        order_id: OrderId,
    ) -> Result<(), Failure<CartCode>> {
        lifecycle::mark_placed(tx, ctx, cart, order_id).await
    }

    async fn mark_blocked(&self, tx: &mut Tx, ctx: &Ctx, cart: &Cart) -> Result<(), Failure<CartCode>> {
        lifecycle::mark_blocked(tx, ctx, cart).await
    }

    async fn reopen(&self, tx: &mut Tx, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<CartCode>> {
        lifecycle::reopen(tx, ctx, cart_id).await
    }
}
