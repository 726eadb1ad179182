use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::inventory::{ReserveStock, StockNeed};
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Failure, Quantity};

use super::shop::{Shop, need, patient_need, refusals};

#[sqlx::test(migrations = false)]
async fn an_allocation_draws_from_warehouses_in_order(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let order: Uuid = shop.new_id();
    shop.stock_up(variant, 3, 9).await;

    shop.allocate(order, None, vec![need(variant, 5)]).await.unwrap();

    assert_eq!(shop.units(variant, shop.north).await, (3, 0, 3));
    assert_eq!(shop.units(variant, shop.south).await, (9, 0, 2));
    assert_eq!(shop.statuses(order).await, vec!["CONFIRMED"]);
    let allocated = |units| ("allocated".to_owned(), 0, units);
    assert_eq!(shop.ledger(variant).await[2..], [allocated(3), allocated(2)]);
    let event = shop.stock_events().pop().unwrap();
    assert_eq!((event.aggregate_kind, event.aggregate_id), ("stock_owner", order));
    assert_eq!(event.payload["cause"], "allocated");
    assert_eq!(event.payload["changes"].as_array().unwrap().len(), 2);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn every_short_line_is_named_and_nothing_is_written(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [plenty, scarce, none]: [VariantId; 3] = [shop.new_id(), shop.new_id(), shop.new_id()];
    shop.stock_up(plenty, 100, 0).await;
    shop.stock_up(scarce, 1, 1).await;
    let events = shop.stock_events().len();

    let half = StockNeed { quantity: Quantity::from_milli(2500), ..need(scarce, 1) };
    let outcome = shop.allocate(shop.new_id(), None, vec![need(plenty, 1), half, need(none, 1)]).await;

    let short =
        |index: usize, message: &str| ("INSUFFICIENT_STOCK", format!("lines.{index}"), message.to_owned());
    assert_eq!(
        refusals(outcome),
        vec![
            short(1, "Only 2 of the 2.5 asked for are available."),
            short(2, "None of the 1 asked for are available."),
        ]
    );
    assert_eq!(shop.units(plenty, shop.north).await, (100, 0, 0));
    assert_eq!(shop.stock_events().len(), events);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn several_lines_of_one_variant_share_its_stock(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    shop.stock_up(variant, 5, 0).await;

    let too_much = shop.allocate(shop.new_id(), None, vec![need(variant, 3), need(variant, 3)]).await;
    let enough = shop.allocate(shop.new_id(), None, vec![need(variant, 3), need(variant, 2)]).await;

    let message = "Only 2 of the 3 asked for are available.".to_owned();
    assert_eq!(refusals(too_much), vec![("INSUFFICIENT_STOCK", "lines.1".to_owned(), message)]);
    assert_eq!(refusals(enough), vec![]);
    assert_eq!(shop.units(variant, shop.north).await, (5, 0, 5));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_line_that_may_wait_takes_what_there_is(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [some, none]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    let order = shop.new_id();
    shop.stock_up(some, 2, 1).await;

    shop.allocate(order, None, vec![patient_need(some, 5), patient_need(none, 4)]).await.unwrap();

    assert_eq!(shop.units(some, shop.north).await, (2, 0, 2));
    assert_eq!(shop.units(some, shop.south).await, (1, 0, 1));
    assert_eq!(shop.units(none, shop.north).await, (0, 0, 0));
    shop.assert_books_balance().await;

    // Two fewer of the five: they were never there, so what is allocated stays.
    shop.release_part(order, vec![need(some, 2)]).await.unwrap();
    assert_eq!(shop.units(some, shop.north).await, (2, 0, 2));
    assert_eq!(shop.units(some, shop.south).await, (1, 0, 1));
}

#[sqlx::test(migrations = false)]
async fn a_closed_warehouse_and_one_not_asked_are_left_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 5, 5).await;
    sqlx::query("UPDATE inventory.warehouse SET is_active = false WHERE code = 'NORTH'")
        .execute(shop.db.pool())
        .await
        .unwrap();

    let closed = shop.allocate(shop.new_id(), None, vec![need(variant, 6)]).await;
    let request = ReserveStock { warehouse_ids: vec![shop.north], ..shop.request(vec![need(variant, 1)]) };
    let mut tx = shop.db.begin().await.unwrap();
    let elsewhere = shop.inventory.allocate(&mut tx, &shop.ctx, shop.new_id(), &request).await;

    assert_eq!(refusals(closed)[0].2, "Only 5 of the 6 asked for are available.");
    assert_eq!(refusals(elsewhere)[0].2, "None of the 1 asked for are available.");
}

#[sqlx::test(migrations = false)]
async fn a_new_hold_replaces_the_one_before(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [kept, dropped]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    let cart = shop.new_id();
    shop.stock_up(kept, 5, 0).await;
    shop.stock_up(dropped, 5, 0).await;
    shop.hold(cart, vec![need(kept, 4), need(dropped, 5)]).await.unwrap();

    // Only possible because its own four count as free.
    shop.hold(cart, vec![need(kept, 5)]).await.unwrap();

    assert_eq!(shop.units(kept, shop.north).await, (5, 5, 0));
    assert_eq!(shop.units(dropped, shop.north).await, (5, 0, 0));
    assert_eq!(shop.statuses(cart).await, vec!["RELEASED", "HELD"]);
    let event = shop.stock_events().pop().unwrap();
    assert_eq!(event.payload["cause"], "held");
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_hold_that_cannot_be_replaced_stays(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let cart = shop.new_id();
    shop.stock_up(variant, 5, 0).await;
    shop.hold(cart, vec![need(variant, 4)]).await.unwrap();

    let outcome = shop.hold(cart, vec![need(variant, 6)]).await;

    assert_eq!(refusals(outcome)[0].2, "Only 5 of the 6 asked for are available.");
    assert_eq!(shop.units(variant, shop.north).await, (5, 4, 0));
    assert_eq!(shop.statuses(cart).await, vec!["HELD"]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_hold_of_nothing_is_over_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let cart = shop.new_id();
    shop.stock_up(variant, 1, 0).await;

    shop.hold(cart, vec![]).await.unwrap();
    shop.hold(cart, vec![need(variant, 1)]).await.unwrap();

    assert_eq!(shop.statuses(cart).await, vec!["RELEASED", "HELD"]);
}

#[sqlx::test(migrations = false)]
async fn an_allocation_takes_its_hold_over_and_draws_only_what_it_lacks(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [same, fewer, more, new]: [VariantId; 4] =
        [shop.new_id(), shop.new_id(), shop.new_id(), shop.new_id()];
    let [cart, order]: [Uuid; 2] = [shop.new_id(), shop.new_id()];
    for variant in [same, fewer, more, new] {
        shop.stock_up(variant, 3, 3).await;
    }
    shop.hold(cart, vec![need(same, 3), need(fewer, 3), need(more, 2)]).await.unwrap();

    let needs = vec![need(same, 3), need(fewer, 1), need(more, 4), need(new, 1)];
    shop.allocate(order, Some(cart), needs).await.unwrap();

    assert_eq!(shop.units(same, shop.north).await, (3, 0, 3));
    assert_eq!(shop.units(fewer, shop.north).await, (3, 0, 1));
    assert_eq!(shop.units(more, shop.north).await, (3, 0, 3));
    assert_eq!(shop.units(more, shop.south).await, (3, 0, 1));
    assert_eq!(shop.units(new, shop.north).await, (3, 0, 1));
    assert_eq!(shop.statuses(cart).await, Vec::<String>::new());
    assert_eq!(shop.statuses(order).await, vec!["CONFIRMED"]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn an_allocation_that_falls_short_leaves_its_hold_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let [cart, order]: [Uuid; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(variant, 3, 0).await;
    shop.hold(cart, vec![need(variant, 2)]).await.unwrap();

    let outcome = shop.allocate(order, Some(cart), vec![need(variant, 4)]).await;

    assert_eq!(refusals(outcome)[0].2, "Only 3 of the 4 asked for are available.");
    assert_eq!(shop.units(variant, shop.north).await, (3, 2, 0));
    assert_eq!(shop.statuses(cart).await, vec!["HELD"]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_cart_said_to_hold_nothing_cannot_hold_twice(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    shop.stock_up(variant, 9, 0).await;
    let cart: Uuid = shop.new_id();
    shop.hold_instead(cart, None, vec![need(variant, 4)]).await.unwrap();

    let again = shop.hold_instead(cart, None, vec![need(variant, 5)]).await;

    assert!(matches!(again, Err(Failure::Internal(_))), "{again:?}");
    assert_eq!(shop.units(variant, shop.north).await, (9, 4, 0));
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn stock_held_by_one_cart_is_not_there_for_another(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    shop.stock_up(variant, 3, 0).await;
    shop.hold(shop.new_id(), vec![need(variant, 2)]).await.unwrap();

    let outcome = shop.allocate(shop.new_id(), None, vec![need(variant, 2)]).await;

    assert_eq!(refusals(outcome)[0].2, "Only 1 of the 2 asked for are available.");
}

#[sqlx::test(migrations = false)]
async fn a_second_allocation_of_an_order_adds_to_the_first(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    let order = shop.new_id();
    shop.stock_up(variant, 9, 0).await;
    shop.allocate(order, None, vec![need(variant, 2)]).await.unwrap();

    shop.allocate(order, None, vec![need(variant, 3)]).await.unwrap();
    assert_eq!(shop.units(variant, shop.north).await, (9, 0, 5));

    shop.release(order).await.unwrap();
    assert_eq!(shop.units(variant, shop.north).await, (9, 0, 0));
    assert_eq!(shop.statuses(order).await, vec!["RELEASED", "RELEASED"]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn needs_of_nothing_or_too_many_are_a_bug_of_the_caller(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let zero = StockNeed { quantity: Quantity::ZERO, ..need(variant, 1) };
    let many = vec![need(variant, 1); 10_001];

    for needs in [vec![zero], many] {
        let failure = shop.allocate(shop.new_id(), None, needs).await.unwrap_err();
        assert!(matches!(failure, Failure::Internal(_)), "{failure:?}");
    }
}
