//! A decision on an approval request; the approval that completes it places the order in the same unit of work.

use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::accounts::Membership;
use vectis_contracts::approvals::{ApprovalRequest, ApprovalStatus, Verdict};
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::carts::{Cart, CartStatus};
use vectis_contracts::just_written::JustWritten;
use vectis_contracts::orders::{DecideApproval, DecideCode, Decided, PlaceCode};
use vectis_contracts::points::{ApprovalStep, Approver, DecisionFacts};
use vectis_contracts::shopper::find_employee;
use vectis_db::{idempotency, retrying};
use vectis_kernel::ids::EmployeeId;
use vectis_kernel::permission::buyer;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::access::visible;
use crate::model::fits;
use crate::place::Placement;
use crate::refusals::{approval_to_decide, cart_to_decide, strategy_failed, unexpected};
use crate::service::PgOrders;

/// Longest note of a decision.
const MAX_NOTE: usize = 2_000;

/// A decision that may be made.
struct Decision {
    request: ApprovalRequest,
    cart: Cart,
    decided_by: EmployeeId,
    verdict: Verdict,
    note: String,
}

/// What becomes of the cart if this decision completes the approval.
enum Outlook {
    /// It can be placed.
    Placeable(Box<Placement>),
    /// Stock, prices or something else moved: it is blocked, for this reason.
    Blocked(String),
    /// A strategy gave no answer: better not decide at all.
    NoAnswer(Vec<Refusal<PlaceCode>>),
}

/// How an attempt went.
enum Settled {
    /// Written down.
    Done(Decided),
    /// Placing was refused while writing; everything was rolled back.
    NotPlaceable(String),
}

impl PgOrders {
    pub(crate) async fn decide(
        &self,
        ctx: &Ctx,
        decide: DecideApproval,
    ) -> Result<Decided, Failure<DecideCode>> {
        check_note(&decide)?;
        let decider = self.decider(ctx).await?;
        let decision = self.allowed_decision(ctx, decide, &decider).await?;
        let outlook = match decision.verdict {
            Verdict::Approve => self.outlook(ctx, &decision).await?,
            Verdict::Reject => Outlook::Blocked("rejected".to_owned()),
        };
        match retrying(|| self.settle(ctx, &decision, &outlook)).await? {
            Settled::Done(decided) => Ok(decided),
            Settled::NotPlaceable(reason) => {
                let blocked = Outlook::Blocked(reason);
                match retrying(|| self.settle(ctx, &decision, &blocked)).await? {
                    Settled::Done(decided) => Ok(decided),
                    Settled::NotPlaceable(reason) => Err(Failure::internal(reason)),
                }
            }
        }
    }

    /// The acting employee, with `approvals.decide`.
    async fn decider(&self, ctx: &Ctx) -> Result<Membership, Failure<DecideCode>> {
        let forbidden = || {
            let message = format!("decisions are made by employees with the permission {}", buyer::APPROVE);
            Failure::refused(DecideCode::Forbidden, message)
        };
        let acting = ctx.buyer().filter(|_| ctx.may(&buyer::APPROVE)).ok_or_else(forbidden)?;
        let membership = find_employee(ctx, &*self.deps.accounts, acting.employee_id).await;
        membership.map_err(unexpected)?.filter(|member| member.employee.is_active).ok_or_else(forbidden)
    }

    /// Everything that stands before a decision: the request as the decider saw it, the decider's right, the cart.
    async fn allowed_decision(
        &self,
        ctx: &Ctx,
        decide: DecideApproval,
        decider: &Membership,
    ) -> Result<Decision, Failure<DecideCode>> {
        let requests = self.deps.approvals.get_many(ctx, &[decide.request_id]).await;
        let request = requests.map_err(approval_to_decide)?.pop();
        let request =
            request.filter(|request| request.account_id == decider.employee.account_id).ok_or_else(|| {
                let message = format!("there is no approval request {}", decide.request_id);
                Failure::refused(DecideCode::RequestNotFound, message)
            })?;
        must_be_pending(&request, decide.version)?;
        self.must_be_approver(ctx, &request, decider)?;
        let cart = self.deps.carts.load(request.cart_id).await.map_err(unexpected)?;
        let cart = cart.filter(|cart| is_as_submitted(cart, &request)).ok_or_else(|| {
            let message = "the cart is not what was submitted for approval any more";
            Failure::refused(DecideCode::CartChanged, message)
        })?;
        Ok(Decision {
            request,
            cart,
            decided_by: decider.employee.id,
            verdict: decide.verdict,
            note: decide.note,
        })
    }

