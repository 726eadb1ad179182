use std::sync::Arc;

use sqlx::PgPool;
use vectis_contracts::carts::{Cart, CartCode, OverridePrice};
use vectis_contracts::priced_cart::{BuyerFacts, CartPricer};
use vectis_kernel::Money;

use super::world::{MINE, World, line, refusals, this, units};

/// Which lines have drifted, and the net total, as carts and orders show them.
async fn priced(world: &World, cart: Cart) -> (Vec<bool>, Money) {
    let pricer = CartPricer {
        products: world.siblings.clone(),
        pricing: world.siblings.clone(),
        tax: Arc::clone(&world.siblings) as _,
    };
    let channel = world.change(|answers| answers.channels[0].clone());
    let buyer = BuyerFacts::from(&world.change(|answers| answers.memberships[0].clone()));
    let priced = pricer.price(&world.buyer, cart, &channel, &buyer).await.unwrap();
    (priced.lines.iter().map(|line| line.is_price_changed).collect(), priced.net)
}

#[sqlx::test(migrations = false)]
async fn drift_shows_until_the_present_prices_are_accepted(pool: PgPool) {
    let world = World::new(pool).await;
    let ids = world.add(vec![line("MUG", 2), line("BOWL", 1)]).await.unwrap().line_ids;
    let (before, net) = priced(&world, world.mine().await).await;
    assert_eq!((before, net.minor), (vec![false, false], 1_100));

    world.change(|answers| answers.prices.insert("MUG".to_owned(), vec![(0, 3_250_000)]));
    let (drifted, net) = priced(&world, world.mine().await).await;
    assert_eq!((drifted, net.minor), (vec![true, false], 1_150));

    let change = world.carts.prices_accept(&world.buyer, MINE).await.unwrap();
    let cart = world.mine().await;
    assert_eq!((change.line_ids, change.version), (vec![ids[0]], 2));
    assert_eq!(cart.lines[0].shown_unit_price.micros, 3_250_000);
    let (after, net) = priced(&world, cart).await;
    assert_eq!((after, net.minor), (vec![false, false], 1_150));
}

#[sqlx::test(migrations = false)]
async fn a_finer_price_than_a_cent_survives_storing_without_drift(pool: PgPool) {
    let world = World::new(pool).await;
    world.sell("SCREW", 12_501, |_| {});

    world.add(vec![line("SCREW", 1_000)]).await.unwrap();

    let (drifted, net) = priced(&world, world.mine().await).await;
    assert_eq!((drifted, net.minor), (vec![false], 1_250));
}

#[sqlx::test(migrations = false)]
async fn prices_that_are_no_more_cannot_be_accepted(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![line("MUG", 1), line("BOWL", 1), line("PLATE", 1)]).await.unwrap();
    world.change(|answers| {
        answers.prices.remove("BOWL");
        answers.variants.get_mut("PLATE").unwrap().is_active = false;
        answers.prices.insert("MUG".to_owned(), vec![(0, 9)]);
    });

    let refused = refusals(world.carts.prices_accept(&world.buyer, MINE).await);

    let expected =
        [(CartCode::UnknownVariant, "lines.2.variant_id"), (CartCode::NoPrice, "lines.1.shown_unit_price")];
    assert_eq!(refused, expected.map(|(code, field)| (code, field.to_owned())));
    assert_eq!(world.mine().await.lines[0].shown_unit_price.micros, 3_000_000);
}

#[sqlx::test(migrations = false)]
async fn a_staff_price_is_charged_never_drifts_and_needs_no_other(pool: PgPool) {
    let world = World::new(pool).await;
    let added = world.add(vec![line("MUG", 2)]).await.unwrap();
    let set = OverridePrice {
        line_id: added.line_ids[0],
        unit_price: Some("1.25".parse().unwrap()),
        reason: "agreed by phone".to_owned(),
    };
    world.carts.prices_override(&world.pricing_staff(), this(added.cart_id), vec![set]).await.unwrap();
    world.change(|answers| answers.prices.remove("MUG"));

    let (drifted, net) = priced(&world, world.mine().await).await;
    let accepted = world.carts.prices_accept(&world.buyer, MINE).await;

    assert_eq!((drifted, net.minor), (vec![false], 250));
    assert!(accepted.is_ok());
    let cart = world.mine().await;
    assert_eq!(cart.lines[0].quantity, units(2));
    assert_eq!(cart.lines[0].shown_unit_price.micros, 3_000_000);
}
