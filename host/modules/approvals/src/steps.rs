//! The plan as JSON: stored with the request, and told in its event. A mirror of its own, so that a changed contract cannot
//! silently change what is stored.

use serde::{Deserialize, Serialize};
use vectis_contracts::points::{ApprovalStep, Approver};
use vectis_kernel::ids::EmployeeId;

/// One step.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StoredStep {
    name: String,
    quorum: u32,
    approvers: Vec<StoredApprover>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
enum StoredApprover {
    Employee { employee_id: EmployeeId },
    Role { role: String },
    AnyApprover,
}

impl From<&ApprovalStep> for StoredStep {
    fn from(step: &ApprovalStep) -> Self {
        let approvers = step.approvers.iter().map(|approver| match approver {
            Approver::Employee(employee_id) => StoredApprover::Employee { employee_id: *employee_id },
            Approver::Role(role) => StoredApprover::Role { role: role.clone() },
            Approver::AnyApprover => StoredApprover::AnyApprover,
        });
        Self { name: step.name.clone(), quorum: step.quorum, approvers: approvers.collect() }
    }
}

impl From<StoredStep> for ApprovalStep {
    fn from(step: StoredStep) -> Self {
        let approvers = step.approvers.into_iter().map(|approver| match approver {
            StoredApprover::Employee { employee_id } => Approver::Employee(employee_id),
            StoredApprover::Role { role } => Approver::Role(role),
            StoredApprover::AnyApprover => Approver::AnyApprover,
        });
        Self { name: step.name, quorum: step.quorum, approvers: approvers.collect() }
    }
}
