//! Workers die over what they do.

use std::sync::Arc;
use std::time::Duration;

use vectis_contracts::ports::workflow_journal::RunOutcome;
use vectis_contracts::workflows::WorkflowRunStatus;
use vectis_kernel::{Ctx, FixedClock};

use super::parcel::{Act, Parcel, World};
use super::stage::Stage;

/// A run is its worker's for half as long again. Long enough that a busy machine is not taken for a dead worker.
const RUN_TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_was_at_is_done_by_another() {
    let stage = Stage::new().await;
    stage.world.plan("pack", &[Act::Hang]);
    let worker = stage.work_with(RUN_TIMEOUT);
    stage.begin("p").await;
    stage.go("p").await;
    stage.until("p", |parcel| parcel.sequence > 0).await;
    while stage.runs("p").await[0].status != WorkflowRunStatus::Running {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    worker.die().await;

    let another = stage.work_with(RUN_TIMEOUT);

    assert_eq!(stage.end("p").await, "sent after 1 words");
    another.stop().await;
    assert_eq!(stage.world.done(), ["pack", "send"]);
    assert_eq!(stage.runs("p").await[0].attempts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_of_a_worker_that_was_taken_for_dead_counts_no_more() {
    let stage = &Stage::new().await;
    let ctx = Ctx::system("test");
    stage.begin("p").await;
    let decided = stage.journal.decide(&ctx, &stage.processes, 10).await.unwrap();
    assert_eq!(decided, 1);
    let lease = Duration::from_secs(60);
    let claim =
        |ctx: Ctx| async move { stage.journal.claim(&ctx, &stage.processes, 10, lease).await.unwrap() };
    let slow = claim(ctx.clone()).await.remove(0);
    assert_eq!(claim(ctx.clone()).await.len(), 0, "it is claimed");
    let later = Arc::new(FixedClock::at(ctx.now() + lease));
    let quick = claim(Ctx { clock: later, ..ctx.clone() }).await.remove(0);

    let done = RunOutcome::Done(serde_json::Value::Null);
    assert!(!stage.journal.finish(&ctx, &slow, RunOutcome::Failed("late".to_owned())).await.unwrap());
    assert!(!stage.journal.finish(&ctx, &slow, done.clone()).await.unwrap());
    assert!(stage.journal.finish(&ctx, &quick, done.clone()).await.unwrap());
    assert!(!stage.journal.finish(&ctx, &quick, done).await.unwrap(), "once");

    assert_eq!(stage.journal.decide(&ctx, &stage.processes, 10).await.unwrap(), 1);
    assert_eq!(stage.find("p").await.unwrap().sequence, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_every_worker_dies_over_becomes_a_fault() {
    let stage = Stage::new().await;
    let ctx = Ctx::system("test");
    stage.begin("p").await;
    stage.journal.decide(&ctx, &stage.processes, 10).await.unwrap();
    for attempt in 1..=3 {
        let claimed =
            stage.journal.claim(&ctx, &stage.processes, 10, Duration::from_millis(1)).await.unwrap();
        assert_eq!((claimed[0].attempt, claimed[0].is_worn_out), (attempt, false));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }

    let worker = stage.work();

    let fault = stage.fault().await;
    worker.stop().await;
    assert_eq!((fault.run_key.as_deref(), fault.attempts), (Some("pack"), 3));
    assert_eq!(stage.world.done(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_again_and_again_do_everything_and_decide_nothing_twice() {
    let world = Arc::new(World::default());
    // It may be begun and lost many times.
    let parcel = Parcel { attempts: 100, ..Parcel::new(&world, 1, Duration::from_secs(60)) };
    let stage = Stage::with(world, vec![Arc::new(parcel)]).await;
    let keys: Vec<String> = (0..40).map(|number| format!("p-{number}")).collect();
    for key in &keys {
        stage.begin(key).await;
        stage.go(key).await;
    }

    for _ in 0..15 {
        let worker = stage.work_with(Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(30)).await;
        worker.die().await;
    }
    let worker = stage.work_with(Duration::from_millis(100));

    for key in &keys {
        assert_eq!(stage.end(key).await, "sent after 1 words");
        // Started, told, packed, sent: each once, whatever was lost on the way.
        let steps = stage.steps(key).await;
        let sequences: Vec<i64> = steps.iter().map(|step| step.sequence).collect();
        assert_eq!(sequences, [1, 2, 3, 4]);
    }
    worker.stop().await;
}