    /// One of the step's approvers, who has not decided it yet, and to whom the strategy does not object.
    fn must_be_approver(
        &self,
        ctx: &Ctx,
        request: &ApprovalRequest,
        decider: &Membership,
    ) -> Result<(), Failure<DecideCode>> {
        let step = usize::try_from(request.current_step).ok().and_then(|step| request.steps.get(step));
        let step = step.ok_or_else(|| Failure::internal("a pending request has no step that waits"))?;
        let me = decider.employee.id;
        let mut of_step = request.decisions.iter().filter(|made| made.step == request.current_step);
        if of_step.clone().any(|made| made.employee_id == me) {
            let message = format!("you have decided the step {:?} already", step.name);
            return Err(Failure::refused(DecideCode::AlreadyDecided, message));
        }
        if !is_approver(step, decider) {
            let message = format!("you are not among the approvers of the step {:?}", step.name);
            return Err(Failure::refused(DecideCode::NotAnApprover, message));
        }
        let facts = DecisionFacts {
            submitted_by: request.submitted_by,
            decided_by: me,
            decider_role: decider.employee.role_name.clone(),
            approved_by: of_step.by_ref().map(|made| made.employee_id).collect(),
            step: step.clone(),
            grand_total: request.grand_total,
        };
        let point = self.deps.strategies.approval(ctx, request.channel_id);
        let point = point.map_err(strategy_failed(DecideCode::StrategyFailed))?;
        let objection = point.may_decide(&facts).map_err(strategy_failed(DecideCode::StrategyFailed))?;
        match objection {
            Some(reason) => Err(Failure::refused(DecideCode::NotAnApprover, reason)),
            None => Ok(()),
        }
    }

    /// Prices and checks the cart again, before the unit of work.
    async fn outlook(&self, ctx: &Ctx, decision: &Decision) -> Result<Outlook, Failure<DecideCode>> {
        let request = &decision.request;
        let gathered = self.gather_cart(ctx, decision.cart.clone()).await;
        let placement = gathered
            .and_then(|gathered| self.approved_placement(ctx, gathered, request.id, request.grand_total));
        match placement {
            Ok(placement) => Ok(Outlook::Placeable(Box::new(placement))),
            Err(Failure::Internal(error)) => Err(Failure::Internal(error)),
            Err(Failure::Refused(refusals)) if any(&refusals, &[PlaceCode::StrategyFailed]) => {
                Ok(Outlook::NoAnswer(refusals))
            }
            Err(Failure::Refused(refusals)) => Ok(Outlook::Blocked(reasons(&refusals))),
        }
    }

    /// One unit of work: the decision, and what follows from it.
    async fn settle(
        &self,
        ctx: &Ctx,
        decision: &Decision,
        outlook: &Outlook,
    ) -> Result<Settled, Failure<DecideCode>> {
        let mut tx = self.deps.db.begin().await?;
        let request = &decision.request;
        let (by, verdict, note) = (decision.decided_by, decision.verdict, &decision.note);
        let decided = self.deps.approvals.decide(&mut tx, ctx, request, by, verdict, note).await;
        let request = decided.map_err(approval_to_decide)?;
        let mut decided = Decided {
            request_id: request.id,
            status: request.status,
            order_id: None,
            is_blocked: false,
            order: JustWritten::default(),
            // Who decides, reads the requests of the account.
            approval_request: request.into(),
        };
        match (decided.status, outlook) {
            (ApprovalStatus::Pending, _) => {}
            (ApprovalStatus::Rejected | ApprovalStatus::Canceled | ApprovalStatus::Expired, _) => {
                self.reopen_cart(&mut tx, ctx, decision).await?;
            }
            (ApprovalStatus::Approved, Outlook::Placeable(placement)) => {
                match self.write_order(&mut tx, ctx, placement).await {
                    Ok(order) => {
                        decided.order_id = Some(order.id);
                        decided.order = visible(ctx, order);
                    }
                    Err(failure) => {
                        tx.rollback().await?;
                        return not_placeable(failure);
                    }
                }
            }
            (ApprovalStatus::Approved, Outlook::Blocked(because)) => {
                self.block_cart(&mut tx, ctx, decision, because).await?;
                decided.is_blocked = true;
            }
            (ApprovalStatus::Approved, Outlook::NoAnswer(refusals)) => {
                return Err(Failure::refused(DecideCode::StrategyFailed, reasons(refusals)));
            }
        }
        Ok(Settled::Done(idempotency::conclude(tx, ctx, decided).await?))
    }

