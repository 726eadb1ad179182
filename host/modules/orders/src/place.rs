//! Placement, from top to bottom: gather without a transaction, check everything, ask the approval strategy and the order
//! process, then write once.

mod approval;
mod caps;
mod check;
mod freeze;
mod gather;
mod submit;
mod write;

use vectis_contracts::just_written::JustWritten;
use vectis_contracts::orders::{PlaceCode, PlaceOrder, Submitted};
use vectis_contracts::points::{OrderEffect, OrderFacts, OrderStep};
use vectis_db::{idempotency, retrying};
use vectis_kernel::ids::{ApprovalRequestId, OrderId};
use vectis_kernel::{Ctx, Failure, Money};

use crate::access::{must_order, visible};
use crate::place::approval::ApprovalNeed;
use crate::refusals::strategy_failed;
use crate::service::PgOrders;
use crate::transition::find_state;

pub(crate) use caps::UsageWindow;
pub(crate) use gather::Gathered;

/// A checked cart on its way into an order: only the writing is left.
pub(crate) struct Placement {
    pub(crate) order_id: OrderId,
    pub(crate) gathered: Gathered,
    pub(crate) approval_request_id: Option<ApprovalRequestId>,
    /// `plugin/entry-point@version` of the process that takes the order.
    pub(crate) process: String,
    /// Where the order starts.
    pub(crate) state: String,
    /// What that brings about.
    pub(crate) effects: Vec<OrderEffect>,
}

impl PgOrders {
    /// Submits a cart: places it, or asks for approval where the strategy says so.
    pub(crate) async fn submit_or_place(
        &self,
        ctx: &Ctx,
        place: PlaceOrder,
    ) -> Result<Submitted, Failure<PlaceCode>> {
        let (gathered, need) = self.checked(ctx, &place).await?;
        match need {
            ApprovalNeed::Nothing => self.place(ctx, gathered, None).await,
            ApprovalNeed::Given(request_id) => self.place(ctx, gathered, Some(request_id)).await,
            ApprovalNeed::Steps(steps) => self.ask_for_approval(ctx, &gathered, steps).await,
        }
    }

    /// Places a cart now, or refuses where an approval is missing.
    pub(crate) async fn place_now(
        &self,
        ctx: &Ctx,
        place: PlaceOrder,
    ) -> Result<Submitted, Failure<PlaceCode>> {
        let (gathered, need) = self.checked(ctx, &place).await?;
        match need {
            ApprovalNeed::Nothing => self.place(ctx, gathered, None).await,
            ApprovalNeed::Given(request_id) => self.place(ctx, gathered, Some(request_id)).await,
            ApprovalNeed::Steps(steps) => {
                let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
                let message = format!("this order needs an approval ({}); submit the cart", names.join(", "));
                Err(Failure::refused(PlaceCode::ApprovalRequired, message))
            }
        }
    }

    /// A cart of the caller that may become an order as it is, and whose word that needs.
    async fn checked(
        &self,
        ctx: &Ctx,
        place: &PlaceOrder,
    ) -> Result<(Gathered, ApprovalNeed), Failure<PlaceCode>> {
        must_order(ctx)?;
        let gathered = self.gather(ctx, place).await?;
        check::check(&gathered, place.expected_total)?;
        let need = self.approval_need(ctx, &gathered).await?;
        Ok((gathered, need))
    }

    /// The placement of a cart whose approval is coming in, checked against what was approved.
    pub(crate) fn approved_placement(
        &self,
        ctx: &Ctx,
        gathered: Gathered,
        request_id: ApprovalRequestId,
        approved_total: Money,
    ) -> Result<Placement, Failure<PlaceCode>> {
        check::check(&gathered, Some(approved_total))?;
        self.placement(ctx, gathered, Some(request_id))
    }

    async fn place(
        &self,
        ctx: &Ctx,
        gathered: Gathered,
        approval: Option<ApprovalRequestId>,
    ) -> Result<Submitted, Failure<PlaceCode>> {
        let placement = self.placement(ctx, gathered, approval)?;
        // On the heap: the widest statements of the platform are in there.
        Box::pin(retrying(|| self.place_in_one(ctx, &placement))).await
    }

    /// One unit of work: cart, stock, credit, order, audit and outbox stand or fall together.
    async fn place_in_one(&self, ctx: &Ctx, placement: &Placement) -> Result<Submitted, Failure<PlaceCode>> {
        let mut tx = self.deps.db.begin().await?;
        let order = self.write_order(&mut tx, ctx, placement).await?;
        let submitted = Submitted {
            cart_id: placement.gathered.priced.cart.id,
            order_id: Some(placement.order_id),
            approval_request_id: None,
            order: visible(ctx, order),
            approval_request: JustWritten::default(),
        };
        Ok(idempotency::conclude(tx, ctx, submitted).await?)
    }

    /// Asks the order process where the order starts.
    fn placement(
        &self,
        ctx: &Ctx,
        gathered: Gathered,
        approval_request_id: Option<ApprovalRequestId>,
    ) -> Result<Placement, Failure<PlaceCode>> {
        let point = self.deps.strategies.order_process(ctx, gathered.channel.id);
        let point = point.map_err(strategy_failed(PlaceCode::StrategyFailed))?;
        let facts = facts(&gathered, approval_request_id);
        let step = point.place(&facts).map_err(strategy_failed(PlaceCode::StrategyFailed))?;
        let (state, effects) = match step {
            OrderStep::Go { state, effects } => (state, effects),
            OrderStep::Refuse { reason } => return Err(Failure::refused(PlaceCode::ProcessRefused, reason)),
        };
        if find_state(&*point, &state).is_none() {
            let message = format!("{} starts orders in a state it does not declare: {state}", point.name());
            return Err(Failure::refused(PlaceCode::StrategyFailed, message));
        }
        Ok(Placement {
            order_id: ctx.new_id(),
            gathered,
            approval_request_id,
            process: point.name().to_owned(),
            state,
            effects,
        })
    }
}

/// What the process may know before the order is there.
fn facts(gathered: &Gathered, approval: Option<ApprovalRequestId>) -> OrderFacts {
    let priced = &gathered.priced;
    OrderFacts {
        state: String::new(),
        grand_total: priced.gross,
        paid: Money::zero(priced.gross.currency),
        payment_terms: gathered.payment_terms().to_owned(),
        line_count: u32::try_from(priced.lines.len()).unwrap_or(u32::MAX),
        is_company: gathered.membership.is_some(),
        was_approved: approval.is_some(),
        has_shipments: false,
        is_fully_shipped: false,
    }
}
