use sqlx::PgPool;
use vectis_contracts::carts::{AddLine, CartCode};
use vectis_kernel::Quantity;

use super::world::{MINE, World, code, line, refusals, units};

#[sqlx::test(migrations = false)]
async fn quantities_are_set_in_packages_where_the_line_has_one(pool: PgPool) {
    let world = World::new(pool).await;
    world.change(|answers| answers.prices.insert("MUG".to_owned(), vec![(0, 3_000_000), (10, 2_500_000)]));
    let cases = AddLine { package: Some("case-of-24".to_owned()), ..line("BOWL", 1) };
    let ids = world.add(vec![line("MUG", 1), cases]).await.unwrap().line_ids;

    let quantities = vec![(ids[1], units(3)), (ids[0], units(12))];
    let change = world.carts.lines_update(&world.buyer, MINE, quantities).await.unwrap();

    assert_eq!(change.line_ids, [ids[1], ids[0]]);
    let cart = world.mine().await;
    assert_eq!((cart.lines[0].quantity, cart.lines[1].quantity), (units(12), units(72)));
    assert_eq!(cart.lines[0].shown_unit_price.micros, 2_500_000);
    assert_eq!((cart.lines[0].id, cart.lines[0].position, cart.version), (ids[0], 1, 2));
}

#[sqlx::test(migrations = false)]
async fn every_bad_update_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let world = World::new(pool).await;
    world.sell("SIXES", 1, |variant| variant.limits.step = Some(units(6)));
    world.sell("OLD", 1, |_| {});
    let lines = vec![line("MUG", 1), line("SIXES", 6), line("OLD", 1), line("BOWL", 1)];
    let ids = world.add(lines).await.unwrap().line_ids;
    world.change(|answers| answers.variants.get_mut("OLD").unwrap().is_active = false);
    world.change(|answers| answers.prices.remove("BOWL"));

    let quantities = vec![
        (ids[0], units(2)),
        (ids[0], units(3)),
        (world.new_id(), units(1)),
        (ids[1], units(7)),
        (ids[2], units(2)),
        (ids[3], units(2)),
    ];
    let refused = world.carts.lines_update(&world.buyer, MINE, quantities).await;
    let zero = world.carts.lines_update(&world.buyer, MINE, vec![(ids[0], Quantity::ZERO)]).await;
    let none = world.carts.lines_update(&world.buyer, MINE, Vec::new()).await;

    let expected = [
        (CartCode::InvalidInput, "lines.1.line_id"),
        (CartCode::UnknownLine, "lines.2.line_id"),
        (CartCode::NotAMultiple, "lines.3.quantity"),
        (CartCode::UnknownVariant, "lines.4.line_id"),
        (CartCode::NoPrice, "lines.5.quantity"),
    ];
    assert_eq!(refusals(refused), expected.map(|(code, field)| (code, field.to_owned())));
    assert_eq!(code(zero), CartCode::InvalidQuantity);
    assert_eq!(code(none), CartCode::InvalidInput);
    let cart = world.mine().await;
    assert_eq!((cart.version, cart.lines[0].quantity), (1, units(1)));
}

#[sqlx::test(migrations = false)]
async fn an_update_is_checked_against_the_other_lines_of_the_variant(pool: PgPool) {
    let world = World::new(pool).await;
    world.sell("MIN", 1, |variant| variant.limits.min = Some(units(30)));
    let cases = AddLine { package: Some("case-of-24".to_owned()), ..line("MIN", 1) };
    let ids = world.add(vec![cases, line("MIN", 10)]).await.unwrap().line_ids;

    let enough = world.carts.lines_update(&world.buyer, MINE, vec![(ids[1], units(6))]).await;
    let too_few = world.carts.lines_update(&world.buyer, MINE, vec![(ids[1], units(5))]).await;

    assert!(enough.is_ok());
    assert_eq!(refusals(too_few), [(CartCode::BelowMinimum, "lines.0.quantity".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn removing_takes_the_lines_named_or_all(pool: PgPool) {
    let world = World::new(pool).await;
    let ids = world.add(vec![line("MUG", 1), line("BOWL", 1), line("PLATE", 1)]).await.unwrap().line_ids;
    let unknown = vec![ids[0], world.new_id()];

    let refused = world.carts.lines_remove(&world.buyer, MINE, Some(unknown)).await;
    assert_eq!(refusals(refused), [(CartCode::UnknownLine, "lines.1.line_id".to_owned())]);
    assert_eq!(world.mine().await.lines.len(), 3);

    world.carts.lines_remove(&world.buyer, MINE, Some(vec![ids[1]])).await.unwrap();
    let left: Vec<_> = world.mine().await.lines.iter().map(|line| line.id).collect();
    assert_eq!(left, [ids[0], ids[2]]);

    world.add(vec![line("BOWL", 1)]).await.unwrap();
    let positions: Vec<_> = world.mine().await.lines.iter().map(|line| line.position).collect();
    assert_eq!(positions, [1, 3, 4]);

    let all = world.carts.lines_remove(&world.buyer, MINE, None).await.unwrap();
    assert_eq!(all.line_ids.len(), 3);
    assert!(world.mine().await.lines.is_empty());
}