    async fn reopen_cart(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        decision: &Decision,
    ) -> Result<(), Failure<DecideCode>> {
        let cart_id = decision.cart.id;
        let reopened = self.deps.carts.reopen(tx, ctx, cart_id).await;
        reopened.map_err(cart_to_decide)?;
        let released = self.deps.inventory.release(tx, ctx, cart_id.0).await;
        released.map_err(unexpected)?;
        self.audit(tx, ctx, cart_record(decision, "cart.reopen", "rejected")).await
    }

    async fn block_cart(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        decision: &Decision,
        because: &str,
    ) -> Result<(), Failure<DecideCode>> {
        let blocked = self.deps.carts.mark_blocked(tx, ctx, &decision.cart).await;
        blocked.map_err(cart_to_decide)?;
        self.audit(tx, ctx, cart_record(decision, "cart.block", because)).await
    }
}

fn check_note(decide: &DecideApproval) -> Result<(), Failure<DecideCode>> {
    if !fits(&decide.note, MAX_NOTE) {
        let message = format!("a note has at most {MAX_NOTE} characters, none of them NUL");
        return Err(Failure::at(DecideCode::InvalidInput, "note", message));
    }
    if decide.verdict == Verdict::Reject && decide.note.trim().is_empty() {
        let message = "a rejection says why";
        return Err(Failure::at(DecideCode::InvalidInput, "note", message));
    }
    Ok(())
}

fn must_be_pending(request: &ApprovalRequest, version: Option<i64>) -> Result<(), Failure<DecideCode>> {
    let state = match request.status {
        ApprovalStatus::Pending => None,
        ApprovalStatus::Approved => Some("approved"),
        ApprovalStatus::Rejected => Some("rejected"),
        ApprovalStatus::Canceled => Some("canceled"),
        ApprovalStatus::Expired => Some("closed for lack of a decision"),
    };
    if let Some(state) = state {
        let message = format!("the request has been {state} already");
        return Err(Failure::refused(DecideCode::NotPending, message));
    }
    if version.is_some_and(|version| version != request.version) {
        let message = "the request has moved on since; read it again";
        return Err(Failure::refused(DecideCode::StaleVersion, message));
    }
    Ok(())
}

fn is_as_submitted(cart: &Cart, request: &ApprovalRequest) -> bool {
    cart.status == CartStatus::Submitted
        && cart.version == request.cart_version
        && cart.approval_request_id == Some(request.id)
}

fn is_approver(step: &ApprovalStep, decider: &Membership) -> bool {
    step.approvers.iter().any(|approver| match approver {
        Approver::Employee(employee_id) => *employee_id == decider.employee.id,
        Approver::Role(role) => *role == decider.employee.role_name,
        Approver::AnyApprover => decider.permissions.contains(&buyer::APPROVE),
    })
}

fn any(refusals: &[Refusal<PlaceCode>], codes: &[PlaceCode]) -> bool {
    refusals.iter().any(|refusal| codes.contains(&refusal.code))
}

/// A cart that moved on is not what was approved; anything else blocks it.
fn not_placeable(failure: Failure<PlaceCode>) -> Result<Settled, Failure<DecideCode>> {
    const MOVED: [PlaceCode; 3] = [PlaceCode::CartNotOpen, PlaceCode::StaleVersion, PlaceCode::CartNotFound];
    match failure {
        Failure::Internal(error) => Err(Failure::Internal(error)),
        Failure::Refused(refusals) if any(&refusals, &MOVED) => {
            Err(Failure::refused(DecideCode::CartChanged, reasons(&refusals)))
        }
        Failure::Refused(refusals) => Ok(Settled::NotPlaceable(reasons(&refusals))),
    }
}

/// The first few reasons in one sentence.
fn reasons(refusals: &[Refusal<PlaceCode>]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = refusals.iter().take(SHOWN).map(|refusal| refusal.message.as_str()).collect();
    let more = refusals.len().saturating_sub(SHOWN);
    if more == 0 { shown.join("; ") } else { format!("{}; and {more} more", shown.join("; ")) }
}

/// What the decision made of the cart. The decision itself is in the trail already, as is an order.
fn cart_record(decision: &Decision, action: &'static str, because: &str) -> AuditRecord {
    AuditRecord {
        action,
        subject_kind: "cart",
        subject_id: decision.cart.id.0,
        account_id: Some(decision.request.account_id),
        detail: json!({ "approvalRequestId": decision.request.id, "because": because }),
    }
}
