//! Swaps under load: no answer is half old, half new, and no call fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use vectis_contracts::points::Strategies;

use crate::libraries::{fault_plugin, with};
use crate::questions::cart;
use crate::shop::{SHOP, Shop, surcharge};

const SWAPS: usize = 20;

/// Version 1.0 comes with a surcharge of 0, 2.0 with one of 2: a set is published whole or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_of_code_and_configuration_never_mix_within_a_request() {
    let second = with(fault_plugin(), "version = \"1.0.0\"", "version = \"2.0.0\"");
    let shop = Shop::with(&[("fault.so", fault_plugin())]).await;
    shop.folder.bind("vectis.pricing", surcharge(0));
    shop.reload().await;
    let (is_over, requests, seen_second) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicBool::new(false));

    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let is_second = one_request(&shop);
                    requests.fetch_add(1, Ordering::Relaxed);
                    seen_second.fetch_or(is_second, Ordering::Relaxed);
                }
            });
        }
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for swap in 1..=SWAPS {
                    let is_second = swap % 2 == 1;
                    shop.folder.put("fault.so", if is_second { &second } else { fault_plugin() });
                    shop.folder.bind("vectis.pricing", surcharge(if is_second { 2 } else { 0 }));
                    shop.reload().await;
                }
            });
        });
        is_over.store(true, Ordering::Relaxed);
    });

    assert!(requests.load(Ordering::Relaxed) > SWAPS);
    assert!(seen_second.load(Ordering::Relaxed));
}

/// Prices several batches with the set of one request; all lines of all batches are of one version.
fn one_request(shop: &Shop) -> bool {
    let ctx = shop.request();
    let mut versions = Vec::new();
    for _ in 0..3 {
        let pricing = shop.runtime.pricing(&ctx, SHOP).unwrap();
        let priced = pricing.price(&cart("A-1", 50)).unwrap();
        let surcharges = priced.into_iter().map(|answer| answer.unwrap().unit_price.micros - 1_000_000);
        let is_second = pricing.name().ends_with("@2.0.0");
        versions.extend(surcharges.map(|micros| (is_second, micros)));
    }
    let expected = if versions[0].0 { (true, 2) } else { (false, 0) };
    assert!(versions.iter().all(|version| *version == expected), "{versions:?}");
    expected.0
}
