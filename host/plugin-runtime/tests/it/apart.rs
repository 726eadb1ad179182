//! Versions of a plugin that runs in processes of its own: each has its own, and they go when nobody needs them any more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use vectis_contracts::plugins::{Isolation, Plugin, PluginStatus, Plugins};
use vectis_contracts::points::{PointError, Strategies};
use vectis_plugin_runtime::{Fallback, Grant, Quarantine, RuntimeOptions, TrustOptions, trust};

use crate::libraries::{fault_plugin, with};
use crate::life::{refused, version};
use crate::questions::cart;
use crate::shop::{Folder, SHOP, Shop, ctx};

async fn shop(change: impl FnOnce(&mut RuntimeOptions)) -> Shop {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    let mut options = folder.options_apart();
    options.call_budget = Duration::from_secs(10);
    change(&mut options);
    folder.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
}

/// A version that ends its process at the first question.
fn aborting(number: &str) -> Vec<u8> {
    let bytes = with(fault_plugin(), "version = \"1.0.0\"", &format!("version = \"{number}\""));
    with(&bytes, "built-in surcharge 000000", "built-in surcharge aborts")
}

async fn running(shop: &Shop) -> Plugin {
    shop.list().await.into_iter().find(|plugin| plugin.isolation.is_some()).unwrap()
}

async fn pids(shop: &Shop) -> Vec<u32> {
    running(shop).await.processes.unwrap().pids
}

fn is_there(pid: u32) -> bool {
    std::path::Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn the_processes_of_an_old_version_live_until_its_last_request_ends() {
    let shop = shop(|_| ()).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    let old = pids(&shop).await;
    let request = shop.request();

    shop.swap("1.1.0").await.unwrap();

    assert_eq!(shop.adds(), 7);
    let pricing = shop.runtime.pricing(&request, SHOP).unwrap();
    let priced = pricing.price(&cart("A-1", 1)).unwrap();
    assert_eq!(priced[0].unwrap().unit_price.micros, 1_000_000);
    assert!(old.iter().any(|pid| is_there(*pid)));
    drop((pricing, request));
    let start = Instant::now();
    while old.iter().any(|pid| is_there(*pid)) {
        assert!(start.elapsed() < Duration::from_secs(30), "{old:?} go on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    shop.roll_back().await.unwrap();
    assert_eq!(shop.adds(), 0);
}

#[tokio::test]
async fn a_version_that_crashes_at_the_first_questions_does_not_take_over() {
    let shop = shop(|_| ()).await;
    shop.install("crashing.so", &aborting("1.1.0")).await;
    let before = pids(&shop).await;

    let (_, sentence) = refused(shop.swap("1.1.0").await);

    assert!(
        sentence.contains("self-test") && sentence.contains("its process died with SIGABRT"),
        "{sentence}"
    );
    assert_eq!((shop.adds(), running(&shop).await.version.as_str()), (0, "1.0.0"));
    assert!(before.iter().all(|pid| is_there(*pid)));
    let health = shop.runtime.health(&ctx()).await.unwrap();
    assert_eq!(health.plugins[0].last_refusal.as_ref().unwrap().sentence, sentence);
}

#[tokio::test]
async fn the_version_before_answers_in_place_of_one_that_was_given_up() {
    for is_apart in [false, true] {
        let shop = shop(|options| {
            if !is_apart {
                options.isolation.by_plugin.insert("fault".to_owned(), Isolation::InProcess);
            }
            options.quarantine = Quarantine { faults: 1, window: Duration::from_secs(60) };
            options.fallback = BTreeMap::from([("vectis.pricing".to_owned(), Fallback::PreviousVersion)]);
        })
        .await;
        shop.install("newer.so", &version("1.1.0", 7)).await;
        shop.swap("1.1.0").await.unwrap();
        let before = shop.list().await;
        assert!(before.iter().all(|plugin| plugin.status == PluginStatus::Loaded), "{before:?}");

        let failed = shop.pricing().unwrap().price(&cart("panic", 1));

        assert!(matches!(failed, Err(PointError::Failed { .. })), "{failed:?}");
        assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
        assert_eq!(shop.adds(), 0);
        let PluginStatus::Quarantined(why) = running(&shop).await.status else { panic!("it is not told of") };
        assert!(
            why.starts_with("vectis.pricing fault-pricing without a configuration: it panicked 1 times"),
            "{why}"
        );
        assert!(why.ends_with("; fault 1.0.0 answers in its place"), "{why}");
        // Its neighbours are told with the next report.
        shop.runtime.refresh().await.unwrap();
        let health = shop.runtime.health(&ctx()).await.unwrap();
        assert_eq!(health.replicas[0].running[0].problem.as_ref(), Some(&why));
        // A reload gives it another chance.
        shop.reload().await;
        assert_eq!((shop.adds(), running(&shop).await.status), (7, PluginStatus::Loaded));
    }
}

#[tokio::test]
async fn without_a_version_before_the_operation_fails() {
    let shop = shop(|options| {
        options.quarantine = Quarantine { faults: 1, window: Duration::from_secs(60) };
        options.fallback = BTreeMap::from([("vectis.pricing".to_owned(), Fallback::PreviousVersion)]);
    })
    .await;
    shop.pricing().unwrap().price(&cart("panic", 1)).unwrap_err();

    let failed = shop.pricing().unwrap().price(&cart("A-1", 1));

    assert!(matches!(failed, Err(PointError::Failed { .. })), "{failed:?}");
    assert!(
        matches!(running(&shop).await.status, PluginStatus::Quarantined(why) if !why.contains("in its place"))
    );
}

#[tokio::test]
async fn what_the_lock_file_says_of_a_content_goes_before_what_is_configured_for_its_name() {
    let folder = Folder::new(&[("fault.so", fault_plugin())]);
    let mut options = folder.options_apart();
    options.isolation.by_plugin.insert("fault".to_owned(), Isolation::InProcess);
    let (place, path) = (options.folder.clone(), folder.path("fault.so").display().to_string());
    let lock = TrustOptions { lock_file: options.trust.lock_file.clone(), ..TrustOptions::default() };
    let shop = folder.start_with(options).await.ok().unwrap();
    assert_eq!(running(&shop).await.isolation, Some(Isolation::InProcess));

    for isolation in [Isolation::Process, Isolation::InProcess] {
        let grant = Grant { isolation: Some(isolation), ..Grant::default() };
        trust(&lock, &place, &path, &grant).unwrap();
        shop.reload().await;

        assert_eq!(running(&shop).await.isolation, Some(isolation));
        assert_eq!(shop.adds(), 0);
    }
    shop.reload().await;
    let trail = shop.folder.releases.trail();
    let grants: Vec<&str> =
        trail.iter().filter(|line| line.contains("granted")).map(String::as_str).collect();
    let expected = ["process", "in-process"];
    assert_eq!(grants, expected.map(|place| format!("system:test granted fault 1.0.0 trusted {place}")));
}
