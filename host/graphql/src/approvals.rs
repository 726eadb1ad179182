//! Approval requests: types, queries, deciding.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::approvals::{self as contract, ApprovalFilter, Verdict};
use vectis_contracts::orders::{DecideApproval, DecideCode};
use vectis_contracts::points::Approver;
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, EmployeeId};
use vectis_kernel::permission::{buyer, staff};

use crate::accounts::{Account, Employee};
use crate::caller::ContextExt;
use crate::carts::Cart;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::loaders::{self, just_written};
use crate::orders::Order;
use crate::page::{connection, page_request};
use crate::paths::by_code;
use crate::policy::{Access, TypePolicy};
use crate::scalars::Money;

pub(crate) const POLICY: &[TypePolicy] = &[
    (
        "Query",
        &[(Access::BuyerOrStaff(&buyer::ORDER, &staff::APPROVALS_READ), "approvalRequest approvalRequests")],
    ),
    (
        "Mutation",
        &[
            (Access::Buyer(&buyer::APPROVE), "approvalRequestApprove approvalRequestReject"),
            (Access::SignedIn, "cartWithdraw"),
        ],
    ),
    (
        "ApprovalRequest",
        &[(
            Access::Owner,
            "id status version cart cartVersion grandTotal lineCount account submittedBy steps currentStep decisions \
             reminders remindedAt escalatedAt createdAt",
        )],
    ),
    ("ApprovalStep", &[(Access::Owner, "name quorum approvers")]),
    ("ApprovalDecision", &[(Access::Owner, "step employee verdict note decidedAt")]),
];

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::ApprovalStatus")]
pub enum ApprovalStatus {
    /// Waits for decisions.
    Pending,
    /// Every step has its quorum.
    Approved,
    /// Somebody said no.
    Rejected,
    /// Taken back.
    Canceled,
    /// Nobody decided in time.
    Expired,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Verdict")]
pub enum ApprovalVerdict {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// Why a decision was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "DecideCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum DecideErrorCode {
    Forbidden,
    NotAnApprover,
    RequestNotFound,
    NotPending,
    AlreadyDecided,
    StaleVersion,
    CartChanged,
    StrategyFailed,
    InvalidInput,
}

/// A request to approve one version of one cart.
pub struct ApprovalRequest(pub(crate) Arc<contract::ApprovalRequest>);

/// A request to approve one version of one cart at one total.
#[Object]
impl ApprovalRequest {
    /// Its id.
    async fn id(&self) -> GlobalId<ApprovalRequestId> {
        GlobalId(self.0.id)
    }
    /// How far it has come.
    async fn status(&self) -> ApprovalStatus {
        self.0.status.into()
    }
    /// Changes with each decision.
    async fn version(&self) -> i64 {
        self.0.version
    }
    /// What is to be approved.
    async fn cart(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Cart>> {
        let found = ctx.services().carts.find(&ctx.caller().ctx, self.0.cart_id).await;
        Ok(answer(ctx, found)?.map(Cart::new))
    }
    /// The version of the cart that is to be approved.
    async fn cart_version(&self) -> i64 {
        self.0.cart_version
    }
    /// The total that is to be approved.
    async fn grand_total(&self) -> Money {
        self.0.grand_total.into()
    }
    /// Number of lines.
    async fn line_count(&self) -> i32 {
        self.0.line_count
    }
    /// The buying company.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        Ok(loaders::of(ctx).load_one(self.0.account_id).await?.map(Account))
    }
    /// Who submitted.
    async fn submitted_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Employee>> {
        Ok(loaders::of(ctx).load_one(self.0.submitted_by).await?.map(Employee))
    }
    /// The plan of the approval strategy.
    async fn steps(&self) -> Vec<ApprovalStep> {
        let step = |step: &vectis_contracts::points::ApprovalStep| ApprovalStep {
            name: step.name.clone(),
            quorum: step.quorum,
            approvers: step
                .approvers
                .iter()
                .map(|approver| match approver {
                    Approver::Employee(id) => GlobalId(*id).text(),
                    Approver::Role(role) => format!("role:{role}"),
                    Approver::AnyApprover => "any approver".to_owned(),
                })
                .collect(),
        };
        self.0.steps.iter().map(step).collect()
    }
    /// Index of the step that waits; the number of steps when all are done.
    async fn current_step(&self) -> i32 {
        self.0.current_step
    }
    /// What was decided, oldest first.
    async fn decisions(&self) -> Vec<ApprovalDecision> {
        self.0.decisions.iter().cloned().map(ApprovalDecision).collect()
    }
    /// How often those who may decide were reminded.
    async fn reminders(&self) -> i32 {
        self.0.reminders
    }
    /// When they were reminded last.
    async fn reminded_at(&self) -> Option<DateTime<Utc>> {
        self.0.reminded_at
    }
    /// When others were told that nobody decides.
    async fn escalated_at(&self) -> Option<DateTime<Utc>> {
        self.0.escalated_at
    }
    /// Since when.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// One step of an approval.
#[derive(SimpleObject)]
pub struct ApprovalStep {
    /// For people.
    pub name: String,
    /// How many approvals it takes.
    pub quorum: u32,
    /// Who may give them: `employee:…`, `role:Approver`, `any approver`.
    pub approvers: Vec<String>,
}

/// One person's word on one step.
pub struct ApprovalDecision(contract::ApprovalDecision);

/// One person's word on one step.
#[Object]
impl ApprovalDecision {
    /// Which step, from 0.
    async fn step(&self) -> i32 {
        self.0.step
    }
    /// Who.
    async fn employee(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Employee>> {
        Ok(loaders::of(ctx).load_one::<EmployeeId>(self.0.employee_id).await?.map(Employee))
    }
    /// Yes or no.
    async fn verdict(&self) -> ApprovalVerdict {
        self.0.verdict.into()
    }
    /// In their words.
    async fn note(&self) -> &str {
        &self.0.note
    }
    /// When.
    async fn decided_at(&self) -> DateTime<Utc> {
        self.0.at
    }
}

/// Queries about approvals.
#[derive(Default)]
pub struct ApprovalQuery;

#[Object]
impl ApprovalQuery {
    /// A request of the caller's account (staff: any); null otherwise.
    async fn approval_request(
        &self,
        ctx: &Context<'_>,
        id: GlobalId<ApprovalRequestId>,
    ) -> async_graphql::Result<Option<ApprovalRequest>> {
        Ok(loaders::of(ctx).load_one(id.0).await?.map(ApprovalRequest))
    }

