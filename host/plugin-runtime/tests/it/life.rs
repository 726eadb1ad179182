//! Installing, swapping, rolling back, switching off: what staff decide about versions.

use vectis_contracts::plugin_releases::ReleaseAction;
use vectis_contracts::plugins::{Installed, PluginCode, PluginStatus, Plugins, SwapPlugin};
use vectis_contracts::points::PointError;
use vectis_kernel::Failure;
use vectis_plugin_runtime::{Grant, trust};

use crate::libraries::{fault_plugin, golden, template, with};
use crate::questions::cart;
use crate::refusals::assert_says;
use crate::shop::{Shop, ctx, loaded, refusals, surcharge};

/// A version whose prices tell which it is: `adds` millionths more than the list says.
pub(crate) fn version(number: &str, adds: u32) -> Vec<u8> {
    let bytes = with(fault_plugin(), "version = \"1.0.0\"", &format!("version = \"{number}\""));
    with(&bytes, "built-in surcharge 000000", &format!("built-in surcharge {adds:06}"))
}

/// A version that does not start.
fn broken(number: &str) -> Vec<u8> {
    let bytes = with(fault_plugin(), "version = \"1.0.0\"", &format!("version = \"{number}\""));
    with(&bytes, "built-in surcharge 000000", "built-in surcharge broken")
}

impl Shop {
    /// Puts a file into the inbox.
    pub(crate) fn bring(&self, name: &str, bytes: &[u8]) {
        let inbox = self.folder.path("inbox");
        std::fs::create_dir_all(&inbox).unwrap();
        std::fs::write(inbox.join(name), bytes).unwrap();
    }

    pub(crate) async fn install(&self, name: &str, bytes: &[u8]) -> Installed {
        self.bring(name, bytes);
        self.runtime.install(&ctx(), name).await.unwrap()
    }

    pub(crate) async fn swap(&self, to: &str) -> Result<(), Failure<PluginCode>> {
        let swap = SwapPlugin { plugin: "fault".to_owned(), to: to.to_owned(), confirm_differences: false };
        self.runtime.swap(&ctx(), swap).await
    }

    pub(crate) async fn roll_back(&self) -> Result<(), Failure<PluginCode>> {
        self.runtime.rollback(&ctx(), "fault").await
    }

    /// What is added to every price now.
    pub(crate) fn adds(&self) -> i64 {
        let priced = self.pricing().unwrap().price(&cart("A-1", 1)).unwrap();
        priced[0].unwrap().unit_price.micros - 1_000_000
    }
}

pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure<PluginCode>>) -> (PluginCode, String) {
    let failure = outcome.unwrap_err();
    let [refusal] = failure.refusals() else { panic!("{failure:?}") };
    (refusal.code, refusal.message.clone())
}

#[tokio::test]
async fn a_new_plugin_is_in_force_as_soon_as_it_is_installed() {
    let shop = Shop::with(&[]).await;

    let installed = shop.install("acme.so", &version("1.0.0", 5)).await;

    assert!(installed.is_in_force);
    assert_eq!((shop.adds(), loaded(&shop.list().await)), (5, vec!["fault 1.0.0".to_owned()]));
    assert_eq!(shop.folder.releases.actions(), [ReleaseAction::Install]);
    assert_eq!(
        shop.folder.releases.trail(),
        ["system:test installed fault 1.0.0", "system:plugins loaded fault 1.0.0 unsigned"]
    );
}

#[tokio::test]
async fn a_newer_version_waits_for_a_swap_and_a_rollback_takes_back() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;

    let installed = shop.install("fault-1.1.so", &version("1.1.0", 7)).await;
    assert_eq!((installed.is_in_force, shop.adds()), (false, 0));
    shop.swap("1.1.0").await.unwrap();
    assert_eq!(shop.adds(), 7);
    shop.roll_back().await.unwrap();
    assert_eq!(shop.adds(), 0);
    shop.roll_back().await.unwrap();
    assert_eq!(shop.adds(), 7);

    use ReleaseAction::{Rollback, Swap};
    assert_eq!(shop.folder.releases.actions(), [Swap, Rollback, Rollback]);
}

