use chrono::TimeDelta;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_kernel::ids::VariantId;

use super::shop::{Shop, need, patient_need};

#[sqlx::test(migrations = false)]
async fn releasing_gives_everything_back_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let [cart, order]: [Uuid; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(variant, 3, 3).await;
    shop.hold(cart, vec![need(variant, 1)]).await.unwrap();
    shop.allocate(order, None, vec![need(variant, 4)]).await.unwrap();

    for _ in 0..2 {
        shop.release(cart).await.unwrap();
        shop.release(order).await.unwrap();
    }

    assert_eq!(shop.units(variant, shop.north).await, (3, 0, 0));
    assert_eq!(shop.units(variant, shop.south).await, (3, 0, 0));
    assert_eq!(shop.statuses(cart).await, vec!["RELEASED"]);
    assert_eq!(shop.statuses(order).await, vec!["RELEASED"]);
    let causes: Vec<_> = shop.stock_events().iter().map(|event| event.payload["cause"].clone()).collect();
    assert_eq!(causes, ["adjusted", "held", "allocated", "released", "released"]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn releasing_an_owner_of_nothing_is_fine(pool: PgPool) {
    let shop = Shop::open(pool).await;

    shop.release(shop.new_id()).await.unwrap();
    shop.release_part(shop.new_id(), vec![need(shop.new_id(), 1)]).await.unwrap();
    shop.ship(shop.new_id()).await.unwrap();
    shop.take_back(shop.new_id(), shop.north, vec![]).await.unwrap();

    assert_eq!(shop.stock_events().len(), 0);
}

#[sqlx::test(migrations = false)]
async fn part_of_an_allocation_goes_back_to_the_warehouse_drawn_from_last(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let order = shop.new_id();
    shop.stock_up(variant, 3, 3).await;
    shop.allocate(order, None, vec![need(variant, 5)]).await.unwrap();

    shop.release_part(order, vec![need(variant, 1), need(variant, 2)]).await.unwrap();

    assert_eq!(shop.units(variant, shop.north).await, (3, 0, 2));
    assert_eq!(shop.units(variant, shop.south).await, (3, 0, 0));
    shop.assert_books_balance().await;

    shop.release_part(order, vec![need(variant, 100)]).await.unwrap();
    assert_eq!(shop.units(variant, shop.north).await, (3, 0, 0));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn shipping_takes_allocated_stock_off_hand_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [there, missing]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    let order = shop.new_id();
    shop.stock_up(there, 3, 3).await;
    shop.allocate(order, None, vec![need(there, 4), patient_need(missing, 2)]).await.unwrap();

    for _ in 0..2 {
        shop.ship(order).await.unwrap();
    }

    assert_eq!(shop.units(there, shop.north).await, (0, 0, 0));
    assert_eq!(shop.units(there, shop.south).await, (2, 0, 0));
    assert_eq!(
        shop.ledger(there).await[4..],
        [("shipped".to_owned(), -3, -3), ("shipped".to_owned(), -1, -1)]
    );
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn returned_goods_are_on_hand_again_even_where_there_were_none(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let order: Uuid = shop.new_id();

    shop.take_back(order, shop.south, vec![need(variant, 2), need(variant, 1)]).await.unwrap();

    assert_eq!(shop.units(variant, shop.south).await, (3, 0, 0));
    assert_eq!(shop.ledger(variant).await, vec![("returned".to_owned(), 3, 0)]);
    let event = shop.stock_events().pop().unwrap();
    assert_eq!(event.payload["cause"], "returned");
    assert_eq!(event.payload["ownerId"], order.to_string());
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn holds_end_at_their_time_and_not_before(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let [early, late]: [Uuid; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(variant, 9, 0).await;
    shop.hold(early, vec![need(variant, 2)]).await.unwrap();
    shop.clock.advance(TimeDelta::minutes(1));
    shop.hold(late, vec![need(variant, 3), patient_need(shop.new_id(), 1)]).await.unwrap();

    shop.clock.advance(TimeDelta::minutes(14) - TimeDelta::microseconds(1));
    let before = shop.inventory.expire_due(&shop.ctx).await.unwrap();
    shop.clock.advance(TimeDelta::microseconds(1));
    let at = shop.inventory.expire_due(&shop.ctx).await.unwrap();
    let again = shop.inventory.expire_due(&shop.ctx).await.unwrap();

    assert_eq!((before, at, again), (0, 1, 0));
    assert_eq!(shop.statuses(early).await, vec!["EXPIRED"]);
    assert_eq!(shop.statuses(late).await, vec!["HELD"]);
    assert_eq!(shop.units(variant, shop.north).await, (9, 3, 0));
    let event = shop.stock_events().pop().unwrap();
    assert_eq!(event.aggregate_id, early);
    assert_eq!(event.payload["cause"], "expired");
    assert_eq!(event.payload["changes"][0]["reservedDelta"], "-2");
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn more_due_holds_than_one_sweep_takes_all_go(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    shop.stock_up(variant, 120, 0).await;
    for _ in 0..120 {
        shop.hold(shop.new_id(), vec![need(variant, 1)]).await.unwrap();
    }
    shop.clock.advance(TimeDelta::minutes(15));

    assert_eq!(shop.inventory.expire_due(&shop.ctx).await.unwrap(), 120);
    assert_eq!(shop.units(variant, shop.north).await, (120, 0, 0));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn an_order_whose_hold_is_over_draws_anew_even_before_the_sweep(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let [cart, order]: [Uuid; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(variant, 2, 0).await;
    shop.hold(cart, vec![need(variant, 2)]).await.unwrap();
    shop.clock.advance(TimeDelta::minutes(15));

    shop.allocate(order, Some(cart), vec![need(variant, 2)]).await.unwrap();

    assert_eq!(shop.units(variant, shop.north).await, (2, 0, 2));
    assert_eq!(shop.statuses(cart).await, vec!["EXPIRED"]);
    assert_eq!(shop.statuses(order).await, vec!["CONFIRMED"]);
    assert_eq!(shop.inventory.expire_due(&shop.ctx).await.unwrap(), 0);
    shop.assert_books_balance().await;
}