    /// Requests, newest first: of the caller's account, for staff of all.
    async fn approval_requests(
        &self,
        ctx: &Context<'_>,
        status: Option<ApprovalStatus>,
        account_id: Option<GlobalId<AccountId>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, ApprovalRequest>> {
        let page = page_request(first, after)?;
        let filter = ApprovalFilter { status: status.map(Into::into), account_id: account_id.map(|id| id.0) };
        let found = ctx.services().approvals.list(&ctx.caller().ctx, &filter, page).await;
        Ok(connection(page, answer(ctx, found)?, |r| r.id.0, |r| ApprovalRequest(Arc::new(r))))
    }
}

/// A decision.
#[derive(InputObject)]
pub struct ApprovalDecideInput {
    /// The request.
    pub id: GlobalId<ApprovalRequestId>,
    /// Refuse unless the request is at this version.
    pub version: Option<i64>,
    /// In your words, at most 2,000 characters; required to reject.
    #[graphql(default)]
    pub note: String,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: String,
}

/// What became of a decision.
#[derive(SimpleObject)]
pub struct ApprovalDecidePayload {
    /// The request as it is now.
    pub approval_request: Option<ApprovalRequest>,
    /// The order, when the last approval placed it.
    pub order: Option<Order>,
    /// Whether it is approved but could not be placed, because stock or prices moved: the cart is blocked.
    pub is_blocked: bool,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<DecideErrorCode>>,
}

/// What to take back.
#[derive(InputObject)]
pub struct CartWithdrawInput {
    /// The submitted cart.
    pub id: GlobalId<CartId>,
}

/// What became of it.
#[derive(SimpleObject)]
pub struct CartWithdrawPayload {
    /// The cart, open again.
    pub cart: Option<Cart>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<DecideErrorCode>>,
}

/// Commands on approvals.
#[derive(Default)]
pub struct ApprovalMutation;

#[Object]
impl ApprovalMutation {
    /// Says yes. The approval that completes the last step places the order, once.
    async fn approval_request_approve(
        &self,
        ctx: &Context<'_>,
        input: ApprovalDecideInput,
    ) -> async_graphql::Result<ApprovalDecidePayload> {
        decide(ctx, input, Verdict::Approve).await
    }

    /// Says no, with the reason; the cart opens again.
    async fn approval_request_reject(
        &self,
        ctx: &Context<'_>,
        input: ApprovalDecideInput,
    ) -> async_graphql::Result<ApprovalDecidePayload> {
        decide(ctx, input, Verdict::Reject).await
    }

    /// Takes a submitted cart back; its request is canceled.
    async fn cart_withdraw(
        &self,
        ctx: &Context<'_>,
        input: CartWithdrawInput,
    ) -> async_graphql::Result<CartWithdrawPayload> {
        let command = ctx.command(None)?;
        let done = ctx.services().orders.cart_withdraw(&command, input.id.0).await;
        let (done, user_errors) = outcome(ctx, by_code(done, decide_field))?;
        let cart = match done {
            Some(()) => answer(ctx, ctx.services().carts.find(&command, input.id.0).await)?.map(Cart::new),
            None => None,
        };
        Ok(CartWithdrawPayload { cart, user_errors })
    }
}

/// The field of the input that a refusal about the whole means.
fn decide_field(code: DecideCode) -> Option<&'static str> {
    match code {
        DecideCode::RequestNotFound
        | DecideCode::NotPending
        | DecideCode::AlreadyDecided
        | DecideCode::CartChanged => Some("id"),
        DecideCode::StaleVersion => Some("version"),
        _ => None,
    }
}

async fn decide(
    ctx: &Context<'_>,
    input: ApprovalDecideInput,
    verdict: Verdict,
) -> async_graphql::Result<ApprovalDecidePayload> {
    let command = ctx.command(Some(&input.idempotency_key))?;
    let decision =
        DecideApproval { request_id: input.id.0, version: input.version, verdict, note: input.note };
    let done = ctx.services().orders.approval_decide(&command, decision).await;
    let (decided, user_errors) = outcome(ctx, by_code(done, decide_field))?;
    let Some(decided) = decided else {
        return Ok(ApprovalDecidePayload {
            approval_request: None,
            order: None,
            is_blocked: false,
            user_errors,
        });
    };
    let approval_request = just_written(ctx, decided.approval_request, Some(decided.request_id)).await?;
    let order = just_written(ctx, decided.order, decided.order_id).await?;
    let (approval_request, order) = (approval_request.map(ApprovalRequest), order.map(Order));
    Ok(ApprovalDecidePayload { approval_request, order, is_blocked: decided.is_blocked, user_errors })
}