#[tokio::test]
async fn a_request_that_runs_keeps_its_version() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    let running = shop.request();

    shop.swap("1.1.0").await.unwrap();

    use vectis_contracts::points::Strategies;
    let pricing = shop.runtime.pricing(&running, crate::shop::SHOP).unwrap();
    assert_eq!(pricing.name(), "fault/fault-pricing@1.0.0");
    assert_eq!(shop.adds(), 7);
}

#[tokio::test]
async fn a_restart_keeps_what_was_decided_and_can_still_roll_back() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    shop.swap("1.1.0").await.unwrap();
    let Shop { folder, runtime } = shop;
    drop(runtime);
    // Whatever lies in the folder now: the versions are kept.
    folder.remove("fault.so");

    let shop = folder.start().await;

    assert_eq!(shop.adds(), 7);
    shop.roll_back().await.unwrap();
    assert_eq!(shop.adds(), 0);
}

#[tokio::test]
async fn a_version_that_does_not_start_as_a_channel_wants_it_does_not_take_over() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", surcharge(3));
    shop.runtime.refresh().await.unwrap();
    shop.install("broken.so", &broken("1.1.0")).await;
    let strict = with(&version("1.2.0", 7), "minimum = -1000000", "minimum = +1000000");
    shop.install("strict.so", &strict).await;

    let (code, sentence) = refused(shop.swap("1.1.0").await);
    let (_, strict) = refused(shop.swap("1.2.0").await);

    assert_eq!(code, PluginCode::PluginFailed);
    assert_says(
        &sentence,
        &[
            "fault 1.1.0 (",
            "refused at step construct: vectis.pricing fault-pricing in channel shop: panicked at",
            "the surcharge is no number",
        ],
    );
    assert_says(
        &strict,
        &["refused at step config: vectis.pricing fault-pricing in channel shop: /surcharge_micros"],
    );
    assert_eq!((shop.adds(), shop.folder.releases.now().revision), (3, 0));
    assert!(shop.folder.releases.trail().contains(&"system:test refused fault".to_owned()));
}

#[tokio::test]
async fn a_version_that_lacks_what_answers_now_does_not_take_over() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let other = with(&version("1.1.0", 0), "\nfault-pricing = \"F", "\nother-pricing = \"F");
    let other = with(&other, "[config.fault-pricing", "[config.other-pricing");
    shop.bring("other.so", &other);

    // Its code still calls itself by the old name, so it is refused before; the rest of the sentence is that of a swap.
    let (code, sentence) = refused(shop.runtime.install(&ctx(), "other.so").await);

    assert_eq!(code, PluginCode::PluginFailed);
    assert_says(&sentence, &["refused at step entry points"]);
    shop.folder.bind("vectis.pricing", surcharge(3));
    shop.folder.channels.bind(crate::shop::binding(
        crate::shop::OUTLET,
        "vectis.pricing",
        ("fault", "gone-pricing"),
        surcharge(0),
    ));
    shop.runtime.refresh().await.unwrap();
    shop.install("newer.so", &version("1.1.0", 7)).await;
    let (_, sentence) = refused(shop.swap("1.1.0").await);
    assert_says(
        &sentence,
        &["refused at step entry points: it does not offer vectis.pricing gone-pricing in channel outlet"],
    );
}

#[tokio::test]
async fn only_names_of_files_in_the_inbox_are_installed() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.bring(".hidden.so", fault_plugin());
    let absolute = shop.folder.path("fault.so").display().to_string();

    for name in ["../fault.so", "./../fault.so", "none.so", "", "..", ".hidden.so", "/etc/passwd", &absolute]
    {
        let (code, sentence) = refused(shop.runtime.install(&ctx(), name).await);
        assert_eq!(code, PluginCode::FileNotFound, "{name}");
        assert_says(&sentence, &["there is no file ", " in the inbox ", "; copy it there"]);
    }
    assert!(!shop.folder.path("versions").exists());
}

