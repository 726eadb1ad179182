//! A cart that needs an approval: the request is opened, the cart frozen, its stock held for a while.

use serde_json::json;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::approvals::{ApprovalCode, OpenApproval};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::inventory::ReserveStock;
use vectis_contracts::just_written::JustWritten;
use vectis_contracts::orders::{PlaceCode, Submitted};
use vectis_contracts::points::ApprovalStep;
use vectis_db::{idempotency, retrying};
use vectis_kernel::{Ctx, Failure};

use crate::place::Gathered;
use crate::refusals::{cart_to_place, effect_to_place, stock_to_effect, translated};
use crate::service::PgOrders;

impl PgOrders {
    pub(super) async fn ask_for_approval(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        steps: Vec<ApprovalStep>,
    ) -> Result<Submitted, Failure<PlaceCode>> {
        let open = opening(gathered, steps)?;
        retrying(|| self.open_in_one(ctx, gathered, &open)).await
    }

    async fn open_in_one(
        &self,
        ctx: &Ctx,
        gathered: &Gathered,
        open: &OpenApproval,
    ) -> Result<Submitted, Failure<PlaceCode>> {
        let cart = &gathered.priced.cart;
        let mut tx = self.deps.db.begin().await?;
        let opened = self.deps.approvals.open(&mut tx, ctx, open.clone()).await;
        let request = opened.map_err(opened_twice)?;
        let request_id = request.id;
        let submitted = self.deps.carts.submit(&mut tx, ctx, cart, request_id).await;
        submitted.map_err(cart_to_place)?;
        self.hold_stock(&mut tx, ctx, gathered).await?;
        let record = AuditRecord {
            action: "cart.submit",
            subject_kind: "cart",
            subject_id: cart.id.0,
            account_id: Some(open.account_id),
            detail: json!({ "approvalRequestId": request_id, "grandTotal": open.grand_total.to_string() }),
        };
        self.audit(&mut tx, ctx, record).await?;
        let submitted = Submitted {
            cart_id: cart.id,
            order_id: None,
            approval_request_id: Some(request_id),
            order: JustWritten::default(),
            // A buyer reads the own requests; what staff may read is the approvals' business.
            approval_request: ctx.buyer().map_or_else(JustWritten::default, |_| request.into()),
        };
        Ok(idempotency::conclude(tx, ctx, submitted).await?)
    }

    async fn hold_stock(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        gathered: &Gathered,
    ) -> Result<(), Failure<PlaceCode>> {
        let needs = gathered.needs();
        if needs.stock.is_empty() {
            return Ok(());
        }
        let request = ReserveStock {
            warehouse_ids: gathered.channel.warehouse_ids.clone(),
            needs: needs.stock.clone(),
            expires_at: Some(ctx.now() + self.deps.config.hold_ttl()),
            held_by: gathered.held_by().map(Uuid::from),
        };
        let owner_id = gathered.priced.cart.id.0;
        let held = self.deps.inventory.hold(tx, ctx, owner_id, &request).await;
        let held = held.map_err(|failure| failure.map_code(|code| effect_to_place(stock_to_effect(code))));
        held.map_err(|failure| needs.name_lines(failure))?;
        Ok(())
    }
}

/// Somebody else has submitted the cart at the same moment.
fn opened_twice(failure: Failure<ApprovalCode>) -> Failure<PlaceCode> {
    translated(failure, |code| match code {
        ApprovalCode::NotPending => Some(PlaceCode::CartNotOpen),
        _ => None,
    })
}

fn opening(gathered: &Gathered, steps: Vec<ApprovalStep>) -> Result<OpenApproval, Failure<PlaceCode>> {
    let priced = &gathered.priced;
    let Some(membership) = &gathered.membership else {
        return Err(Failure::internal("approvals are planned for employees of accounts only"));
    };
    let employee = &membership.employee;
    Ok(OpenApproval {
        channel_id: gathered.channel.id,
        cart_id: priced.cart.id,
        cart_version: priced.cart.version,
        grand_total: priced.gross,
        line_count: i32::try_from(priced.lines.len())?,
        account_id: employee.account_id,
        location_id: employee.location_id,
        submitted_by: employee.id,
        steps,
    })
}
