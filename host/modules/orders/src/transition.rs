//! Moving an order along: the engine knows the transition's name only from the process, and asks it.

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::channels::Channel;
use vectis_contracts::inventory::StockNeed;
use vectis_contracts::orders::{Order, OrderCode};
use vectis_contracts::points::{OrderEffect, OrderProcessPoint, OrderState, OrderStep, OrderTransition};
use vectis_db::{conn, idempotency, outbox, retrying};
use vectis_kernel::ids::OrderId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure};

use crate::access::{is_own, may_in_account, may_read};
use crate::effects::EffectScope;
use crate::events;
use crate::model::{StoredOrder, fits, owed};
use crate::needs::Needs;
use crate::refusals::{effect_to_order, strategy_failed};
use crate::service::PgOrders;
use crate::store;
use crate::store::order::Happened;

/// Longest reason of a change of an order.
pub(crate) const MAX_REASON: usize = 500;

/// What is asked for.
pub(crate) struct Step<'a> {
    pub(crate) order_id: OrderId,
    pub(crate) version: Option<i64>,
    pub(crate) transition: &'a str,
    pub(crate) reason: &'a str,
}

/// Where an answer of the process leads.
struct Way {
    to: OrderState,
    effects: Vec<OrderEffect>,
}

impl PgOrders {
    pub(crate) async fn take_step(&self, ctx: &Ctx, step: &Step<'_>) -> Result<(), Failure<OrderCode>> {
        if !fits(step.reason, MAX_REASON) {
            let message = format!("a reason has at most {MAX_REASON} characters");
            return Err(Failure::at(OrderCode::InvalidInput, "reason", message));
        }
        let order = self.readable_order(ctx, step.order_id).await?;
        let channel = self.channel_of(ctx, &order).await?;
        retrying(|| self.step_in_one(ctx, step, &channel)).await
    }

    async fn step_in_one(
        &self,
        ctx: &Ctx,
        step: &Step<'_>,
        channel: &Channel,
    ) -> Result<(), Failure<OrderCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        let mut stored = self.claim_order(&mut tx, ctx, step.order_id, step.version).await?;
        let point = self.deps.strategies.order_process(ctx, channel.id);
        let point = point.map_err(strategy_failed(OrderCode::StrategyFailed))?;
        let transition = find_transition(&*point, &stored.order, step.transition)?;
        must_take(ctx, &stored.order, transition)?;
        let way = ask(&*point, &stored, transition)?;
        self.apply_effects(&mut tx, ctx, &mut stored, channel, &way.effects).await?;
        let from = std::mem::replace(&mut stored.order.state, way.to.key);
        let happened = Happened { kind: "transition", from_state: &from, note: step.reason };
        store::order::write_down(&mut tx, ctx, &stored, &happened).await?;
        if way.to.is_canceled {
            store::usage::forget(&mut tx, stored.order.id).await?;
        }
        let order = &stored.order;
        let record = AuditRecord {
            action: "order.transition",
            subject_kind: "order",
            subject_id: order.id.0,
            account_id: order.buyer_ids().account_id,
            detail: json!({ "transition": transition.name, "from": from, "to": order.state }),
        };
        self.audit(&mut tx, ctx, record).await?;
        let event = events::order_state_changed(order, &transition.name, &from, way.to.is_canceled);
        outbox::append(&mut tx, ctx, &[event]).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        tx.commit().await?;
        tracing::info!(order.id = %order.id, order.number = %order.number, from = %from, to = %order.state, "order moved");
        Ok(())
    }

    async fn apply_effects(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        stored: &mut StoredOrder,
        channel: &Channel,
        effects: &[OrderEffect],
    ) -> Result<(), Failure<OrderCode>> {
        let needs = if effects.contains(&OrderEffect::ReserveStock) {
            self.outstanding_needs(tx, &stored.order).await?
        } else {
            Needs::default()
        };
        let scope = EffectScope {
            order_id: stored.order.id,
            held_by: Some(stored.order.cart_id),
            account_id: stored.order.buyer_ids().account_id,
            grand_total: stored.order.totals.grand_total,
            owed: owed(&stored.order.totals)?,
            warehouse_ids: &channel.warehouse_ids,
            needs: &needs,
        };
        let held = self.run_effects(tx, ctx, &scope, stored.holdings(), effects).await;
        stored.hold(held.map_err(|failure| failure.map_code(effect_to_order))?);
        Ok(())
    }

    /// Stock of the lines, less what has been returned.
    async fn outstanding_needs(&self, tx: &mut Tx, order: &Order) -> Result<Needs, Failure<OrderCode>> {
        let lines = store::line::frozen(conn(tx), order.id, order.currency, None).await?;
        let mut needs = Needs::default();
        for (index, line) in lines.iter().enumerate() {
            let left = line.quantity.checked_sub(line.returned).unwrap_or_default();
            if line.is_stocked && left.is_positive() {
                let need = StockNeed {
                    variant_id: line.variant_id,
                    quantity: left,
                    allows_backorder: line.allows_backorder,
                };
                needs.push(index, need);
            }
        }
        Ok(needs)
    }

    /// An order the caller may see.
    pub(crate) async fn readable_order(&self, ctx: &Ctx, id: OrderId) -> Result<Order, Failure<OrderCode>> {
        let stored = store::order::find(self.deps.db.pool(), id).await?;
        let order = stored
            .map(|stored| stored.order)
            .filter(|order| may_read(ctx, &order.buyer) || ctx.is_staff() && ctx.may(&staff::ORDERS_WRITE));
        order.ok_or_else(|| Failure::refused(OrderCode::OrderNotFound, format!("there is no order {id}")))
    }

    /// An order, locked for this unit of work, as it is behind the lock; its version has moved on.
    pub(crate) async fn claim_order(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: OrderId,
        version: Option<i64>,
    ) -> Result<StoredOrder, Failure<OrderCode>> {
        if !store::order::claim(tx, ctx, id, version).await? {
            let message = "the order has changed since; read it again";
            return Err(Failure::refused(OrderCode::StaleVersion, message));
        }
        let stored = store::order::find(conn(tx), id).await?;
        stored.ok_or_else(|| Failure::internal("an order vanished behind its lock"))
    }
}

