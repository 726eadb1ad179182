use std::collections::BTreeSet;

use futures_util::future::join_all;
use sqlx::PgPool;
use vectis_contracts::orders::PlaceCode;
use vectis_kernel::{Failure, IdempotencyMismatch};

use super::{refused, room, variant, with_key};

/// How many place one cart at the same time.
const AT_ONCE: usize = 50;

#[sqlx::test(migrations = false)]
async fn one_cart_placed_fifty_times_at_once_becomes_one_order(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let ctx = room.buyer();

    let attempts = at_once(AT_ONCE, || room.place(&ctx, &cart)).await;

    let placed = attempts.iter().filter(|attempt| attempt.is_ok()).count();
    assert_eq!(placed, 1);
    for attempt in attempts.into_iter().filter(Result::is_err) {
        assert_eq!(refused(attempt), ["CART_NOT_OPEN"]);
    }
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.sales_order").await, 1);
    assert_eq!(room.number("SELECT SUM(quantity)::int8 FROM fakes.promise").await, 2_000);
    assert_eq!(room.events().await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn one_request_sent_fifty_times_at_once_has_one_effect_and_one_answer(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let ctx = with_key(&room.buyer(), "k1");

    let attempts = at_once(AT_ONCE, || room.place(&ctx, &cart)).await;

    let answers: BTreeSet<_> =
        attempts.into_iter().map(|attempt| attempt.unwrap().order_id.unwrap()).collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.sales_order").await, 1);
    assert_eq!(room.events().await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_same_request_later_gets_the_answer_it_had(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let ctx = with_key(&room.buyer(), "k1");
    let first = room.place(&ctx, &cart).await.unwrap();

    let second = room.place(&ctx, &cart).await.unwrap();

    assert_eq!(first, second);
}

#[sqlx::test(migrations = false)]
async fn the_same_key_with_other_parameters_is_an_error(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let mut ctx = with_key(&room.buyer(), "k1");
    room.place(&ctx, &cart).await.unwrap();
    ctx.idempotency.as_mut().unwrap().parameters_hash = [2; 32];

    let failure = room.place(&ctx, &cart).await.unwrap_err();

    let Failure::Internal(error) = failure else { panic!("{failure:?}") };
    assert_eq!(error.find::<IdempotencyMismatch>().unwrap().key, "k1");
}

#[sqlx::test(migrations = false)]
async fn even_careless_carts_become_one_order(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().carts_are_careless = true;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;
    let ctx = room.buyer();

    let attempts = at_once(8, || room.place(&ctx, &cart)).await;

    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    let codes: Vec<PlaceCode> = attempts
        .iter()
        .filter_map(|attempt| attempt.as_ref().err())
        .map(|failure| failure.refusals()[0].code)
        .collect();
    assert_eq!(codes, [PlaceCode::CartNotOpen; 7]);
    assert_eq!(room.number("SELECT SUM(quantity)::int8 FROM fakes.promise").await, 2_000);
}

/// Runs so many at once and gathers what they say.
async fn at_once<F: Future>(count: usize, make: impl Fn() -> F) -> Vec<F::Output> {
    join_all((0..count).map(|_| make())).await
}
