//! How decisions move a request. Pure rules.

use vectis_contracts::approvals::{ApprovalDecision, ApprovalRequest, ApprovalStatus, Verdict};
use vectis_kernel::ids::EmployeeId;

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

/// Whether the employee has decided the current step.
pub(crate) fn has_decided(request: &ApprovalRequest, employee_id: EmployeeId) -> bool {
    decisions_here(request).any(|decision| decision.employee_id == employee_id)
}

fn decisions_here(request: &ApprovalRequest) -> impl Iterator<Item = &ApprovalDecision> {
    let here = request.current_step;
    request.decisions.iter().filter(move |decision| decision.step == here)
}
