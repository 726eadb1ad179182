//! Facts about approval requests.

use serde::Serialize;
use vectis_contracts::approvals::{ApprovalRequest, OpenApproval, Overdue, Verdict};
use vectis_kernel::Event;
use vectis_kernel::Money;
use vectis_kernel::ids::{AccountId, ApprovalRequestId, CartId, ChannelId, EmployeeId, LocationId};

use crate::model::Standing;
use crate::steps::StoredStep;
use crate::store::{Waiting, status_text, verdict_text};

#[derive(Serialize)]
struct Amount {
    amount: String,
    currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal().to_string(), currency: money.currency.to_string() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalRequested {
    request_id: ApprovalRequestId,
    channel_id: ChannelId,
    cart_id: CartId,
    cart_version: i64,
    account_id: AccountId,
    location_id: LocationId,
    submitted_by: EmployeeId,
    grand_total: Amount,
    line_count: i32,
    steps: Vec<StoredStep>,
}

/// A request was opened; whoever may decide its first step can be told.
pub(crate) fn requested(id: ApprovalRequestId, open: &OpenApproval) -> Event {
    let payload = ApprovalRequested {
        request_id: id,
        channel_id: open.channel_id,
        cart_id: open.cart_id,
        cart_version: open.cart_version,
        account_id: open.account_id,
        location_id: open.location_id,
        submitted_by: open.submitted_by,
        grand_total: open.grand_total.into(),
        line_count: open.line_count,
        steps: open.steps.iter().map(StoredStep::from).collect(),
    };
    Event::new("vectis.approvals.approval_requested.v1", "approval_request", id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalDecided {
    request_id: ApprovalRequestId,
    cart_id: CartId,
    account_id: AccountId,
    submitted_by: EmployeeId,
    step: i32,
    decided_by: EmployeeId,
    verdict: &'static str,
    status: &'static str,
    current_step: i32,
    step_count: usize,
}

/// Somebody decided a step, and where the request stands now.
pub(crate) fn decided(
    request: &ApprovalRequest,
    decided_by: EmployeeId,
    verdict: Verdict,
    now: Standing,
) -> Event {
    let payload = ApprovalDecided {
        request_id: request.id,
        cart_id: request.cart_id,
        account_id: request.account_id,
        submitted_by: request.submitted_by,
        step: request.current_step,
        decided_by,
        verdict: verdict_text(verdict),
        status: status_text(now.status),
        current_step: now.current_step,
        step_count: request.steps.len(),
    };
    Event::new("vectis.approvals.approval_decided.v1", "approval_request", request.id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalOverdue<'a> {
    request_id: ApprovalRequestId,
    cart_id: CartId,
    account_id: AccountId,
    submitted_by: EmployeeId,
    step: i32,
    /// Whom it waits for.
    waits_for: Option<&'a StoredStep>,
    reminders: i32,
}

/// Time has passed over a request that nobody decides.
pub(crate) fn overdue(id: ApprovalRequestId, overdue: Overdue, waiting: &Waiting) -> Event {
    let event_type = match overdue {
        Overdue::Remind => "vectis.approvals.approval_reminded.v1",
        Overdue::Escalate => "vectis.approvals.approval_escalated.v1",
        Overdue::Expire => "vectis.approvals.approval_expired.v1",
    };
    let step = usize::try_from(waiting.current_step).ok();
    let payload = ApprovalOverdue {
        request_id: id,
        cart_id: waiting.cart_id.into(),
        account_id: waiting.account_id.into(),
        submitted_by: waiting.submitted_by.into(),
        step: waiting.current_step,
        waits_for: step.and_then(|step| waiting.steps.0.get(step)),
        reminders: waiting.reminders,
    };
    Event::new(event_type, "approval_request", id.0, payload)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApprovalCanceled {
    request_id: ApprovalRequestId,
    cart_id: CartId,
    account_id: AccountId,
}

/// A request needs no decision any more: it was taken back, or the cart was submitted anew.
pub(crate) fn canceled(id: ApprovalRequestId, cart_id: CartId, account_id: AccountId) -> Event {
    let payload = ApprovalCanceled { request_id: id, cart_id, account_id };
    Event::new("vectis.approvals.approval_canceled.v1", "approval_request", id.0, payload)
}
