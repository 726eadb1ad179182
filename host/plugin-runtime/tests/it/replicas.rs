//! Several processes on one database.

use std::sync::Arc;

use vectis_contracts::plugin_releases::{PluginReleases, Replica};
use vectis_contracts::plugins::Plugins;
use vectis_plugin_runtime::{Grant, PluginRuntime, trust};

use crate::libraries::fault_plugin;
use crate::life::version;
use crate::refusals::assert_says;
use crate::shop::{Folder, Shop, ctx};

/// Another process of the shop, with files of its own.
async fn beside(shop: &Shop, files: &[(&str, &[u8])]) -> Shop {
    let folder = Folder::new(files);
    let (channels, releases) = (shop.folder.channels.clone(), shop.folder.releases.clone());
    let folder = Folder { channels, releases, ..folder };
    let options = folder.options();
    let runtime = PluginRuntime::start(options, folder.channels.clone(), folder.releases.clone()).await;
    Shop { runtime: runtime.unwrap(), folder }
}

async fn reports(shop: &Shop) -> Vec<Replica> {
    shop.folder.releases.replicas().await.unwrap()
}

#[tokio::test]
async fn all_processes_follow_a_swap_and_say_so() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    let two = beside(&one, &[("fault.so", fault_plugin())]).await;
    two.bring("newer.so", &version("1.1.0", 7));
    one.install("newer.so", &version("1.1.0", 7)).await;

    one.swap("1.1.0").await.unwrap();
    two.runtime.refresh().await.unwrap();

    assert_eq!((one.adds(), two.adds()), (7, 7));
    let reports = reports(&one).await;
    assert_eq!(reports.len(), 2);
    for replica in &reports {
        assert_eq!(replica.revision, 1);
        assert_eq!(replica.running[0].running.as_ref().unwrap().version, "1.1.0");
        assert_eq!(replica.running[0].problem, None);
    }
    assert_ne!(reports[0].id, reports[1].id);
}

#[tokio::test]
async fn a_process_that_lacks_the_file_says_so_keeps_what_it_has_and_follows_when_the_file_comes() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    let two = beside(&one, &[("fault.so", fault_plugin())]).await;
    one.install("newer.so", &version("1.1.0", 7)).await;

    one.swap("1.1.0").await.unwrap();
    two.runtime.refresh().await.unwrap();

    assert_eq!(two.adds(), 0);
    let list = two.list().await;
    let sentence = crate::shop::refusals(&list)[0];
    assert_says(
        sentence,
        &[
            "fault 1.1.0 (",
            "refused at step read: the shop wants the version with the SHA-256 ",
            ", and no file of this machine has it; copy it into ",
            "; fault 1.0.0 keeps answering",
        ],
    );
    let reports = reports(&one).await;
    let lacking = reports.iter().find(|replica| replica.running[0].problem.is_some()).unwrap();
    assert_eq!(lacking.running[0].running.as_ref().unwrap().version, "1.0.0");
    assert_eq!(lacking.running[0].problem.as_deref(), Some(sentence));

    two.bring("whatever-name.so", &version("1.1.0", 7));
    two.runtime.refresh().await.unwrap();
    assert_eq!((two.adds(), two.list().await.len()), (7, 1));
}

#[tokio::test]
async fn a_process_follows_to_a_version_that_was_trusted_after_it_had_started() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    let two = beside(&one, &[("fault.so", fault_plugin())]).await;
    let options = two.folder.options();
    trust(&options.trust, &options.folder, "fault", &Grant::default()).unwrap();
    two.runtime.reload(&ctx()).await.unwrap();
    two.bring("newer.so", &version("1.1.0", 7));
    one.install("newer.so", &version("1.1.0", 7)).await;
    let file = two.folder.path("inbox/newer.so").display().to_string();

    trust(&options.trust, &options.folder, &file, &Grant::default()).unwrap();
    one.swap("1.1.0").await.unwrap();
    two.runtime.refresh().await.unwrap();

    assert_eq!(two.adds(), 7);
}

#[tokio::test]
async fn a_process_that_only_followed_can_roll_back_too() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    let two = beside(&one, &[("fault.so", fault_plugin())]).await;
    two.bring("newer.so", &version("1.1.0", 7));
    one.install("newer.so", &version("1.1.0", 7)).await;
    one.swap("1.1.0").await.unwrap();
    two.runtime.refresh().await.unwrap();
    two.folder.remove("fault.so");

    two.runtime.rollback(&ctx(), "fault").await.unwrap();
    one.runtime.refresh().await.unwrap();

    assert_eq!((one.adds(), two.adds()), (0, 0));
}

#[tokio::test]
async fn a_process_that_starts_later_begins_with_what_was_decided() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    one.install("newer.so", &version("1.1.0", 7)).await;
    one.swap("1.1.0").await.unwrap();

    let two = beside(&one, &[("older.so", fault_plugin()), ("newer.so.part", b"")]).await;
    two.bring("newer.so", &version("1.1.0", 7));
    two.runtime.refresh().await.unwrap();

    assert_eq!(two.adds(), 7);
}

#[tokio::test]
async fn a_process_that_stops_is_no_longer_listed() {
    let one = Shop::with(&[("fault.so", fault_plugin())]).await;
    let two = beside(&one, &[]).await;
    assert_eq!(reports(&one).await.len(), 2);

    two.runtime.retire().await;

    assert_eq!(reports(&one).await.len(), 1);
    drop::<Arc<PluginRuntime>>(two.runtime);
}
