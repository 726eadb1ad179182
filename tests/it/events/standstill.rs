//! A relay that stands still longer than its lease: another takes its place, and when it wakes up it changes nothing.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tokio_util::sync::CancellationToken;
use vectis_tests::TestHost;
use vectis_tests::broker::Broker;

use super::kills::{heard, tell};
use super::logs::kafka;
use super::processes::Process;

/// Most events of one batch, see [`Process`].
const BATCH: usize = 100;

async fn tell_for(shop: &TestHost, time: Duration) -> usize {
    let stop = CancellationToken::new();
    let (told, ()) = tokio::join!(tell(shop, &stop), async {
        tokio::time::sleep(time).await;
        stop.cancel();
    });
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_stood_still_is_shut_out_and_swaps_nothing() {
    let Some(broker) = Broker::start_new().await else { return };
    let shop = TestHost::demo().await;
    let log = kafka(&broker);

    let zombie = Process::start(&shop, "relay", &broker.address()).await;
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        zombie.signal(Signal::SIGSTOP);
    };
    let (mut told, ()) = tokio::join!(tell_for(&shop, Duration::from_secs(3)), stopping);
    let successor = Process::start(&shop, "relay", &broker.address()).await;
    let stopped = Instant::now();
    let (sequences, _) = heard(&log, told).await;
    let arrived: usize = sequences.values().map(Vec::len).sum();
    println!("{arrived} of {told} events arrived {:?} after a relay was stopped", stopped.elapsed());
    assert_eq!(arrived, told, "the other relay takes over");

    zombie.signal(Signal::SIGCONT);
    told += tell_for(&shop, Duration::from_secs(3)).await;
    let (sequences, copies) = heard(&log, told).await;
    let arrived: usize = sequences.values().map(Vec::len).sum();
    println!("{told} events told, {} copies more", copies - arrived);
    assert_eq!(arrived, told);
    assert!(copies - arrived <= BATCH, "{} copies", copies - arrived);
    for (aggregate, seen) in &sequences {
        assert_eq!(*seen, (1..).take(seen.len()).collect::<Vec<i64>>(), "{aggregate}");
    }
    zombie.kill().await;
    successor.kill().await;
}