fn find_transition<'a>(
    point: &'a dyn OrderProcessPoint,
    order: &Order,
    name: &str,
) -> Result<&'a OrderTransition, Failure<OrderCode>> {
    let mut transitions = point.transitions().iter();
    let found = transitions.find(|transition| transition.name == name && transition.from == order.state);
    found.ok_or_else(|| {
        let message = format!("an order in {} cannot {name}", order.state);
        Failure::at(OrderCode::NoSuchTransition, "transition", message)
    })
}

/// Staff with `orders.write`; buyers of the order where the process lets them.
fn must_take(ctx: &Ctx, order: &Order, transition: &OrderTransition) -> Result<(), Failure<OrderCode>> {
    let owner = &order.buyer;
    let may = match &ctx.actor {
        Actor::Staff(_) | Actor::System { .. } => ctx.may(&staff::ORDERS_WRITE),
        Actor::Buyer(_) => {
            transition.buyer_may
                && ctx.may(&buyer::ORDER)
                && (is_own(ctx, owner) || may_in_account(ctx, owner, &buyer::MANAGE))
        }
        Actor::Customer { .. } | Actor::Anonymous { .. } => transition.buyer_may && is_own(ctx, owner),
    };
    if may {
        return Ok(());
    }
    let message = format!("you may not {} this order", transition.name);
    Err(Failure::refused(OrderCode::Forbidden, message))
}

fn ask(
    point: &dyn OrderProcessPoint,
    stored: &StoredOrder,
    transition: &OrderTransition,
) -> Result<Way, Failure<OrderCode>> {
    let answer = point.step(&stored.facts(), &transition.to);
    match answer.map_err(strategy_failed(OrderCode::StrategyFailed))? {
        OrderStep::Refuse { reason } => Err(Failure::refused(OrderCode::ProcessRefused, reason)),
        OrderStep::Go { state, effects } => match find_state(point, &state) {
            Some(to) => Ok(Way { to: to.clone(), effects }),
            None => {
                let message = format!("{} answered with a state it does not declare: {state}", point.name());
                Err(Failure::refused(OrderCode::StrategyFailed, message))
            }
        },
    }
}

/// A state of a process by its key.
pub(crate) fn find_state<'a>(point: &'a dyn OrderProcessPoint, key: &str) -> Option<&'a OrderState> {
    point.states().iter().find(|state| state.key == key)
}
