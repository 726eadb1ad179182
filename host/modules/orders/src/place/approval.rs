//! Whether an order needs an approval: the strategy plans, an approval given for exactly this cart stands.

use vectis_contracts::accounts::Membership;
use vectis_contracts::approvals::ApprovalStatus;
use vectis_contracts::carts::CartStatus;
use vectis_contracts::orders::PlaceCode;
use vectis_contracts::points::{ApprovalFacts, ApprovalStep};
use vectis_contracts::priced_cart::PricedCart;
use vectis_kernel::ids::ApprovalRequestId;
use vectis_kernel::{Ctx, Failure};

use crate::place::Gathered;
use crate::refusals::{strategy_failed, unexpected};
use crate::service::PgOrders;

/// What stands between a cart and its order.
pub(super) enum ApprovalNeed {
    /// Nothing.
    Nothing,
    /// An approval that was given for this version at this total.
    Given(ApprovalRequestId),
    /// These steps.
    Steps(Vec<ApprovalStep>),
}

impl PgOrders {
    /// Asks the strategy about employees' carts; customers and guests need nobody's word.
    pub(super) async fn approval_need(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<ApprovalNeed, Failure<PlaceCode>> {
        let Some(membership) = &gathered.membership else {
            return Ok(ApprovalNeed::Nothing);
        };
        if let Some(request_id) = self.standing_approval(ctx, &gathered.priced).await? {
            return Ok(ApprovalNeed::Given(request_id));
        }
        let point = self.deps.strategies.approval(ctx, gathered.channel.id);
        let point = point.map_err(strategy_failed(PlaceCode::StrategyFailed))?;
        let steps = point.plan(&facts(membership, &gathered.priced));
        let steps = steps.map_err(strategy_failed(PlaceCode::StrategyFailed))?;
        Ok(if steps.is_empty() { ApprovalNeed::Nothing } else { ApprovalNeed::Steps(steps) })
    }

    /// The approval of a blocked cart, if version and total still equal what was approved.
    async fn standing_approval(
        &self,
        ctx: &Ctx,
        priced: &PricedCart,
    ) -> Result<Option<ApprovalRequestId>, Failure<PlaceCode>> {
        let cart = &priced.cart;
        let Some(request_id) = cart.approval_request_id.filter(|_| cart.status == CartStatus::Blocked) else {
            return Ok(None);
        };
        let system = ctx.as_system("orders");
        let requests = self.deps.approvals.get_many(&system, &[request_id]).await;
        let stands = requests.map_err(unexpected)?.into_iter().any(|request| {
            request.status == ApprovalStatus::Approved
                && request.cart_version == cart.version
                && request.grand_total == priced.gross
        });
        Ok(stands.then_some(request_id))
    }
}

fn facts(membership: &Membership, priced: &PricedCart) -> ApprovalFacts {
    let variants = priced.lines.iter().filter_map(|line| line.variant.as_deref());
    let mut slugs: Vec<&String> = variants.flat_map(|variant| &variant.category_slugs).collect();
    slugs.sort_unstable();
    slugs.dedup();
    let employee = &membership.employee;
    ApprovalFacts {
        account_id: employee.account_id,
        location_id: employee.location_id,
        employee_id: employee.id,
        employee_role: employee.role_name.clone(),
        grand_total: priced.gross,
        line_count: u32::try_from(priced.lines.len()).unwrap_or(u32::MAX),
        categories: slugs.into_iter().cloned().collect(),
        order_limit: employee.order_limit,
    }
}
