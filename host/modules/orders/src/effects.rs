//! Carries out what an order process asks for, in its order, inside the caller's unit of work.

use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::inventory::ReserveStock;
use vectis_contracts::points::OrderEffect;
use vectis_kernel::ids::{AccountId, CartId, OrderId, WarehouseId};
use vectis_kernel::{Ctx, Failure, Money};

use crate::model::{Holdings, StockState};
use crate::needs::Needs;
use crate::refusals::{EffectCode, credit_to_effect, stock_to_effect, unexpected};
use crate::service::PgOrders;

/// The order that effects are about.
pub(crate) struct EffectScope<'a> {
    pub(crate) order_id: OrderId,
    /// The cart whose hold the order takes over.
    pub(crate) held_by: Option<CartId>,
    pub(crate) account_id: Option<AccountId>,
    /// Everything to pay.
    pub(crate) grand_total: Money,
    /// The same, less what has been credited.
    pub(crate) owed: Money,
    /// Stock sources in order.
    pub(crate) warehouse_ids: &'a [WarehouseId],
    pub(crate) needs: &'a Needs,
}

impl PgOrders {
    /// Runs the effects; what is held for the order afterwards. An effect that is in force already is not run again.
    pub(crate) async fn run_effects(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        mut held: Holdings,
        effects: &[OrderEffect],
    ) -> Result<Holdings, Failure<EffectCode>> {
        for effect in effects {
            match effect {
                OrderEffect::ReserveStock => held.stock = self.reserve(tx, ctx, scope, held.stock).await?,
                OrderEffect::ReleaseStock => held.stock = self.release(tx, ctx, scope, held.stock).await?,
                OrderEffect::ShipStock => held.stock = self.ship(tx, ctx, scope, held.stock).await?,
                OrderEffect::HoldCredit => {
                    held.credit_held = self.hold_credit(tx, ctx, scope, held.credit_held).await?;
                }
                OrderEffect::ReleaseCredit => {
                    held.credit_held = self.release_credit(tx, ctx, scope, held.credit_held).await?;
                }
                OrderEffect::CapturePayment => held.paid = scope.grand_total,
                OrderEffect::RefundPayment => held.paid = Money::zero(held.paid.currency),
            }
        }
        Ok(held)
    }

    async fn reserve(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        stock: StockState,
    ) -> Result<StockState, Failure<EffectCode>> {
        if matches!(stock, StockState::Allocated | StockState::Shipped) {
            return Ok(stock);
        }
        if !scope.needs.stock.is_empty() {
            let request = ReserveStock {
                warehouse_ids: scope.warehouse_ids.to_vec(),
                needs: scope.needs.stock.clone(),
                expires_at: None,
                held_by: scope.held_by.map(Uuid::from),
            };
            let inventory = &self.deps.inventory;
            let allocated = inventory.allocate(tx, ctx, scope.order_id.0, &request).await;
            allocated.map_err(|failure| scope.needs.name_lines(failure.map_code(stock_to_effect)))?;
        }
        Ok(StockState::Allocated)
    }

    async fn release(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        stock: StockState,
    ) -> Result<StockState, Failure<EffectCode>> {
        if stock != StockState::Allocated {
            return Ok(stock);
        }
        let released = self.deps.inventory.release(tx, ctx, scope.order_id.0).await;
        released.map_err(unexpected)?;
        Ok(StockState::Released)
    }

    async fn ship(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        stock: StockState,
    ) -> Result<StockState, Failure<EffectCode>> {
        if stock != StockState::Allocated {
            return Ok(stock);
        }
        let shipped = self.deps.inventory.ship(tx, ctx, scope.order_id.0).await;
        shipped.map_err(unexpected)?;
        Ok(StockState::Shipped)
    }

    async fn hold_credit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        held: Money,
    ) -> Result<Money, Failure<EffectCode>> {
        if held.minor > 0 || scope.owed.minor == 0 {
            return Ok(held);
        }
        let Some(account_id) = scope.account_id else {
            let message = "only companies buy on credit";
            return Err(Failure::refused(EffectCode::InsufficientCredit, message));
        };
        let accounts = &self.deps.accounts;
        let hold = accounts.credit_hold(tx, ctx, account_id, scope.order_id.0, scope.owed);
        hold.await.map_err(|failure| failure.map_code(credit_to_effect))?;
        Ok(scope.owed)
    }

    async fn release_credit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        held: Money,
    ) -> Result<Money, Failure<EffectCode>> {
        if let Some(account_id) = scope.account_id.filter(|_| held.minor > 0) {
            let accounts = &self.deps.accounts;
            let released = accounts.credit_release(tx, ctx, account_id, scope.order_id.0);
            released.await.map_err(unexpected)?;
        }
        Ok(Money::zero(held.currency))
    }

    /// Lets the credit held for an order follow what it comes to now; does nothing where none is held.
    pub(crate) async fn follow_credit(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        scope: &EffectScope<'_>,
        held: Money,
    ) -> Result<Money, Failure<EffectCode>> {
        if held.minor == 0 || held == scope.owed {
            return Ok(held);
        }
        let released = self.release_credit(tx, ctx, scope, held).await?;
        self.hold_credit(tx, ctx, scope, released).await
    }
}
