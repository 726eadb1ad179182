//! Staff change lines of a placed order: quantities and prices, taxed again, stock and credit moved along.

mod plan;

use serde_json::json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::channels::Channel;
use vectis_contracts::inventory::{ReserveStock, StockNeed};
use vectis_contracts::orders::{EditLine, Order, OrderCode};
use vectis_contracts::priced_cart::{BuyerFacts, destination};
use vectis_contracts::tax::{TaxAssessment, TaxQuery, TaxQueryLine};
use vectis_db::{idempotency, outbox, retrying};
use vectis_kernel::ids::OrderId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure};

use crate::access::must_be_staff_with;
use crate::effects::EffectScope;
use crate::events;
use crate::model::{StockState, StoredOrder, changed_totals, owed};
use crate::needs::Needs;
use crate::refusals::{assess_to_order, effect_to_order, stock_to_effect, strategy_failed, unexpected};
use crate::service::PgOrders;
use crate::store;
use crate::store::line::EditedBy;
use crate::store::order::Happened;
use crate::transition::find_state;
use plan::{LinePlan, Plan};

/// What is asked for.
pub(crate) struct Edit<'a> {
    pub(crate) order_id: OrderId,
    pub(crate) version: i64,
    pub(crate) changes: Vec<EditLine>,
    pub(crate) reason: &'a str,
}

impl PgOrders {
    pub(crate) async fn edit_lines(&self, ctx: &Ctx, edit: &Edit<'_>) -> Result<(), Failure<OrderCode>> {
        must_be_staff_with(ctx, &staff::ORDERS_WRITE)?;
        if edit.changes.iter().any(|change| change.unit_price.is_some()) {
            must_be_staff_with(ctx, &staff::ORDERS_PRICE_OVERRIDE)?;
        }
        plan::check_input(edit)?;
        let stored = self.editable_order(ctx, edit).await?;
        let channel = self.channel_of(ctx, &stored.order).await?;
        let named: Vec<Uuid> = edit.changes.iter().map(|change| change.line_id.0).collect();
        let pool = self.deps.db.pool();
        let order = &stored.order;
        let lines = store::line::frozen(pool, order.id, order.currency, Some(&named)).await?;
        let lines = plan::plan_lines(&edit.changes, lines, &stored)?;
        let assessment = self.assess_lines(ctx, order, &channel, &lines).await?;
        let plan = Plan::new(lines, assessment, order)?;
        retrying(|| self.edit_in_one(ctx, edit, &channel, &plan)).await
    }

    /// The order at the version the caller saw, in a state that can be edited.
    async fn editable_order(&self, ctx: &Ctx, edit: &Edit<'_>) -> Result<StoredOrder, Failure<OrderCode>> {
        let stored = store::order::find(self.deps.db.pool(), edit.order_id).await?;
        let stored = stored.ok_or_else(|| {
            let message = format!("there is no order {}", edit.order_id);
            Failure::refused(OrderCode::OrderNotFound, message)
        })?;
        let order = &stored.order;
        if order.version != edit.version {
            let message = format!("the order is at version {}, not {}", order.version, edit.version);
            return Err(Failure::refused(OrderCode::StaleVersion, message));
        }
        let point = self.deps.strategies.order_process(ctx, order.channel_id);
        let point = point.map_err(strategy_failed(OrderCode::StrategyFailed))?;
        if find_state(&*point, &order.state).is_some_and(|state| state.is_editable) {
            return Ok(stored);
        }
        let message = format!("an order in {} cannot be edited", order.state);
        Err(Failure::refused(OrderCode::NotEditable, message))
    }

    /// Taxes the lines that stay, as the order was taxed.
    async fn assess_lines(
        &self,
        ctx: &Ctx,
        order: &Order,
        channel: &Channel,
        lines: &[LinePlan],
    ) -> Result<TaxAssessment, Failure<OrderCode>> {
        let taxed = lines.iter().filter(|line| line.quantity.is_positive());
        let lines = taxed.map(|line| TaxQueryLine {
            amount: line.amount,
            quantity: line.quantity,
            category: line.before.tax_category.clone(),
        });
        self.assess(ctx, order, channel, lines.collect()).await
    }

