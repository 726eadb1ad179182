//! Approval requests and decisions: bookkeeping of a plan that the approval strategy made. Which steps, what quorum and
//! who may decide is the plugin's; that a decision counts once and only for what was approved is this module's.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, ChannelId, EmployeeId, LocationId};
use vectis_kernel::{Ctx, Failure, Money, Page, PageRequest};

use crate::Tx;
use crate::points::ApprovalStep;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// Waits for decisions.
    Pending,
    /// Every step has its quorum.
    Approved,
    /// Somebody said no.
    Rejected,
    /// The buyer took it back.
    Canceled,
    /// Nobody decided in time.
    Expired,
}

/// A request to approve one version of one cart.
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    /// Its id.
    pub id: ApprovalRequestId,
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// What is to be approved,
    pub cart_id: CartId,
    /// in this version,
    pub cart_version: i64,
    /// at this total.
    pub grand_total: Money,
    /// Number of lines, for lists.
    pub line_count: i32,
    /// The buying company.
    pub account_id: AccountId,
    /// The buyer's site.
    pub location_id: LocationId,
    /// Who submitted.
    pub submitted_by: EmployeeId,
    /// How far it has come.
    pub status: ApprovalStatus,
    /// The plan.
    pub steps: Vec<ApprovalStep>,
    /// Index of the step that waits; equals the number of steps when approved.
    pub current_step: i32,
    /// What was decided, oldest first.
    pub decisions: Vec<ApprovalDecision>,
    /// How often those who may decide were reminded,
    pub reminders: i32,
    /// and when last.
    pub reminded_at: Option<DateTime<Utc>>,
    /// When others were told that nobody decides.
    pub escalated_at: Option<DateTime<Utc>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Changes with each decision.
    pub version: i64,
}

/// What time does to a request that nobody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// Those who may decide are reminded.
    Remind,
    /// Others are told.
    Escalate,
    /// It is closed.
    Expire,
}

/// One person's word on one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalDecision {
    /// Which step.
    pub step: i32,
    /// Who.
    pub employee_id: EmployeeId,
    /// Yes or no.
    pub verdict: Verdict,
    /// At most 2,000 characters.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// A request to open.
#[derive(Clone, Debug)]
pub struct OpenApproval {
    /// Where it is bought.
    pub channel_id: ChannelId,
    /// The cart.
    pub cart_id: CartId,
    /// Its version.
    pub cart_version: i64,
    /// Its total.
    pub grand_total: Money,
    /// Its number of lines.
    pub line_count: i32,
    /// The company.
    pub account_id: AccountId,
    /// The site.
    pub location_id: LocationId,
    /// Who submits.
    pub submitted_by: EmployeeId,
    /// The plan, at least one step.
    pub steps: Vec<ApprovalStep>,
}

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct ApprovalFilter {
    /// In this state.
    pub status: Option<ApprovalStatus>,
    /// Of this account (staff only; buyers always see their own account's).
    pub account_id: Option<AccountId>,
}

vectis_kernel::refusal_codes! {
    /// Why an approval command was refused.
    ApprovalCode {
        /// The caller may not do this.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such request, or not of the caller's account.
        RequestNotFound = "REQUEST_NOT_FOUND": NotFound,
        /// It was decided, canceled or replaced already.
        NotPending = "NOT_PENDING": Conflict,
        /// The caller has decided this step already.
        AlreadyDecided = "ALREADY_DECIDED": Conflict,
        /// The request has moved on since; nothing was written.
        StaleVersion = "STALE_VERSION": Conflict,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
    }
}

/// Approval requests.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// By id; missing and foreign ones are left out. Buyers see their own requests, with `approvals.decide` or
    /// `orders.read_all` the account's.
    async fn get_many(
        &self,
        ctx: &Ctx,
        ids: &[ApprovalRequestId],
    ) -> Result<Vec<ApprovalRequest>, Failure<ApprovalCode>>;
    /// Newest first, of the caller's account (staff: of all).
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &ApprovalFilter,
        page: PageRequest,
    ) -> Result<Page<ApprovalRequest>, Failure<ApprovalCode>>;
    /// Opens a request; an older pending one of the same cart is canceled. Returns the request.
    async fn open(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        open: OpenApproval,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>>;
    /// Writes a decision down and moves the request on, if it is still at `request.version`. The caller has asked the
    /// strategy whether the decider may. Returns the request as it is afterwards.
    async fn decide(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        request: &ApprovalRequest,
        decided_by: EmployeeId,
        verdict: Verdict,
        note: &str,
    ) -> Result<ApprovalRequest, Failure<ApprovalCode>>;
    /// What time does to a pending request: it is counted, and told as an event; who hears of it is the reader's business. Returns
    /// the cart that waits.
    async fn overdue(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        id: ApprovalRequestId,
        overdue: Overdue,
    ) -> Result<CartId, Failure<ApprovalCode>>;
    /// Cancels a pending request.
    async fn cancel(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        request: &ApprovalRequest,
    ) -> Result<(), Failure<ApprovalCode>>;
}
