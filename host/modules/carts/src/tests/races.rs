use sqlx::PgPool;
use tokio::task::JoinSet;
use vectis_contracts::carts::{CartCode, CartStatus, CartTarget, OnDuplicate};

use super::world::{MINE, World, code, keyed, line, units};

#[sqlx::test(migrations = false)]
async fn concurrent_adds_to_one_cart_lose_no_line(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![line("MUG", 1)]).await.unwrap();
    for index in 0..8 {
        world.sell(&format!("SKU-{index}"), 1_000_000, |_| {});
    }

    let mut adding = JoinSet::new();
    for index in 0..8 {
        let world = world.clone();
        adding.spawn(async move { world.add(vec![line("MUG", 1), line(&format!("SKU-{index}"), 1)]).await });
    }
    let versions: Vec<_> = adding.join_all().await.into_iter().map(|added| added.unwrap().version).collect();

    let cart = world.mine().await;
    assert_eq!((cart.lines.len(), cart.lines[0].quantity), (9, units(9)));
    let mut positions: Vec<_> = cart.lines.iter().map(|line| line.position).collect();
    positions.dedup();
    assert_eq!(positions, (1..=9).collect::<Vec<_>>());
    let mut distinct = versions;
    distinct.sort_unstable();
    assert_eq!(distinct, (2..=9).collect::<Vec<_>>());
    assert_eq!(cart.version, 9);
}

#[sqlx::test(migrations = false)]
async fn an_add_that_finds_the_cart_moved_plans_anew_on_what_is_there(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = world.add(vec![line("MUG", 1)]).await.unwrap().cart_id;
    let mut blocking = world.db.begin().await.unwrap();
    sqlx::query("UPDATE carts.cart SET version = version + 1, next_position = 9 WHERE id = $1")
        .bind(cart_id.0)
        .execute(vectis_db::conn(&mut blocking))
        .await
        .unwrap();

    let committing = async {
        world.until_somebody_waits().await;
        blocking.commit().await
    };
    let (added, committed) = tokio::join!(world.add(vec![line("MUG", 1), line("BOWL", 1)]), committing);

    committed.unwrap();
    assert_eq!(added.unwrap().version, 3);
    let lines: Vec<_> = world.mine().await.lines.iter().map(|line| (line.position, line.quantity)).collect();
    assert_eq!(lines, [(1, units(2)), (9, units(1))]);
}

#[sqlx::test(migrations = false)]
async fn a_writer_who_expects_a_version_is_told_when_it_has_passed_meanwhile(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = world.add(vec![line("MUG", 1)]).await.unwrap().cart_id;
    let target = CartTarget { cart_id: Some(cart_id), version: Some(1) };
    let mut blocking = world.db.begin().await.unwrap();
    sqlx::query("UPDATE carts.cart SET version = version + 1 WHERE id = $1")
        .bind(cart_id.0)
        .execute(vectis_db::conn(&mut blocking))
        .await
        .unwrap();

    let adding = world.carts.lines_add(&world.buyer, target, vec![line("MUG", 1)], OnDuplicate::Merge);
    let committing = async {
        world.until_somebody_waits().await;
        blocking.commit().await
    };
    let (refused, committed) = tokio::join!(adding, committing);

    committed.unwrap();
    assert_eq!(code(refused), CartCode::StaleVersion);
    assert_eq!(world.mine().await.lines[0].quantity, units(1));
}

#[sqlx::test(migrations = false)]
async fn first_lines_that_arrive_together_meet_in_one_cart(pool: PgPool) {
    let world = World::new(pool).await;

    let mut adding = JoinSet::new();
    for _ in 0..8 {
        let world = world.clone();
        adding.spawn(async move { world.add(vec![line("MUG", 1)]).await.unwrap().cart_id });
    }
    let mut carts = adding.join_all().await;

    carts.dedup();
    assert_eq!(carts.len(), 1);
    assert_eq!(world.stored_carts().await, 1);
    assert_eq!(world.mine().await.lines[0].quantity, units(8));
}

#[sqlx::test(migrations = false)]
async fn of_fifty_who_place_one_cart_exactly_one_does(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![line("MUG", 1)]).await.unwrap();
    let cart = world.mine().await;

    let mut placing = JoinSet::new();
    for _ in 0..50 {
        let (world, cart) = (world.clone(), cart.clone());
        placing.spawn(async move {
            let order_id = world.new_id();
            (order_id, world.place(&cart, order_id).await)
        });
    }
    let outcomes = placing.join_all().await;

    let (placed, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_ok());
    assert_eq!(placed.len(), 1);
    assert!(refused.into_iter().all(|(_, lost)| code(lost) == CartCode::CartNotOpen));
    let cart = world.cart(cart.id).await;
    assert_eq!((cart.status, cart.order_id), (CartStatus::Placed, Some(placed[0].0)));
}

#[sqlx::test(migrations = false)]
async fn the_same_add_sent_twenty_times_under_one_key_has_one_effect_and_one_answer(pool: PgPool) {
    let world = World::new(pool).await;

    let mut adding = JoinSet::new();
    for _ in 0..20 {
        let world = world.clone();
        adding.spawn(async move {
            let ctx = keyed(&world.buyer, "once");
            world.carts.lines_add(&ctx, MINE, vec![line("MUG", 1)], OnDuplicate::Merge).await.unwrap()
        });
    }
    let mut answers = adding.join_all().await;

    answers.dedup();
    assert_eq!(answers.len(), 1);
    let cart = world.mine().await;
    assert_eq!((cart.version, cart.lines[0].quantity), (1, units(1)));
}
