//! How decisions move a request. Pure rules.

use chrono::{DateTime, Utc};
use vectis_contracts::approvals::{ApprovalDecision, ApprovalRequest, ApprovalStatus, OpenApproval, Verdict};
use vectis_kernel::ids::{ApprovalRequestId, EmployeeId};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How far it has come.
    pub(crate) status: ApprovalStatus,
    /// The step that waits; the number of steps when all are done.
    pub(crate) current_step: i32,
}

/// Where a pending request stands after one more decision of its current step: a rejection ends it, the approval that
/// fills the quorum opens the next step, the last step's quorum approves it.
pub(crate) fn after(request: &ApprovalRequest, verdict: Verdict) -> Standing {
    let here = Standing { status: request.status, current_step: request.current_step };
    if verdict == Verdict::Reject {
        return Standing { status: ApprovalStatus::Rejected, ..here };
    }
    let approvals =
        decisions_here(request).filter(|decision| decision.verdict == Verdict::Approve).count() + 1;
    let steps = request.steps.iter().enumerate();
    let quorum = steps
        .filter(|(index, _)| i32::try_from(*index) == Ok(request.current_step))
        .map(|(_, step)| step.quorum)
        .next();
    if quorum.is_some_and(|quorum| approvals < quorum as usize) {
        return here;
    }
    let current_step = request.current_step + 1;
    let is_done = i32::try_from(request.steps.len()).is_ok_and(|steps| current_step >= steps);
    Standing {
        status: if is_done { ApprovalStatus::Approved } else { ApprovalStatus::Pending },
        current_step,
    }
}

/// A request as it begins.
pub(crate) fn opened(id: ApprovalRequestId, open: OpenApproval, now: DateTime<Utc>) -> ApprovalRequest {
    ApprovalRequest {
        id,
        channel_id: open.channel_id,
        cart_id: open.cart_id,
        cart_version: open.cart_version,
        grand_total: open.grand_total,
        line_count: open.line_count,
        account_id: open.account_id,
        location_id: open.location_id,
        submitted_by: open.submitted_by,
        status: ApprovalStatus::Pending,
        steps: open.steps,
        current_step: 0,
        decisions: Vec::new(),
        reminders: 0,
        reminded_at: None,
        escalated_at: None,
        created_at: now,
        version: 1,
    }
}

/// A request with one more decision.
pub(crate) fn decided(
    request: &ApprovalRequest,
    to: Standing,
    decision: ApprovalDecision,
) -> ApprovalRequest {
    let mut after = request.clone();
    after.decisions.push(decision);
    ApprovalRequest {
        status: to.status,
        current_step: to.current_step,
        version: request.version + 1,
        ..after
    }
}

/// Whether the employee has decided the current step.
pub(crate) fn has_decided(request: &ApprovalRequest, employee_id: EmployeeId) -> bool {
    decisions_here(request).any(|decision| decision.employee_id == employee_id)
}

fn decisions_here(request: &ApprovalRequest) -> impl Iterator<Item = &ApprovalDecision> {
    let here = request.current_step;
    request.decisions.iter().filter(move |decision| decision.step == here)
}
