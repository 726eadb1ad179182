//! The contract, use case by use case.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::Tx;
use vectis_contracts::approvals::{
    ApprovalCode, ApprovalDecision, ApprovalFilter, ApprovalRequest, ApprovalStatus, Approvals, OpenApproval,
    Overdue, Verdict,
};
use vectis_contracts::audit::{Audit, AuditRecord};
use vectis_db::{Db, outbox};
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, EmployeeId};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure, Page, PageRequest};

use crate::{Deps, events, model, store};

/// Longest note, in characters.
const MAX_NOTE: usize = 2_000;

/// Approvals in Postgres.
pub(crate) struct PgApprovals {
    db: Db,
    audit: Arc<dyn Audit>,
}

/// Which requests a caller may see; `None` does not limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Only of this account.
    pub(crate) account_id: Option<AccountId>,
    /// Only submitted by this employee.
    pub(crate) submitted_by: Option<EmployeeId>,
}

impl Scope {
    /// The caller's; `None` when the caller may see none at all.
    fn of(ctx: &Ctx) -> Option<Self> {
        match &ctx.actor {
            Actor::Staff(_) | Actor::System { .. } => {
                ctx.may(&staff::APPROVALS_READ).then_some(Self { account_id: None, submitted_by: None })
            }
            Actor::Buyer(acting) => {
                let sees_account = ctx.may(&buyer::APPROVE) || ctx.may(&buyer::ORDERS_READ_ALL);
                Some(Self {
                    account_id: Some(acting.account_id),
                    submitted_by: (!sees_account).then_some(acting.employee_id),
                })
            }
            Actor::Anonymous { .. } | Actor::Customer { .. } => None,
        }
    }
}

#[async_trait]
impl Approvals for PgApprovals {
    async fn get_many(
        &self,
        ctx: &Ctx,
        ids: &[ApprovalRequestId],
    ) -> Result<Vec<ApprovalRequest>, Failure<ApprovalCode>> {
        let Some(scope) = Scope::of(ctx) else {
            return Ok(Vec::new());
        };
        Ok(store::get_many(self.db.pool(), scope, ids).await?)
    }

    async fn list(
        &self,
        ctx: &Ctx,
        filter: &ApprovalFilter,
        page: PageRequest,
    ) -> Result<Page<ApprovalRequest>, Failure<ApprovalCode>> {
        let scope = Scope::of(ctx).ok_or_else(|| {
            let message = "only employees of an account, or staff with the right to, see approval requests";
            Failure::refused(ApprovalCode::Forbidden, message)
        })?;
        let requests = store::list(self.db.pool(), scope, filter, page).await?;
        Ok(Page::from_fetched(requests, &page))
    }

