//! A hundred attempts to swap while buyers fill carts, a fifth of them with bad versions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use vectis_tests::plugins::{fault_version, replaced};
use vectis_tests::{Client, PluginFolder};

use super::{at, cart_prices, install, roll_back, shop_with_versions, swap};
use crate::kills::program::Program;

const BUYERS: usize = 2;
const LINES: usize = 12;
/// What version 1.1.0 adds to every price, in millionths.
const SURCHARGE: i64 = 250_000;

#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    /// Carts priced by the version without and with the surcharge.
    carts: [AtomicUsize; 2],
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_swaps_under_load_fail_no_request_and_mix_no_cart() {
    let host = shop_with_versions().await;
    let (staff, buyer) = (host.staff().await, host.buyer().await);
    swap_under_load(&host.plugins, &staff, &buyer, (100, "broken")).await;
    host.stop().await;
}

/// Here a version that ends its process at the first question is refused like any other.
#[tokio::test(flavor = "multi_thread")]
async fn swaps_of_plugins_in_processes_of_their_own_fail_no_request_either() {
    let host = shop_with_versions().await;
    let program = Program::start_with(&host, &["plugins.isolation.fault=process"]).await;
    let (staff, buyer) = (at(&program, "admin").await, at(&program, "buyer").await);
    swap_under_load(&host.plugins, &staff, &buyer, (40, "aborts")).await;
    program.kill().await;
    host.stop().await;
}

/// So many attempts to swap, a fifth of them with versions that are refused, while buyers fill carts.
async fn swap_under_load(
    plugins: &PluginFolder,
    staff: &Client,
    buyer: &Client,
    (attempts, fault): (usize, &str),
) {
    let base = cart_prices(buyer, LINES).await.unwrap();
    plugins.bring("plain.so", &fault_version("1.0.0", "0"));
    plugins.bring("dearer.so", &fault_version("1.1.0", &SURCHARGE.to_string()));
    plugins.bring("broken.so", &fault_version("1.2.0", fault));
    let whole = fault_version("1.3.0", "0");
    plugins.bring("half.so", &whole[..whole.len() / 2]);
    plugins.bring("future.so", &replaced(whole, "api = \"^1.0\"", "api = \"^1.9\""));
    for file in ["plain.so", "dearer.so", "broken.so"] {
        install(staff, file).await.ok();
    }

    let seen = Arc::new(Seen::default());
    let mut buyers = tokio::task::JoinSet::new();
    for _ in 0..BUYERS {
        buyers.spawn(shop_on(buyer.clone(), base.clone(), seen.clone()));
    }
    let refused = swap_often(staff, attempts).await;
    seen.is_over.store(true, Ordering::Relaxed);
    // Joining fails when a request failed or a cart was mixed.
    while let Some(outcome) = buyers.join_next().await {
        outcome.unwrap();
    }

    let carts = seen.carts.each_ref().map(|carts| carts.load(Ordering::Relaxed));
    assert_eq!(refused, attempts / 5);
    assert!(carts.iter().all(|carts| *carts > 0), "{carts:?}");
    swap(staff, "1.1.0").await.ok();
    let started = Instant::now();
    roll_back(staff).await.ok();
    let took = started.elapsed();
    assert_eq!(cart_prices(buyer, LINES).await.unwrap(), base);
    eprintln!(
        "{attempts} swaps, {refused} of them refused, beside {} carts of {LINES} lines: 0 failed, 0 mixed; rollback {took:?}",
        carts.iter().sum::<usize>()
    );
}

/// How many were refused.
async fn swap_often(staff: &Client, attempts: usize) -> usize {
    let mut refused = 0;
    for attempt in 0..attempts {
        let answer = match attempt % 20 {
            4 | 14 => swap(staff, "1.2.0").await,
            9 => install(staff, "half.so").await,
            19 => install(staff, "future.so").await,
            _ if attempt % 2 == 0 => swap(staff, "1.1.0").await,
            _ => swap(staff, "1.0.0").await,
        };
        match answer.user_errors()[..] {
            [] => {
                answer.ok();
            }
            [ref error] => {
                assert!(attempt % 5 == 4 && error.starts_with("PLUGIN_FAILED"), "{}", answer.body);
                refused += 1;
            }
            _ => unreachable!("one refusal has one reason: {}", answer.body),
        }
    }
    refused
}

/// Fills carts until it is over. All lines of a cart are of one version.
async fn shop_on(buyer: Client, base: Vec<i64>, seen: Arc<Seen>) {
    while !seen.is_over.load(Ordering::Relaxed) {
        let prices = cart_prices(&buyer, LINES).await.expect("no request fails");
        let added: Vec<i64> = prices.iter().zip(&base).map(|(price, base)| price - base).collect();
        let is_dearer = added[0] != 0;
        let expected = if is_dearer { SURCHARGE } else { 0 };
        assert!(added.iter().all(|added| *added == expected), "{added:?}");
        seen.carts[usize::from(is_dearer)].fetch_add(1, Ordering::Relaxed);
    }
}
