//! The folder changes under a running shop.

use std::collections::BTreeSet;

use serde_json::json;
use vectis_contracts::points::{PointError, Strategies};

use crate::libraries::{fault_plugin, template, with};
use crate::questions::cart;
use crate::shop::{SHOP, Shop, loaded, refusals, surcharge};

fn fault_1_1() -> Vec<u8> {
    with(fault_plugin(), "version = \"1.0.0\"", "version = \"1.1.0\"")
}

#[tokio::test]
async fn a_new_file_is_loaded() {
    let shop = Shop::with(&[]).await;
    assert!(matches!(shop.pricing(), Err(PointError::Missing { .. })));

    shop.folder.put("fault.so", fault_plugin());
    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault 1.0.0"]);
    assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
}

#[tokio::test]
async fn a_missing_file_is_taken_out() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", json!({}));

    shop.folder.remove("fault.so");
    let list = shop.reload().await;

    assert_eq!(list, []);
    assert!(
        matches!(shop.pricing(), Err(PointError::Failed { plugin, .. }) if plugin == "fault/fault-pricing")
    );
    assert!(matches!(shop.approval(), Err(PointError::Missing { .. })));
}

#[tokio::test]
async fn a_changed_file_takes_over_and_a_running_request_keeps_the_old_one() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", surcharge(3));
    shop.runtime.refresh().await.unwrap();
    let running = shop.request();

    shop.folder.put("fault.so", &fault_1_1());
    assert_eq!(loaded(&shop.reload().await), ["fault 1.1.0"]);

    let name = |ctx| shop.runtime.pricing(ctx, SHOP).unwrap().name().to_owned();
    assert_eq!(name(&running), "fault/fault-pricing@1.0.0");
    assert_eq!(name(&shop.request()), "fault/fault-pricing@1.1.0");
    let priced = shop.pricing().unwrap().price(&cart("A-1", 1)).unwrap();
    assert_eq!(priced[0].unwrap().unit_price.micros, 1_000_003);
}

#[tokio::test]
async fn a_changed_file_that_is_refused_leaves_the_old_version_answering() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let whole = fault_1_1();

    for (broken, step) in [
        (whole[..whole.len() / 2].to_vec(), "fault.so refused at step elf"),
        (with(&whole, "api = \"^1.0\"", "api = \"^1.9\""), "fault 1.1.0 (fault.so) refused at step api"),
    ] {
        shop.folder.put("fault.so", &broken);
        let list = shop.reload().await;

        assert_eq!(loaded(&list), ["fault 1.0.0"]);
        let [sentence] = refusals(&list)[..] else { panic!("{list:#?}") };
        assert!(
            sentence.starts_with(step) && sentence.ends_with("; fault 1.0.0 keeps answering"),
            "{sentence}"
        );
        assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
    }
    shop.folder.put("fault.so", &whole);
    assert_eq!(loaded(&shop.reload().await), ["fault 1.1.0"]);
}

#[tokio::test]
async fn a_new_version_that_no_longer_takes_the_configuration_leaves_the_old_one_in_that_channel() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", surcharge(3));
    shop.runtime.refresh().await.unwrap();

    let stricter = with(&fault_1_1(), "minimum = -1000000", "minimum = +1000000");
    shop.folder.put("fault.so", &stricter);
    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault 1.1.0"]);
    assert_eq!(
        refusals(&list),
        [
            "fault 1.1.0 (fault.so) refused at step config: vectis.pricing fault-pricing in channel shop: /surcharge_micros: 3 \
          is less than the minimum of 1000000; fault 1.0.0 keeps answering there as before"
        ]
    );
    assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
    assert_eq!(shop.approval().unwrap().name(), "fault/fault-approval@1.1.0");
}

#[tokio::test]
async fn an_unchanged_plugin_goes_on_with_the_same_instance() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let before = shop.pricing().unwrap();

    shop.folder.put("template.so", template());
    shop.folder.bind("vectis.pricing", json!({}));
    shop.reload().await;
    let bound = shop.pricing().unwrap();
    shop.reload().await;

    // Bound by name it is another instance than the one that answered unbound; after that it stays.
    assert!(!std::sync::Arc::ptr_eq(&before, &bound));
    assert!(std::sync::Arc::ptr_eq(&bound, &shop.pricing().unwrap()));
}

#[tokio::test]
async fn a_version_that_comes_back_is_not_mapped_again() {
    let shop = Shop::with(&[("again.so", fault_plugin())]).await;
    for _ in 0..3 {
        shop.folder.put("again.so", &fault_1_1());
        assert_eq!(loaded(&shop.reload().await), ["fault 1.1.0"]);
        shop.folder.put("again.so", fault_plugin());
        assert_eq!(loaded(&shop.reload().await), ["fault 1.0.0"]);
    }

    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let files: BTreeSet<_> = maps
        .lines()
        .filter(|line| line.contains("/memfd:again.so"))
        .filter_map(|line| line.split_whitespace().nth(4))
        .collect();
    assert_eq!(files.len(), 2);
}

#[tokio::test]
async fn the_earlier_file_name_wins_when_both_change() {
    let shop = Shop::with(&[("b.so", fault_plugin())]).await;

    shop.folder.put("a.so", &fault_1_1());
    let list = shop.reload().await;

    assert_eq!(loaded(&list), ["fault 1.1.0"]);
    assert_eq!(
        refusals(&list),
        [
            "fault 1.0.0 (b.so) refused at step name: the plugin fault is already loaded from a.so; remove one of the two files"
        ]
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_leaves_the_set_in_force() {
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    let place = shop.folder.place.path();
    std::fs::rename(place, place.with_extension("aside")).unwrap();
    std::fs::write(place, "no folder").unwrap();

    let outcome = vectis_contracts::plugins::Plugins::reload(&*shop.runtime, &crate::shop::ctx()).await;

    assert!(outcome.is_err());
    assert_eq!(shop.pricing().unwrap().name(), "fault/fault-pricing@1.0.0");
    std::fs::remove_file(place).unwrap();
    std::fs::rename(place.with_extension("aside"), place).unwrap();
}
