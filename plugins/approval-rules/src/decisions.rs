//! Who may decide a step.

use vectis_plugin_api::approval::{Approver, DecisionFacts};

/// Why the decider may not decide; `None` when they may.
pub(crate) fn objection(facts: &DecisionFacts<'_>) -> Option<String> {
    if facts.decided_by == facts.submitted_by {
        return Some("Nobody decides about the own order; somebody else has to.".to_owned());
    }
    if facts.approved_by.contains(&facts.decided_by) {
        return Some("You have approved this step already; it takes somebody else now.".to_owned());
    }
    if !facts.step.approvers.iter().any(|approver| is_one(facts, approver)) {
        return Some(format!("You are not one of the approvers of the step {:?}.", facts.step.name));
    }
    None
}

fn is_one(facts: &DecisionFacts<'_>, approver: &Approver) -> bool {
    match approver {
        Approver::Employee(id) => *id == facts.decided_by,
        Approver::Role(role) => role == facts.decider_role,
        // Who has the permission to approve is known to the host, which has checked it before it asks.
        Approver::AnyApprover => true,
    }
}