#[tokio::test]
async fn a_file_that_is_refused_is_not_kept_and_the_trail_has_it() {
    let shop = Shop::with(&[]).await;
    shop.bring("acme.so", b"hello");

    let (code, sentence) = refused(shop.runtime.install(&ctx(), "acme.so").await);

    assert_eq!(code, PluginCode::PluginFailed);
    assert_says(&sentence, &["acme.so refused at step elf: it is not an ELF library"]);
    assert!(!shop.folder.path("versions").exists());
    assert_eq!(shop.folder.releases.trail(), ["system:test refused acme.so"]);
}

#[tokio::test]
async fn a_kept_version_that_somebody_changed_is_refused() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let installed = shop.install("newer.so", &version("1.1.0", 7)).await;
    let kept = shop.folder.path("versions").join(format!("{}.so", installed.version.sha256));
    shop.swap("1.1.0").await.unwrap();
    shop.roll_back().await.unwrap();
    std::fs::write(&kept, version("1.1.0", 8)).unwrap();

    let (_, sentence) = refused(shop.roll_back().await);

    assert_says(&sentence, &["refused at step sha256: its SHA-256 is ", "somebody changed it"]);
    assert_eq!(shop.adds(), 0);
}

#[tokio::test]
async fn a_version_is_named_by_number_or_by_the_start_of_its_hash() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let (code, sentence) = refused(shop.swap("1.1.0").await);
    assert_eq!(code, PluginCode::VersionNotFound);
    assert_says(&sentence, &["no version of fault is installed here; install one first"]);

    let first = shop.install("a.so", &version("1.1.0", 7)).await.version;
    shop.install("b.so", &version("1.1.0", 8)).await;

    assert_says(
        &refused(shop.swap("1.2.0").await).1,
        &["fault 1.2.0 is not installed here; there are 1.1.0 ("],
    );
    assert_says(
        &refused(shop.swap("1.1.0").await).1,
        &["1.1.0 is the version of several files; name one by its SHA"],
    );
    assert_says(&refused(shop.swap(&first.sha256[..4]).await).1, &["is not installed here"]);
    shop.swap(&first.sha256[..6]).await.unwrap();
    assert_eq!(shop.adds(), 7);
}

#[tokio::test]
async fn a_version_whose_file_was_spoiled_is_swapped_away_from_but_not_back_to() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    shop.folder.put("fault.so", b"spoiled");
    shop.reload().await;
    assert_eq!(shop.adds(), 0);

    shop.swap("1.1.0").await.unwrap();

    assert_eq!(shop.adds(), 7);
    assert_eq!(refused(shop.roll_back().await).0, PluginCode::NothingToRollBackTo);
}

#[tokio::test]
async fn what_was_never_swapped_cannot_be_rolled_back() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;

    let (code, _) = refused(shop.roll_back().await);

    assert_eq!(code, PluginCode::NothingToRollBackTo);
}

#[tokio::test]
async fn a_disabled_plugin_answers_nowhere_until_it_is_enabled() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", surcharge(3));
    shop.runtime.refresh().await.unwrap();

    shop.runtime.set_enabled(&ctx(), "fault", false).await.unwrap();

    let error = shop.pricing().err().unwrap().to_string();
    assert_says(&error, &["fault 1.0.0 is disabled; vectis plugins enable fault lets it answer again"]);
    assert!(matches!(shop.approval(), Err(PointError::Missing { .. })));
    let list = shop.reload().await;
    assert!(matches!(&list[..], [plugin] if matches!(plugin.status, PluginStatus::Disabled(_))), "{list:#?}");
    shop.runtime.set_enabled(&ctx(), "fault", false).await.unwrap();

    shop.runtime.set_enabled(&ctx(), "fault", true).await.unwrap();
    assert_eq!(shop.adds(), 3);
    assert_eq!(shop.folder.releases.actions(), [ReleaseAction::Disable, ReleaseAction::Enable]);
    let (code, _) = refused(shop.runtime.set_enabled(&ctx(), "acme", false).await);
    assert_eq!(code, PluginCode::PluginNotFound);
}

#[tokio::test]
async fn a_file_dropped_over_a_decision_waits_and_says_so() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.install("newer.so", &version("1.1.0", 7)).await;
    shop.swap("1.1.0").await.unwrap();

    shop.folder.put("fault.so", &version("1.2.0", 8));
    let list = shop.reload().await;

    assert_eq!(shop.adds(), 7);
    let aside = list.iter().find_map(|plugin| match &plugin.status {
        PluginStatus::Superseded(sentence) => Some(sentence.as_str()),
        _ => None,
    });
    assert_eq!(
        aside,
        Some(
            "fault 1.2.0 (fault.so) is not in force: the shop has decided on 1.1.0; install this file and swap to it"
        )
    );
}