    async fn open(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        open: OpenApproval,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>> {
        if open.steps.is_empty() {
            let message = "a request needs at least one step";
            return Err(Failure::at(ApprovalCode::InvalidInput, "steps", message));
        }
        let (id, now): (ApprovalRequestId, _) = (ctx.new_id(), ctx.now());
        let opened = store::open(tx, id, &open, now).await?;
        if !opened.is_inserted {
            let message = "the cart was submitted by somebody else at the same moment";
            return Err(Failure::refused(ApprovalCode::NotPending, message));
        }
        let detail = json!({
            "cartId": open.cart_id,
            "cartVersion": open.cart_version,
            "grandTotal": open.grand_total.to_string(),
            "steps": open.steps.len(),
            "canceled": opened.canceled,
        });
        let record = record("approval.request", id, open.account_id, detail);
        self.audited(tx, ctx, record).await?;
        let canceled = opened.canceled.iter();
        let mut facts: Vec<_> =
            canceled.map(|older| events::canceled(*older, open.cart_id, open.account_id)).collect();
        facts.push(events::requested(id, &open));
        outbox::append(tx, ctx, &facts).await?;
        Ok(model::opened(id, open, now))
    }

    async fn decide(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        request: &ApprovalRequest,
        decided_by: EmployeeId,
        verdict: Verdict,
        note: &str,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>> {
        check_note(note)?;
        if request.status != ApprovalStatus::Pending {
            return Err(not_pending(request.status));
        }
        if model::has_decided(request, decided_by) {
            return Err(already_decided());
        }
        let standing = model::after(request, verdict);
        let at = ctx.now();
        let step = request.current_step;
        let decision = ApprovalDecision { step, employee_id: decided_by, verdict, note: note.to_owned(), at };
        if !store::decide(tx, request, standing, ctx.new_id(), &decision).await? {
            return Err(moved_on(tx, request, Some(decided_by)).await);
        }
        let detail = json!({
            "step": request.current_step,
            "decidedBy": decided_by,
            "verdict": store::verdict_text(verdict),
            "status": store::status_text(standing.status),
        });
        let record = record("approval.decide", request.id, request.account_id, detail);
        self.audited(tx, ctx, record).await?;
        let fact = events::decided(request, decided_by, verdict, standing);
        outbox::append(tx, ctx, &[fact]).await?;
        Ok(model::decided(request, standing, decision))
    }

    async fn overdue(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: ApprovalRequestId,
        overdue: Overdue,
    ) -> Result<CartId, Failure<ApprovalCode>> {
        let Some(waiting) = store::overdue(tx, id, overdue, ctx.now()).await? else {
            return Err(not_waiting(tx, id).await);
        };
        let action = match overdue {
            Overdue::Remind => "approval.remind",
            Overdue::Escalate => "approval.escalate",
            Overdue::Expire => "approval.expire",
        };
        let detail = json!({ "cartId": waiting.cart_id, "step": waiting.current_step });
        self.audited(tx, ctx, record(action, id, waiting.account_id.into(), detail)).await?;
        outbox::append(tx, ctx, &[events::overdue(id, overdue, &waiting)]).await?;
        Ok(waiting.cart_id.into())
    }

    async fn cancel(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        request: &ApprovalRequest,
    ) -> Result<(), Failure<ApprovalCode>> {
        if !store::cancel(tx, request, ctx.now()).await? {
            return Err(moved_on(tx, request, None).await);
        }
        let detail = json!({ "cartId": request.cart_id });
        let record = record("approval.cancel", request.id, request.account_id, detail);
        self.audited(tx, ctx, record).await?;
        let fact = events::canceled(request.id, request.cart_id, request.account_id);
        outbox::append(tx, ctx, &[fact]).await?;
        Ok(())
    }
}

impl PgApprovals {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, audit: deps.audit }
    }

    async fn audited(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        record: AuditRecord,
    ) -> Result<(), Failure<ApprovalCode>> {
        let recorded = self.audit.record(tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|_| ApprovalCode::Forbidden))
    }
}

fn record(action: &'static str, id: ApprovalRequestId, account_id: AccountId, detail: Value) -> AuditRecord {
    AuditRecord {
        action,
        subject_kind: "approval_request",
        subject_id: id.0,
        account_id: Some(account_id),
        detail,
    }
}

fn check_note(note: &str) -> Result<(), Failure<ApprovalCode>> {
    let length = note.chars().count();
    if length <= MAX_NOTE && !note.contains('\0') {
        return Ok(());
    }
    let message =
        format!("a note takes at most {MAX_NOTE} characters, none of them NUL; this one has {length}");
    Err(Failure::at(ApprovalCode::InvalidInput, "note", message))
}

/// Why a request did not move: the reason a person can act on, read from where it stands now.
async fn moved_on(
    tx: &mut Tx,
    request: &ApprovalRequest,
    decided_by: Option<EmployeeId>,
) -> Failure<ApprovalCode> {
    match store::find_state(tx, request.id, request.current_step).await {
        Err(error) => error.into(),
        Ok(None) => {
            let message = format!("there is no approval request {}", request.id);
            Failure::refused(ApprovalCode::RequestNotFound, message)
        }
        Ok(Some((_, deciders))) if decided_by.is_some_and(|employee| deciders.contains(&employee)) => {
            already_decided()
        }
        Ok(Some((ApprovalStatus::Pending, _))) => {
            let message = "somebody else has decided since; look at the request again";
            Failure::refused(ApprovalCode::StaleVersion, message)
        }
        Ok(Some((status, _))) => not_pending(status),
    }
}

/// Why time does nothing to a request.
async fn not_waiting(tx: &mut Tx, id: ApprovalRequestId) -> Failure<ApprovalCode> {
    match store::find_state(tx, id, 0).await {
        Err(error) => error.into(),
        Ok(None) => {
            Failure::refused(ApprovalCode::RequestNotFound, format!("there is no approval request {id}"))
        }
        Ok(Some((status, _))) => not_pending(status),
    }
}

fn not_pending(status: ApprovalStatus) -> Failure<ApprovalCode> {
    let message = format!("the request is {} already", store::status_text(status));
    Failure::refused(ApprovalCode::NotPending, message)
}

fn already_decided() -> Failure<ApprovalCode> {
    let message = "you have decided this step already";
    Failure::refused(ApprovalCode::AlreadyDecided, message)
}
