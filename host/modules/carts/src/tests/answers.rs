//! What a command answers is what is read afterwards, to the last field.

use sqlx::PgPool;
use vectis_contracts::carts::{CartChange, CartDetails, OnDuplicate};
use vectis_kernel::permission::staff;

use super::world::{MINE, World, line, this, units};

async fn assert_is_read(world: &World, done: CartChange) -> CartChange {
    let answered = done.cart.0.clone().unwrap();
    assert_eq!(format!("{answered:?}"), format!("{:?}", world.cart(done.cart_id).await));
    done
}

#[sqlx::test(migrations = false)]
async fn every_command_answers_with_the_cart_as_it_is_read(pool: PgPool) {
    let world = World::new(pool).await;
    let (buyer, carts) = (&world.buyer, &world.carts);

    let lines = vec![line("MUG", 1), line("BOWL", 2), line("MUG", 3)];
    let added = carts.lines_add(buyer, MINE, lines, OnDuplicate::Separate).await.unwrap();
    let ids = assert_is_read(&world, added).await.line_ids;
    let merged = carts.lines_add(buyer, MINE, vec![line("BOWL", 4)], OnDuplicate::Merge).await.unwrap();
    assert_is_read(&world, merged).await;
    let updated = carts.lines_update(buyer, MINE, vec![(ids[2], units(7))]).await.unwrap();
    assert_is_read(&world, updated).await;
    let removed = carts.lines_remove(buyer, MINE, Some(vec![ids[0]])).await.unwrap();
    assert_is_read(&world, removed).await;
    let details = CartDetails { po_number: Some("PO-7".to_owned()), ..CartDetails::default() };
    let detailed = carts.details_set(buyer, MINE, details).await.unwrap();
    assert_is_read(&world, detailed).await;
    let replaced = carts.lines_replace(buyer, MINE, vec![line("BOWL", 1)]).await.unwrap();
    assert_is_read(&world, replaced).await;
    let beside = carts.cart_create(buyer, None, None).await.unwrap();
    assert_is_read(&world, beside).await;
}

#[sqlx::test(migrations = false)]
async fn who_may_not_see_a_cart_is_not_answered_with_it(pool: PgPool) {
    let world = World::new(pool).await;
    let mine = world.add(vec![line("MUG", 1)]).await.unwrap();
    let clerk = world.staff(&[staff::ORDERS_PLACE_FOR]);

    let lines = vec![line("BOWL", 1)];
    let added = world.carts.lines_add(&clerk, this(mine.cart_id), lines, OnDuplicate::Merge).await.unwrap();

    assert!(added.cart.0.is_none());
}