#[tokio::test]
async fn a_version_that_was_revoked_neither_runs_nor_comes_back() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let newer = shop.install("newer.so", &version("1.1.0", 7)).await.version;
    let options = shop.folder.options();
    let kept = shop.folder.path("versions").join(format!("{}.so", newer.sha256)).display().to_string();
    shop.swap("1.1.0").await.unwrap();
    trust(&options.trust, &options.folder, "fault", &Grant::default()).unwrap();
    vectis_plugin_runtime::revoke(&options.trust, &options.folder, &kept).unwrap();

    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault 1.0.0"]);
    assert_says(
        refusals(&list)[0],
        &["refused at step trust: plugins.lock revokes it", "fault 1.0.0 keeps answering"],
    );
    shop.roll_back().await.unwrap();
    assert_says(&refused(shop.roll_back().await).1, &["plugins.lock revokes it"]);
}

#[tokio::test]
async fn what_the_operator_said_counts_for_a_swap_without_a_reload() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let newer = shop.install("newer.so", &version("1.1.0", 7)).await.version;
    let options = shop.folder.options();
    let kept = shop.folder.path("versions").join(format!("{}.so", newer.sha256)).display().to_string();

    vectis_plugin_runtime::revoke(&options.trust, &options.folder, &kept).unwrap();
    assert_says(&refused(shop.swap("1.1.0").await).1, &["plugins.lock revokes it"]);
    trust(&options.trust, &options.folder, &kept, &Grant::default()).unwrap();
    shop.bring("other.so", &version("1.2.0", 8));
    assert_says(
        &refused(shop.runtime.install(&ctx(), "other.so").await).1,
        &["plugins.lock trusts fault with"],
    );
    shop.swap("1.1.0").await.unwrap();
    assert_eq!(shop.adds(), 7);

    std::fs::write(&options.trust.lock_file, "schema = ").unwrap();
    assert_says(&refused(shop.roll_back().await).1, &["the lock file ", "is not understood"]);
}

#[tokio::test]
async fn health_tells_versions_calls_errors_and_latencies() {
    let shop = Shop::with(&[("fault.so", fault_plugin()), ("template.so", template())]).await;
    shop.folder.bind("vectis.pricing", surcharge(0));
    shop.runtime.refresh().await.unwrap();
    let installed = shop.install("newer.so", &version("1.1.0", 7)).await.version;
    shop.adds();
    shop.swap("1.1.0").await.unwrap();
    shop.adds();
    assert!(shop.pricing().unwrap().price(&cart("error", 1)).is_err());
    assert!(shop.pricing().unwrap().price(&cart("negative", 1)).is_err());

    let health = shop.runtime.health(&ctx()).await.unwrap();

    let fault = health.plugins.iter().find(|plugin| plugin.plugin.version == "1.1.0").unwrap();
    assert_eq!(fault.previous.as_ref().unwrap().version, "1.0.0");
    assert!(fault.installed.contains(&installed) && fault.installed.len() == 2);
    let pricing = fault.calls.iter().find(|calls| calls.point == "vectis.pricing").unwrap();
    // Over both versions, without the first questions of either.
    assert_eq!((pricing.calls, pricing.errors), (4, 2));
    assert!(pricing.p50.unwrap() <= pricing.p99.unwrap() && pricing.p99.unwrap() <= pricing.total * 2);
    assert_eq!(pricing.last_error.as_deref(), Some("line 0 has the negative unit price -1 millionths"));
    assert_eq!(health.revision, 1);
}

#[tokio::test]
async fn a_frozen_plugin_of_an_older_api_is_installed_like_any_other() {
    let shop = Shop::with(&[]).await;

    let installed = shop.install("golden.so", &golden("golden-1.0.so")).await;

    assert_eq!((installed.plugin.as_str(), installed.is_in_force), ("golden", true));
}
