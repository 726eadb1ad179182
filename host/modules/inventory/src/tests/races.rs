//! Many at once, over a real pool. Whoever wins, the books balance and nothing is sold twice.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgPool;
use tokio::task::JoinSet;
use uuid::Uuid;
use vectis_contracts::inventory::ReserveCode;
use vectis_db::PoolSettings;
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Failure, Refusal};

use super::shop::{Shop, adjustment, need};

/// A shop whose customers do not wait for each other at the door.
async fn busy_shop(pool: PgPool) -> Arc<Shop> {
    let settings = PoolSettings {
        max_connections: 16,
        acquire_timeout: Duration::from_secs(60),
        ..PoolSettings::default()
    };
    let options = pool.connect_options().as_ref().clone();
    Arc::new(Shop::open(vectis_db::connect(options, &settings).await.unwrap()).await)
}

type Outcome = Result<(), Failure<ReserveCode>>;

/// How many succeeded; all others must have been refused for want of stock.
fn winners(outcomes: Vec<Outcome>) -> usize {
    let mut won = 0;
    for outcome in outcomes {
        match outcome {
            Ok(()) => won += 1,
            Err(failure) => {
                let is_short = |refusal: &Refusal<_>| refusal.code == ReserveCode::InsufficientStock;
                assert!(!failure.refusals().is_empty(), "{failure:?}");
                assert!(failure.refusals().iter().all(is_short), "{failure:?}");
            }
        }
    }
    won
}

#[sqlx::test(migrations = false)]
async fn of_sixty_four_buyers_of_the_last_unit_one_gets_it(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 0, 1).await;

    let mut buyers = JoinSet::new();
    for buyer in 0..64 {
        let shop = shop.clone();
        buyers.spawn(async move {
            let owner = shop.new_id();
            let needs = vec![need(variant, 1)];
            if buyer % 2 == 0 {
                shop.allocate(owner, None, needs).await
            } else {
                shop.hold(owner, needs).await
            }
        });
    }

    assert_eq!(winners(buyers.join_all().await), 1);
    let (on_hand, reserved, allocated) = shop.units(variant, shop.south).await;
    assert_eq!((on_hand, reserved + allocated), (1, 1));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn orders_with_the_same_variants_in_opposite_order_do_not_lock_each_other_out(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variants: Vec<VariantId> = (0..20).map(|_| shop.new_id()).collect();
    for variant in &variants {
        shop.stock_up(*variant, 6, 4).await;
    }

    let mut orders = JoinSet::new();
    for order in 0..16 {
        let shop = shop.clone();
        let mut needs: Vec<_> = variants.iter().map(|variant| need(*variant, 1)).collect();
        if order % 2 == 0 {
            needs.reverse();
        }
        orders.spawn(async move { shop.allocate(shop.new_id(), None, needs).await });
    }

    assert_eq!(winners(orders.join_all().await), 10);
    for variant in variants {
        assert_eq!(shop.units(variant, shop.north).await, (6, 0, 6));
        assert_eq!(shop.units(variant, shop.south).await, (4, 0, 4));
    }
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_hold_that_ends_while_it_is_allocated_is_used_exactly_once(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 20, 0).await;
    let carts: Vec<Uuid> = (0..20).map(|_| shop.new_id()).collect();
    for cart in &carts {
        shop.hold(*cart, vec![need(variant, 1)]).await.unwrap();
    }
    shop.clock.advance(TimeDelta::minutes(15));

    let mut sweeps = JoinSet::new();
    let mut orders = JoinSet::new();
    for cart in carts.clone() {
        let (sweeper, buyer) = (shop.clone(), shop.clone());
        sweeps.spawn(async move { sweeper.inventory.expire_due(&sweeper.ctx).await.unwrap() });
        orders.spawn(async move { buyer.allocate(buyer.new_id(), Some(cart), vec![need(variant, 1)]).await });
    }

    // A sweep may have been ahead of an order's own hold, but the stock it freed is then there for all.
    let (outcomes, swept) = tokio::join!(orders.join_all(), sweeps.join_all());
    assert_eq!(winners(outcomes), 20);
    assert!(swept.iter().sum::<u64>() <= 20);
    assert_eq!(shop.units(variant, shop.north).await, (20, 0, 20));
    for cart in carts {
        assert_eq!(shop.statuses(cart).await, vec!["EXPIRED"]);
    }
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn stock_taken_away_and_stock_sold_are_never_the_same(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 20, 0).await;

    let mut orders = JoinSet::new();
    let mut losses = JoinSet::new();
    for _ in 0..20 {
        let (buyer, keeper) = (shop.clone(), shop.clone());
        orders.spawn(async move { buyer.allocate(buyer.new_id(), None, vec![need(variant, 1)]).await });
        losses.spawn(async move {
            let lost = vec![adjustment(keeper.north, variant, -1)];
            keeper.inventory.stock_adjust(&keeper.ctx, lost).await.is_ok()
        });
    }

    let (outcomes, lost) = tokio::join!(orders.join_all(), losses.join_all());
    let sold = i64::try_from(winners(outcomes)).unwrap();
    let lost = i64::try_from(lost.into_iter().filter(|is_lost| *is_lost).count()).unwrap();
    assert_eq!(sold + lost, 20);
    assert_eq!(shop.units(variant, shop.north).await, (20 - lost, 0, sold));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn one_cart_held_many_times_at_once_holds_once(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variant: VariantId = shop.new_id();
    let cart: Uuid = shop.new_id();
    shop.stock_up(variant, 2, 0).await;

    let mut holds = JoinSet::new();
    for _ in 0..16 {
        let shop = shop.clone();
        holds.spawn(async move { shop.hold(cart, vec![need(variant, 2)]).await });
    }

    assert_eq!(winners(holds.join_all().await), 16);
    assert_eq!(shop.units(variant, shop.north).await, (2, 2, 0));
    let statuses = shop.statuses(cart).await;
    assert_eq!(statuses.iter().filter(|status| *status == "HELD").count(), 1);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn an_order_released_and_shipped_at_once_does_only_one_of_both(pool: PgPool) {
    let shop = busy_shop(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 40, 0).await;

    let mut ends = JoinSet::new();
    for _ in 0..10 {
        let order: Uuid = shop.new_id();
        shop.allocate(order, None, vec![need(variant, 4)]).await.unwrap();
        let (releaser, reducer, shipper) = (shop.clone(), shop.clone(), shop.clone());
        ends.spawn(async move { releaser.release(order).await });
        ends.spawn(async move { reducer.release_part(order, vec![need(variant, 1)]).await });
        ends.spawn(async move { shipper.ship(order).await });
    }

    assert_eq!(winners(ends.join_all().await), 30);
    let (_, reserved, allocated) = shop.units(variant, shop.north).await;
    assert_eq!((reserved, allocated), (0, 0));
    shop.assert_books_balance().await;
}
