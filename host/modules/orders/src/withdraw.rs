//! A buyer takes a submitted cart back.

use serde_json::json;
use vectis_contracts::approvals::{ApprovalRequest, ApprovalStatus};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::{Cart, CartOwner, CartStatus};
use vectis_contracts::orders::{DecideCode, OrderBuyerIds};
use vectis_db::{idempotency, retrying};
use vectis_kernel::ids::CartId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, Failure};

use crate::access::{is_own, may_in_account, may_see_cart};
use crate::refusals::{approval_to_decide, cart_to_decide, unexpected};
use crate::service::PgOrders;

impl PgOrders {
    pub(crate) async fn withdraw(&self, ctx: &Ctx, cart_id: CartId) -> Result<(), Failure<DecideCode>> {
        let cart = self.deps.carts.load(cart_id).await.map_err(unexpected)?;
        let cart = cart.filter(|cart| may_see_cart(ctx, &cart.owner)).ok_or_else(|| {
            let message = format!("there is no submitted cart {cart_id}");
            Failure::refused(DecideCode::RequestNotFound, message)
        })?;
        must_withdraw(ctx, &cart.owner)?;
        if !matches!(cart.status, CartStatus::Submitted | CartStatus::Blocked) {
            let message = "the cart does not wait for approval";
            return Err(Failure::refused(DecideCode::NotPending, message));
        }
        let pending = self.pending_request_of(ctx, &cart).await?;
        retrying(|| self.withdraw_in_one(ctx, &cart, pending.as_ref())).await
    }

    async fn withdraw_in_one(
        &self,
        ctx: &Ctx,
        cart: &Cart,
        pending: Option<&ApprovalRequest>,
    ) -> Result<(), Failure<DecideCode>> {
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = idempotency::find(&mut tx, ctx).await? {
            return Ok(answer);
        }
        if let Some(request) = pending {
            let canceled = self.deps.approvals.cancel(&mut tx, ctx, request).await;
            canceled.map_err(approval_to_decide)?;
        }
        let reopened = self.deps.carts.reopen(&mut tx, ctx, cart.id).await;
        reopened.map_err(cart_to_decide)?;
        let released = self.deps.inventory.release(&mut tx, ctx, cart.id.0).await;
        released.map_err(unexpected)?;
        let record = AuditRecord {
            action: "cart.withdraw",
            subject_kind: "cart",
            subject_id: cart.id.0,
            account_id: OrderBuyerIds::from(&cart.owner).account_id,
            detail: json!({ "approvalRequestId": cart.approval_request_id }),
        };
        self.audit(&mut tx, ctx, record).await?;
        idempotency::record(&mut tx, ctx, &()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The request of a submitted cart; a blocked one's has been decided.
    async fn pending_request_of(
        &self,
        ctx: &Ctx,
        cart: &Cart,
    ) -> Result<Option<ApprovalRequest>, Failure<DecideCode>> {
        let Some(request_id) = cart.approval_request_id else {
            return Ok(None);
        };
        let system = ctx.as_system("orders");
        let requests = self.deps.approvals.get_many(&system, &[request_id]).await;
        let request = requests.map_err(unexpected)?.pop();
        Ok(request.filter(|request| request.status == ApprovalStatus::Pending))
    }
}

/// The submitter, `account.manage` of the account, or staff who place for buyers.
fn must_withdraw(ctx: &Ctx, owner: &CartOwner) -> Result<(), Failure<DecideCode>> {
    let may = is_own(ctx, owner)
        || may_in_account(ctx, owner, &buyer::MANAGE)
        || ctx.is_staff() && ctx.may(&staff::ORDERS_PLACE_FOR);
    if may {
        return Ok(());
    }
    let message = "only the submitter or a manager of the account takes a cart back";
    Err(Failure::refused(DecideCode::Forbidden, message))
}
