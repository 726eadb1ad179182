use sqlx::PgPool;
use vectis_contracts::carts::{CartCode, OnDuplicate};
use vectis_kernel::{Ctx, Failure, IdempotencyKey, IdempotencyMismatch};

use super::world::{MINE, World, keyed, line, this};

#[sqlx::test(migrations = false)]
async fn a_replay_is_answered_even_when_the_cart_has_been_placed_since(pool: PgPool) {
    let world = World::new(pool).await;
    let ctx = keyed(&world.buyer, "add-1");
    let lines = || vec![line("MUG", 1)];
    let first = world.carts.lines_add(&ctx, MINE, lines(), OnDuplicate::Merge).await.unwrap();
    let cart = world.mine().await;
    world.place(&cart, world.new_id()).await.unwrap();

    let again = world.carts.lines_add(&ctx, this(cart.id), lines(), OnDuplicate::Merge).await.unwrap();

    assert_eq!(again, first);
    assert_eq!(world.cart(cart.id).await.lines, cart.lines);
    assert_eq!(world.stored_carts().await, 1);
}

#[sqlx::test(migrations = false)]
async fn making_a_cart_under_a_key_makes_one(pool: PgPool) {
    let world = World::new(pool).await;
    let ctx = keyed(&world.buyer, "create-1");

    let first = world.carts.cart_create(&ctx, None, None).await.unwrap();
    let again = world.carts.cart_create(&ctx, None, None).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(world.stored_carts().await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_key_with_other_parameters_is_a_mistake_of_the_caller(pool: PgPool) {
    let world = World::new(pool).await;
    let ctx = keyed(&world.buyer, "add-1");
    world.carts.lines_add(&ctx, MINE, vec![line("MUG", 1)], OnDuplicate::Merge).await.unwrap();
    let idempotency = Some(IdempotencyKey { key: "add-1".to_owned(), parameters_hash: [8; 32] });
    let other = Ctx { idempotency, ..ctx };

    let refused = world.carts.lines_add(&other, MINE, vec![line("MUG", 2)], OnDuplicate::Merge).await;

    let Err(Failure::Internal(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.find::<IdempotencyMismatch>().unwrap().key, "add-1");
    assert_eq!(world.mine().await.version, 1);
}

#[sqlx::test(migrations = false)]
async fn a_refused_command_leaves_its_key_free(pool: PgPool) {
    let world = World::new(pool).await;
    let ctx = keyed(&world.buyer, "add-1");
    let lines = || vec![line("LATER", 1)];
    let refused = world.carts.lines_add(&ctx, MINE, lines(), OnDuplicate::Merge).await;
    world.sell("LATER", 1_000_000, |_| {});

    let added = world.carts.lines_add(&ctx, MINE, lines(), OnDuplicate::Merge).await;

    assert_eq!(refused.unwrap_err().refusals()[0].code, CartCode::UnknownVariant);
    assert_eq!(added.unwrap().version, 1);
}
