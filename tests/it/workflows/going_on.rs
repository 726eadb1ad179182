//! How a process goes on: words, times, versions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use vectis_contracts::ports::process::{Command, Happening, Process as _};
use vectis_contracts::ports::recurring::Recurring;
use vectis_contracts::workflows::WorkflowStatus;
use vectis_kernel::Ctx;

use super::parcel::{Parcel, World};
use super::stage::{Stage, event};

#[tokio::test(flavor = "multi_thread")]
async fn a_process_goes_from_its_beginning_to_its_end() {
    let stage = Stage::new().await;
    let worker = stage.work();

    stage.begin("p").await;
    stage.until("p", |parcel| parcel.state["isPacked"] == true).await;
    stage.go("p").await;

    assert_eq!(stage.end("p").await, "sent after 1 words");
    assert_eq!(stage.world.done(), ["pack", "send"]);
    assert_eq!(stage.find("p").await.unwrap().next_timer, None);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_comes_twice_counts_once_and_after_the_end_not_at_all() {
    let stage = Stage::new().await;
    let worker = stage.work();
    let id = Ctx::system("test").new_id();

    stage.begin("p").await;
    for _ in 0..3 {
        stage.hear(event("vectis.test.parcel_told.v1", "p", id)).await;
    }

    assert_eq!(stage.end("p").await, "sent after 1 words");
    stage.go("p").await;
    stage.begin("p").await;
    worker.stop().await;
    assert_eq!(stage.world.done(), ["pack", "send"]);
    assert_eq!(stage.find("p").await.unwrap().status, WorkflowStatus::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_before_the_beginning_waits_for_it() {
    let stage = Stage::new().await;
    let worker = stage.work();

    stage.go("p").await;
    stage.until("p", |parcel| parcel.status == WorkflowStatus::Awaited).await;
    stage.begin("p").await;

    assert_eq!(stage.end("p").await, "sent after 1 words");
    let steps = stage.steps("p").await;
    assert_eq!(steps[0].happening["happening"], "started");
    assert_eq!(steps[1].happening["happening"], "signaled");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_came_while_nobody_worked_fires_when_somebody_does() {
    let stage = Stage::patient(Duration::from_millis(300)).await;
    stage.begin("p").await;
    let worker = stage.work();
    stage.until("p", |parcel| parcel.state["isPacked"] == true).await;
    worker.die().await;
    let waiting = stage.find("p").await.unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(stage.find("p").await.unwrap().sequence, waiting.sequence);

    let worker = stage.work();

    assert_eq!(stage.end("p").await, "late");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_began_with_a_version_goes_on_with_it() {
    let stage = Stage::new().await;
    let worker = stage.work();
    stage.begin("old").await;
    stage.until("old", |parcel| parcel.state["isPacked"] == true).await;
    worker.stop().await;
    let parcel = |version| Arc::new(Parcel::new(&stage.world, version, Duration::from_secs(60)));

    // A program that does not know the old version any more leaves its instances alone.
    let newer = stage.upgraded(vec![parcel(2)]);
    let worker = newer.work();
    newer.begin("new").await;
    newer.go("new").await;
    newer.go("old").await;
    assert_eq!(newer.end("new").await, "sent after 1 words");
    worker.stop().await;
    let old = stage.find("old").await.unwrap();
    assert_eq!((old.status, old.state["by"].clone()), (WorkflowStatus::Running, json!(1)));

    let both = stage.upgraded(vec![parcel(1), parcel(2)]);
    let worker = both.work();

    assert_eq!(both.end("old").await, "sent after 1 words");
    worker.stop().await;
    assert_eq!(stage.find("old").await.unwrap().state["by"], 1);
    assert_eq!(stage.find("new").await.unwrap().state["by"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn deciding_the_past_once_more_decides_the_same() {
    let stage = Stage::new().await;
    let worker = stage.work();
    stage.go("p").await;
    stage.begin("p").await;
    stage.end("p").await;
    worker.stop().await;

    let again = Parcel::new(&Arc::new(World::default()), 1, Duration::from_secs(60));
    let mut state = Value::Null;
    for step in stage.steps("p").await {
        let happening: Happening = serde_json::from_value(step.happening).unwrap();
        let decision = again.step(&state, &happening, step.at).unwrap();
        let commands: Vec<Command> = serde_json::from_value(step.commands).unwrap();
        assert_eq!(decision.commands, commands);
        state = decision.state;
    }
    assert_eq!(state, stage.find("p").await.unwrap().state);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_round_for_ever_goes_round_once_at_a_time_and_forgets_its_past() {
    let (rounds, at_once) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (counted, inside) = (rounds.clone(), at_once.clone());
    let recurring = Recurring::new("sweep", Duration::from_millis(1), move |_| {
        let (counted, inside) = (counted.clone(), inside.clone());
        async move {
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two rounds at once");
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(Value::Null)
        }
    });
    let stage = Stage::with(Arc::default(), vec![Arc::new(recurring)]).await;
    let workers = [stage.work(), stage.work()];

    while rounds.load(Ordering::SeqCst) < 130 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let sweep = stage.find("sweep").await.unwrap();
    stage.workflows.cancel(&super::stage::staff(), sweep.id, "enough").await.unwrap();
    let before = rounds.load(Ordering::SeqCst);
    while rounds.load(Ordering::SeqCst) < before + 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert!(stage.runs("sweep").await.len() <= 100);
    assert_eq!(stage.find("sweep").await.unwrap().status, WorkflowStatus::Running);
}
