//! What does not work at once, or at all.

use serde_json::json;
use vectis_contracts::workflows::{FaultStatus, WorkflowCode, WorkflowRunStatus, WorkflowStatus};
use vectis_kernel::PageRequest;

use super::parcel::Act::{Fail, Hang, Refuse};
use super::stage::{Stage, staff};

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_a_few_times_is_tried_again() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Fail("no tape"), Fail("no paper")]);
    let worker = stage.work();

    stage.begin("p").await;
    stage.go("p").await;

    assert_eq!(stage.end("p").await, "sent after 1 words");
    worker.stop().await;
    let runs = stage.runs("p").await;
    assert_eq!((runs[0].attempts, runs[0].last_error.as_deref()), (3, Some("no paper")));
    assert_eq!(stage.world.done(), ["pack", "send"]);
    assert_eq!(stage.told("vectis.workflow.fault.v1").await, Vec::<serde_json::Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_given_up_and_tried_again() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Hang]);
    let worker = stage.work_with(std::time::Duration::from_millis(50));

    stage.begin("p").await;
    stage.go("p").await;

    assert_eq!(stage.end("p").await, "sent after 1 words");
    worker.stop().await;
    assert_eq!(stage.runs("p").await[0].last_error.as_deref(), Some("took longer than 0.05 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_is_a_fault_and_an_event_and_goes_on_when_staff_retry() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Fail("no tape"), Fail("no tape"), Fail("no tape at all")]);
    let worker = stage.work();
    stage.begin("p").await;
    stage.go("p").await;

    let fault = stage.fault().await;

    assert_eq!((fault.run_key.as_deref(), fault.attempts), (Some("pack"), 3));
    assert_eq!(fault.reason, "no tape at all");
    let parcel = stage.find("p").await.unwrap();
    assert_eq!(parcel.status, WorkflowStatus::Running);
    let told = stage.told("vectis.workflow.fault.v1").await;
    let expected = json!({
        "faultId": fault.id, "workflowId": parcel.id, "process": "parcel", "key": "p", "run": "pack",
        "reason": "no tape at all", "attempts": 3,
    });
    assert_eq!(told, [expected]);

    stage.workflows.fault_retry(&staff(), fault.id).await.unwrap();

    assert_eq!(stage.end("p").await, "sent after 1 words");
    worker.stop().await;
    let again = stage.workflows.fault_retry(&staff(), fault.id).await.unwrap_err();
    assert_eq!(again.refusals()[0].code, WorkflowCode::NotOpen);
    let faults = stage.workflows.faults(&staff(), None, PageRequest::first(10)).await.unwrap();
    assert_eq!((faults.items.len(), faults.items[0].status), (1, FaultStatus::Retried));
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_go_on_without_what_failed() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Fail("a"), Fail("b"), Fail("c")]);
    let worker = stage.work();
    stage.begin("p").await;
    stage.go("p").await;
    let fault = stage.fault().await;
    let unsaid = stage.workflows.fault_skip(&staff(), fault.id, "").await.unwrap_err();
    assert_eq!(unsaid.refusals()[0].code, WorkflowCode::InvalidInput);

    stage.workflows.fault_skip(&staff(), fault.id, "packed by hand").await.unwrap();

    assert_eq!(stage.end("p").await, "sent after 1 words");
    worker.stop().await;
    assert_eq!(stage.world.done(), ["send"]);
    assert_eq!(stage.runs("p").await[0].status, WorkflowRunStatus::Skipped);
    let faults = stage.workflows.faults(&staff(), None, PageRequest::first(10)).await.unwrap();
    assert_eq!(
        (faults.items[0].status, faults.items[0].note.as_str()),
        (FaultStatus::Skipped, "packed by hand")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_compensated_and_not_tried_again() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Refuse("too large")]);
    let worker = stage.work();

    stage.begin("p").await;

    assert_eq!(stage.end("p").await, "given back");
    worker.stop().await;
    assert_eq!(stage.world.done(), ["unpack"]);
    assert_eq!(stage.runs("p").await[0].attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_process_gives_back_and_ends() {
    let stage = Stage::new().await;
    let worker = stage.work();
    stage.begin("p").await;
    let parcel = stage.until("p", |parcel| parcel.state["isPacked"] == true).await;

    stage.workflows.cancel(&staff(), parcel.id, "not wanted").await.unwrap();

    stage.until("p", |parcel| parcel.status == WorkflowStatus::Canceled).await;
    worker.stop().await;
    assert_eq!(stage.world.done(), ["pack", "unpack-and-end"]);
    let again = stage.workflows.cancel(&staff(), parcel.id, "not wanted").await.unwrap_err();
    assert_eq!(again.refusals()[0].code, WorkflowCode::NotRunning);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_good_is_closed_with_its_process() {
    let stage = Stage::patient(std::time::Duration::from_millis(2_000)).await;
    stage.world.plan("pack", &[Fail("a"), Fail("b"), Fail("c")]);
    let worker = stage.work();
    stage.begin("p").await;
    let fault = stage.fault().await;

    assert_eq!(stage.end("p").await, "late");

    worker.stop().await;
    let late = stage.workflows.fault_retry(&staff(), fault.id).await.unwrap_err();
    assert_eq!(late.refusals()[0].code, WorkflowCode::NotOpen);
    assert_eq!(stage.runs("p").await[0].status, WorkflowRunStatus::Canceled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_fails_waits_for_staff_and_loses_nothing() {
    let stage = Stage::new().await;
    let worker = stage.work();
    stage.begin("p").await;
    stage.until("p", |parcel| parcel.state["isPacked"] == true).await;
    *stage.world.is_broken.lock().unwrap() = true;

    stage.go("p").await;

    let fault = stage.fault().await;
    assert_eq!((fault.run_key.as_deref(), fault.reason.as_str()), (None, "nobody thought of this"));
    assert_eq!(stage.find("p").await.unwrap().status, WorkflowStatus::Broken);
    assert_eq!(stage.told("vectis.workflow.fault.v1").await.len(), 1);
    let skipped = stage.workflows.fault_skip(&staff(), fault.id, "never mind").await.unwrap_err();
    assert_eq!(skipped.refusals()[0].code, WorkflowCode::NotOpen);

    *stage.world.is_broken.lock().unwrap() = false;
    stage.workflows.fault_retry(&staff(), fault.id).await.unwrap();

    assert_eq!(stage.end("p").await, "sent after 1 words");
    worker.stop().await;
}
