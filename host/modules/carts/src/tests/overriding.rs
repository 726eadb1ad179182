use rust_decimal::Decimal;
use sqlx::PgPool;
use vectis_contracts::carts::{CartCode, CartTarget, OnDuplicate, OverridePrice};
use vectis_kernel::Ctx;
use vectis_kernel::ids::CartLineId;
use vectis_kernel::permission::{buyer, staff};

use super::world::{MINE, World, code, line, refusals, this, units};

fn set(line_id: CartLineId, price: &str) -> OverridePrice {
    let unit_price = Some(price.parse::<Decimal>().unwrap());
    OverridePrice { line_id, unit_price, reason: "matches the catalogue of May".to_owned() }
}

#[sqlx::test(migrations = false)]
async fn staff_set_prices_with_a_reason_and_take_them_away(pool: PgPool) {
    let world = World::new(pool).await;
    let staff = world.staff(&[staff::ORDERS_PRICE_OVERRIDE]);
    let added = world.add(vec![line("MUG", 2), line("BOWL", 1)]).await.unwrap();

    let prices = vec![set(added.line_ids[1], "0"), set(added.line_ids[0], "1.234567")];
    let change = world.carts.prices_override(&staff, this(added.cart_id), prices).await.unwrap();

    assert_eq!((change.version, change.line_ids), (2, vec![added.line_ids[1], added.line_ids[0]]));
    let cart = world.cart(added.cart_id).await;
    let mug = cart.lines[0].price_override.clone().unwrap();
    assert_eq!((mug.unit_price.micros, mug.by), (1_234_567, staff.login_id()));
    assert_eq!(mug.reason, "matches the catalogue of May");
    assert_eq!(cart.lines[1].price_override.as_ref().unwrap().unit_price.micros, 0);
    assert_eq!(cart.lines[0].shown_unit_price.micros, 3_000_000);
    let detail = world.change(|answers| answers.audited.last().unwrap().detail.clone());
    assert_eq!(detail["overrides"][1]["unitPrice"], "1.234567");

    let away = OverridePrice { unit_price: None, ..set(added.line_ids[0], "0") };
    world.carts.prices_override(&staff, this(added.cart_id), vec![away]).await.unwrap();
    assert!(world.cart(added.cart_id).await.lines[0].price_override.is_none());
}

#[sqlx::test(migrations = false)]
async fn every_bad_price_is_named_at_once_and_nothing_is_set(pool: PgPool) {
    let world = World::new(pool).await;
    let lines = vec![line("MUG", 1), line("BOWL", 1), line("PLATE", 1)];
    let added = world.add(lines).await.unwrap();
    let ids = &added.line_ids;
    let reason = |reason: String| OverridePrice { reason, ..set(ids[2], "1") };

    let prices = vec![set(ids[0], "1"), set(ids[0], "1"), set(ids[1], "-0.01"), set(world.new_id(), "1")];
    let refused = world.carts.prices_override(&world.pricing_staff(), this(added.cart_id), prices).await;
    let one = async |price| {
        refusals(world.carts.prices_override(&world.pricing_staff(), this(added.cart_id), vec![price]).await)
    };

    let at = |code, field: &str| (code, field.to_owned());
    let expected = [
        at(CartCode::InvalidInput, "lines.1.line_id"),
        at(CartCode::InvalidInput, "lines.2.unit_price"),
        at(CartCode::UnknownLine, "lines.3.line_id"),
    ];
    assert_eq!(refusals(refused), expected);
    assert_eq!(one(set(ids[1], "0.0000001")).await, [at(CartCode::InvalidInput, "lines.0.unit_price")]);
    assert_eq!(one(set(ids[1], "99999999999999")).await, [at(CartCode::InvalidInput, "lines.0.unit_price")]);
    for bad in [String::new(), "  ".to_owned(), "x".repeat(501), "a\0b".to_owned()] {
        assert_eq!(one(reason(bad)).await, [at(CartCode::InvalidInput, "lines.0.reason")]);
    }
    let none = world.carts.prices_override(&world.pricing_staff(), this(added.cart_id), Vec::new()).await;
    assert_eq!(code(none), CartCode::InvalidInput);
    assert_eq!(world.cart(added.cart_id).await.version, 1);
    assert!(world.cart(added.cart_id).await.lines.iter().all(|line| line.price_override.is_none()));
}

#[sqlx::test(migrations = false)]
async fn only_staff_with_the_right_set_prices(pool: PgPool) {
    let world = World::new(pool).await;
    let added = world.add(vec![line("MUG", 1)]).await.unwrap();
    let try_it = async |ctx: &Ctx| {
        let prices = vec![set(added.line_ids[0], "0")];
        code(world.carts.prices_override(ctx, this(added.cart_id), prices).await)
    };

    let stray = world.colleague(&[buyer::ORDER, buyer::ORDERS_READ_ALL, staff::ORDERS_PRICE_OVERRIDE]);
    assert_eq!(try_it(&world.buyer).await, CartCode::Forbidden);
    assert_eq!(try_it(&stray).await, CartCode::Forbidden);
    assert_eq!(try_it(&world.staff(&[staff::ORDERS_READ])).await, CartCode::Forbidden);
    assert_eq!(try_it(&world.staff(&[staff::ORDERS_PLACE_FOR])).await, CartCode::CartNotFound);
    assert_eq!(try_it(&world.stranger(&[buyer::ORDER])).await, CartCode::CartNotFound);
}

#[sqlx::test(migrations = false)]
async fn prices_are_set_at_the_expected_version_only(pool: PgPool) {
    let world = World::new(pool).await;
    let added = world.add(vec![line("MUG", 1)]).await.unwrap();
    world.add(vec![line("BOWL", 1)]).await.unwrap();

    let target = CartTarget { cart_id: Some(added.cart_id), version: Some(1) };
    let prices = vec![set(added.line_ids[0], "1")];
    let refused = world.carts.prices_override(&world.pricing_staff(), target, prices).await;

    assert_eq!(code(refused), CartCode::StaleVersion);
}

#[sqlx::test(migrations = false)]
async fn a_staff_price_holds_only_for_the_quantity_it_was_set_for(pool: PgPool) {
    let world = World::new(pool).await;
    let added = world.add(vec![line("MUG", 1)]).await.unwrap();
    let (cart_id, mug) = (added.cart_id, added.line_ids[0]);
    let staff = world.pricing_staff();
    world.carts.prices_override(&staff, this(cart_id), vec![set(mug, "0")]).await.unwrap();

    world.add(vec![line("MUG", 99)]).await.unwrap();
    let lines = world.cart(cart_id).await.lines;
    assert_eq!((lines[0].quantity, lines[0].price_override.is_some()), (units(1), true));
    assert_eq!((lines[1].quantity, lines[1].price_override.is_some()), (units(99), false));

    let more = vec![(mug, units(50))];
    world.carts.lines_update(&world.buyer, MINE, more).await.unwrap();
    assert!(world.cart(cart_id).await.lines[0].price_override.is_none());

    world.carts.prices_override(&staff, this(cart_id), vec![set(mug, "0")]).await.unwrap();
    world.carts.lines_update(&staff, this(cart_id), vec![(mug, units(60))]).await.unwrap();
    world.carts.lines_add(&staff, this(cart_id), vec![line("MUG", 1)], OnDuplicate::Merge).await.unwrap();
    let lines = world.cart(cart_id).await.lines;
    assert_eq!((lines[0].quantity, lines[0].price_override.is_some()), (units(61), true));
}
