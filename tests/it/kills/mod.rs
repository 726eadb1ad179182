//! The host dies at any moment: what was acknowledged stands once, what was not can be asked for again, and nothing is
//! half-written.

pub(crate) mod program;
mod shopper;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;
use vectis_tests::{Client, PluginFolder, TestHost};

use program::Program;
use shopper::{Acknowledged, Shopper};
use stage::Stage;

const KILLS: usize = 200;
/// From a placement that is under way to the end of its host, at most.
const LONGEST_WAIT_MS: u64 = 200;

/// Orders by number: lines and total.
type Orders = BTreeMap<String, (Vec<String>, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_two_hundred_times_loses_doubles_and_halves_nothing() {
    let seed: u64 = rand::random();
    // In this host carts are filled; those that place them, and are killed, are programs of their own beside it.
    let shop = TestHost::configured(PluginFolder::first_party(), true, |config| {
        config.plugins.refresh_interval = Duration::from_secs(3_600);
    })
    .await;
    let stage = Stage::new();
    let shopper = |(seed, client)| Shopper { client, seed, stage: stage.clone() };
    let shoppers: Vec<Shopper> = (seed / 2..).zip(people(&shop).await).map(shopper).collect();

    let killing = kill_again_and_again(&shop, &stage, StdRng::seed_from_u64(seed));
    let (bought, Killed { last, started, unheard }) =
        join(join_all(shoppers.iter().map(Shopper::shop)), killing).await;

    let orders: Vec<&Acknowledged> = bought.iter().flatten().collect();
    println!(
        "seed {seed}: {KILLS} kills, {} placements cut off, {} of them just after they were written, {} orders, {} with \
         300 lines; a start took {:?}",
        stage.cut_off(),
        unheard.len(),
        orders.len(),
        orders.iter().filter(|order| order.lines.len() == 300).count(),
        started.iter().sum::<Duration>() / u32::try_from(started.len()).unwrap(),
    );
    // Otherwise the kills have not met what they were for.
    assert!(stage.cut_off() >= KILLS / 2 && !unheard.is_empty());
    let told = orders.iter().map(|order| (order.number.clone(), (order.lines.clone(), order.total.clone())));
    assert_eq!(written(shop.db.pool()).await, told.collect::<Orders>());
    // Every cart is one that somebody placed and was told of, and its order is its only one.
    let carts: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM carts.cart").fetch_one(shop.db.pool()).await.unwrap();
    assert_eq!(usize::try_from(carts).unwrap(), orders.len());
    shop.assert_books_balance().await;
    // Whoever asks once more hears the same.
    for (shopper, orders) in shoppers.iter().zip(&bought) {
        for order in orders.iter().rev().take(5) {
            assert_eq!(shopper.place(&order.placement).await.text("/orderPlace/order/number"), order.number);
        }
    }
    last.kill().await;
    shop.stop().await;
}

/// Two employees of a company, whose credit is held, and a guest. More would only slow down a host that has just begun.
async fn people(shop: &TestHost) -> [Client; 3] {
    [shop.buyer().await, shop.approver().await, shop.guest("guest")]
}

/// What the one who kills leaves.
struct Killed {
    /// The host that lives on.
    last: Program,
    /// How long each host took to start.
    started: Vec<Duration>,
    /// Numbers of orders whose host was killed after writing and before answering.
    unheard: BTreeSet<String>,
}

/// Every other host, by chance, is let live until it has placed something; the rest may die on their first placement.
async fn kill_again_and_again(shop: &TestHost, stage: &Stage, mut chance: StdRng) -> Killed {
    let (mut started, mut unheard) = (Vec::with_capacity(KILLS + 1), BTreeSet::new());
    loop {
        let begun = Instant::now();
        let program = Program::start(shop).await;
        started.push(begun.elapsed());
        let heard = stage.heard();
        stage.open(&program.url);
        if started.len() > KILLS {
            stage.end();
            return Killed { last: program, started, unheard };
        }
        if chance.random() {
            stage.until_more_is_heard(heard).await;
        }
        stage.until_somebody_places().await;
        tokio::time::sleep(Duration::from_millis(chance.random_range(0..=LONGEST_WAIT_MS))).await;
        stage.close();
        program.kill().await;
        let numbers =
            sqlx::query_scalar("SELECT number FROM orders.sales_order").fetch_all(shop.db.pool()).await;
        let numbers: Vec<String> = numbers.expect("the orders can be read");
        unheard.extend(numbers.into_iter().filter(|number| !stage.has_heard_of(number)));
    }
}

/// What stands in the database.
async fn written(pool: &PgPool) -> Orders {
    let rows: Vec<(String, Vec<String>, String)> = sqlx::query_as(
        "SELECT placed.number, ARRAY_AGG(line.sku || ' ' || line.quantity_milli ORDER BY line.position), \
                (placed.grand_total_minor / 100.0)::numeric(19, 2)::text \
         FROM orders.sales_order AS placed \
         JOIN orders.order_line AS line ON line.order_id = placed.id \
         GROUP BY placed.id",
    )
    .fetch_all(pool)
    .await
    .expect("the orders can be read");
    rows.into_iter().map(|(number, lines, total)| (number, (lines, total))).collect()
}
