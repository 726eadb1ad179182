//! Whoever tells webhooks dies at any moment: all is told, and what is told twice says so by its id.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;
use vectis_db::outbox;
use vectis_kernel::{Ctx, Event};
use vectis_tests::TestHost;
use vectis_tests::receiver::Receiver;

use super::{make, shop_with, until};
use crate::events::processes::Process;

/// Facts of so many aggregates.
pub(super) async fn tell(shop: &TestHost, count: usize) {
    for first in (0..count).step_by(20) {
        let group = |number: usize| {
            let id = Uuid::from_u128(number as u128 + 1);
            Event::new(
                "vectis.accounts.group_created.v1",
                "group",
                id,
                json!({ "groupId": id, "name": "load" }),
            )
        };
        let events: Vec<Event> = (first..count.min(first + 20)).map(group).collect();
        let mut tx = shop.db.begin().await.unwrap();
        outbox::append(&mut tx, &Ctx::system("load"), &events).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_while_they_tell_lose_nothing() {
    const EVENTS: usize = 600;
    const KILLS: usize = 6;
    let shop = shop_with(|config| config.events.run_in_server = false).await;
    let (staff, receiver) = (shop.staff().await, Receiver::start().await);
    let hook = make(&staff, &receiver.url("/hook"), &["vectis.accounts.group_created.v1"]).await;
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let settings = [
        ("webhooks.allow_http", "true"),
        ("webhooks.addresses", "[\"127.0.0.1\"]"),
        ("webhooks.timeout", "1s"),
        ("webhooks.retry_wait", "100ms"),
    ];
    let start = async || Process::start_with(&shop, "consume", "", &settings).await;

    tell(&shop, EVENTS).await;
    let mut processes = vec![start().await, start().await];
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
        processes.remove(random.random_range(0..2)).kill().await;
        processes.push(start().await);
    }
    let count = "SELECT COUNT(*) FROM webhooks.delivery WHERE status = 'delivered'";
    until("all is delivered", async || {
        let delivered: i64 = sqlx::query_scalar(count).fetch_one(shop.db.pool()).await.unwrap();
        (usize::try_from(delivered).unwrap() == EVENTS).then_some(())
    })
    .await;
    for process in processes {
        process.kill().await;
    }

    let told = receiver.told("/hook");
    let ids: BTreeSet<&str> = told.iter().map(|told| told.id()).collect();
    let things: BTreeSet<String> =
        told.iter().map(|told| told.envelope()["aggregateId"].as_str().unwrap().to_owned()).collect();
    println!("seed {seed}: {KILLS} processes killed, {} requests for {} events", told.len(), ids.len());
    assert_eq!((ids.len(), things.len()), (EVENTS, EVENTS));
    assert!(told.iter().all(|told| super::signature::is_signed(told, &hook.secret)));
    shop.stop().await;
}