    /// Asks the tax strategies about amounts of a placed order; nobody when there are none.
    pub(crate) async fn assess(
        &self,
        ctx: &Ctx,
        order: &Order,
        channel: &Channel,
        lines: Vec<TaxQueryLine>,
    ) -> Result<TaxAssessment, Failure<OrderCode>> {
        if lines.is_empty() {
            return Ok(TaxAssessment { kinds: Vec::new(), lines: Vec::new() });
        }
        let buyer = order.buyer_ids();
        let query = TaxQuery {
            channel_id: channel.id,
            account_id: buyer.account_id,
            location_id: buyer.location_id,
            currency: order.currency,
            prices_include_tax: order.prices_include_tax,
            destination: destination(order.shipping_address.as_ref(), &BuyerFacts::default(), channel),
            lines,
        };
        let assessed = self.deps.tax.assess(ctx, &query).await;
        assessed.map_err(|failure| failure.map_code(assess_to_order))
    }

    async fn edit_in_one(
        &self,
        ctx: &Ctx,
        edit: &Edit<'_>,
        channel: &Channel,
        plan: &Plan,
    ) -> Result<(), Failure<OrderCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let mut stored = self.claim_order(&mut tx, ctx, edit.order_id, Some(edit.version)).await?;
        stored.order.totals = changed_totals(&stored.order.totals, plan.change)?;
        stored.order.line_count -= plan.removed;
        let by = EditedBy { reason: edit.reason, login_id: ctx.login_id() };
        store::line::forget_taxes(&mut tx, &plan.columns.ids).await?;
        store::line::edit(&mut tx, ctx, stored.order.id, &plan.columns, &by).await?;
        store::line::insert_taxes(&mut tx, &plan.columns.parts, &plan.kinds).await?;
        self.move_along(&mut tx, ctx, &mut stored, channel, plan).await?;
        let note = plan.note(edit.reason);
        let happened = Happened { kind: "edited", from_state: &stored.order.state, note: &note };
        store::order::write_down(&mut tx, ctx, &stored, &happened).await?;
        let order = &stored.order;
        let record = AuditRecord {
            action: "order.edit",
            subject_kind: "order",
            subject_id: order.id.0,
            account_id: order.buyer_ids().account_id,
            detail: json!({ "reason": edit.reason, "lines": plan.before_and_after() }),
        };
        self.audit(&mut tx, ctx, record).await?;
        outbox::append(&mut tx, ctx, &[events::order_edited(order, &plan.edited())]).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        tx.commit().await?;
        tracing::info!(order.id = %order.id, order.number = %order.number, lines = plan.lines.len(), "order edited");
        Ok(())
    }

    /// Stock, credit and usage of caps follow the edit.
    async fn move_along(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        stored: &mut StoredOrder,
        channel: &Channel,
        plan: &Plan,
    ) -> Result<(), Failure<OrderCode>> {
        let order = &stored.order;
        if stored.stock == StockState::Allocated {
            let less = plan.needs(|delta| delta < 0).stock;
            self.release_goods(tx, ctx, order.id, &less).await?;
            self.allocate_more(tx, ctx, order.id, channel, &plan.needs(|delta| delta > 0)).await?;
        }
        let scope = EffectScope {
            order_id: order.id,
            held_by: Some(order.cart_id),
            account_id: order.buyer_ids().account_id,
            grand_total: order.totals.grand_total,
            owed: owed(&order.totals)?,
            warehouse_ids: &channel.warehouse_ids,
            needs: &Needs::default(),
        };
        let followed = self.follow_credit(tx, ctx, &scope, stored.credit_held).await;
        let credit_held = followed.map_err(|failure| failure.map_code(effect_to_order))?;
        let (variant_ids, deltas) = plan.deltas();
        if deltas.iter().any(|delta| *delta != 0) {
            store::usage::follow(tx, order.id, &variant_ids, &deltas).await?;
        }
        stored.credit_held = credit_held;
        Ok(())
    }

    /// Gives part of an order's allocation back.
    pub(crate) async fn release_goods(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        order_id: OrderId,
        needs: &[StockNeed],
    ) -> Result<(), Failure<OrderCode>> {
        if needs.is_empty() {
            return Ok(());
        }
        let released = self.deps.inventory.release_part(tx, ctx, order_id.0, needs).await;
        released.map_err(unexpected)
    }

    async fn allocate_more(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        order_id: OrderId,
        channel: &Channel,
        needs: &Needs,
    ) -> Result<(), Failure<OrderCode>> {
        if needs.stock.is_empty() {
            return Ok(());
        }
        let request = ReserveStock {
            warehouse_ids: channel.warehouse_ids.clone(),
            needs: needs.stock.clone(),
            expires_at: None,
            held_by: None,
        };
        let allocated = self.deps.inventory.allocate(tx, ctx, order_id.0, &request).await;
        allocated.map_err(|failure| {
            let failure = failure.map_code(|code| effect_to_order(stock_to_effect(code)));
            needs.name_lines(failure)
        })?;
        Ok(())
    }
}
