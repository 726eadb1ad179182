//! What others are told: that something failed for good.

use serde::Serialize;
use uuid::Uuid;
use vectis_kernel::Event;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fault<'a> {
    fault_id: Uuid,
    workflow_id: Uuid,
    process: &'a str,
    key: &'a str,
    run: Option<&'a str>,
    reason: &'a str,
    attempts: i32,
}

/// What failed.
pub(crate) struct Failed<'a> {
    pub(crate) fault_id: Uuid,
    pub(crate) instance_id: Uuid,
    pub(crate) process: &'a str,
    pub(crate) key: &'a str,
    /// The run; none when the definition itself failed.
    pub(crate) run: Option<&'a str>,
    pub(crate) reason: &'a str,
    pub(crate) attempts: i32,
}

/// Something failed for good and waits for staff.
pub(crate) fn fault(failed: &Failed<'_>) -> Event {
    let payload = Fault {
        fault_id: failed.fault_id,
        workflow_id: failed.instance_id,
        process: failed.process,
        key: failed.key,
        run: failed.run,
        reason: failed.reason,
        attempts: failed.attempts,
    };
    Event::new("vectis.workflow.fault.v1", "workflow", failed.instance_id, payload)
}
