use rust_decimal::Decimal;
use sqlx::PgPool;
use vectis_contracts::carts::{AddLine, CartCode, CartTarget, OnDuplicate, VariantRef};
use vectis_contracts::products::QuantityLimits;
use vectis_kernel::{Currency, Quantity, UnitPrice};

use super::world::{MINE, World, code, line, refusals, this, units};

fn packed(sku: &str, quantity: i64) -> AddLine {
    AddLine { package: Some("case-of-24".to_owned()), ..line(sku, quantity) }
}

fn of(sku: &str, quantity: &str) -> AddLine {
    let quantity = Quantity::from_decimal(quantity.parse::<Decimal>().unwrap()).unwrap();
    AddLine { quantity, ..line(sku, 1) }
}

#[sqlx::test(migrations = false)]
async fn the_first_line_makes_the_cart_and_is_stored_with_the_price_shown(pool: PgPool) {
    let world = World::new(pool).await;

    let change = world.add(vec![line("MUG", 2), packed("BOWL", 3)]).await.unwrap();

    let cart = world.mine().await;
    assert_eq!((change.cart_id, change.version), (cart.id, 1));
    assert_eq!((cart.version, cart.currency), (1, Currency::EUR));
    let ids: Vec<_> = cart.lines.iter().map(|line| line.id).collect();
    assert_eq!(change.line_ids, ids);
    assert_eq!((cart.lines[0].position, cart.lines[0].quantity), (1, units(2)));
    assert_eq!(cart.lines[0].shown_unit_price, UnitPrice::from_micros(3_000_000, Currency::EUR));
    assert_eq!((cart.lines[1].position, cart.lines[1].quantity), (2, units(72)));
    assert_eq!(cart.lines[1].package.as_ref().unwrap().slug, "case-of-24");
    assert_eq!(cart.lines[1].package.as_ref().unwrap().multiplier, units(24));
    assert_eq!(world.audited(), ["cart.lines_add"]);
}

#[sqlx::test(migrations = false)]
async fn equal_variants_and_packages_merge_and_are_priced_by_the_sum(pool: PgPool) {
    let world = World::new(pool).await;
    world.change(|answers| answers.prices.insert("MUG".to_owned(), vec![(0, 3_000_000), (10, 2_500_000)]));
    world.add(vec![line("MUG", 4), packed("MUG", 1)]).await.unwrap();

    let change = world.add(vec![line("MUG", 3), line("BOWL", 1), line("MUG", 3)]).await.unwrap();

    let cart = world.mine().await;
    let quantities: Vec<_> = cart.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [units(10), units(24), units(1)]);
    assert_eq!(cart.lines[0].shown_unit_price.micros, 2_500_000);
    let (mug, bowl) = (cart.lines[0].id, cart.lines[2].id);
    assert_eq!(change.line_ids, [mug, bowl, mug]);
    assert_eq!(cart.version, 2);
}

#[sqlx::test(migrations = false)]
async fn separate_lines_stay_separate(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = world.add(vec![line("MUG", 1)]).await.unwrap().cart_id;

    let lines = vec![line("MUG", 2), line("MUG", 3)];
    world.carts.lines_add(&world.buyer, this(cart_id), lines, OnDuplicate::Separate).await.unwrap();

    let cart = world.mine().await;
    let lines: Vec<_> = cart.lines.iter().map(|line| (line.position, line.quantity)).collect();
    assert_eq!(lines, [(1, units(1)), (2, units(2)), (3, units(3))]);
}

#[sqlx::test(migrations = false)]
async fn variants_are_named_by_id_as_well(pool: PgPool) {
    let world = World::new(pool).await;
    let id = world.sell("BY-ID", 1_000_000, |_| {});

    world.add(vec![AddLine { variant: VariantRef::Id(id), ..line("", 1) }, line("MUG", 1)]).await.unwrap();

    assert_eq!(world.mine().await.lines[0].variant_id, id);
}

#[sqlx::test(migrations = false)]
async fn a_package_whose_size_has_changed_makes_a_line_of_its_own(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![packed("MUG", 1)]).await.unwrap();
    world.change(|answers| answers.variants.get_mut("MUG").unwrap().packages[0].multiplier = units(20));

    world.add(vec![packed("MUG", 1)]).await.unwrap();

    let quantities: Vec<_> = world.mine().await.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [units(24), units(20)]);
}

#[sqlx::test(migrations = false)]
async fn every_bad_line_is_named_at_once_and_nothing_is_written(pool: PgPool) {
    let world = World::new(pool).await;
    world.sell("GONE", 1, |variant| variant.is_active = false);
    world.sell("SIXES", 1, |variant| variant.limits.step = Some(units(6)));
    world.sell("MIN", 1, |variant| variant.limits.min = Some(units(10)));
    world.sell("MAX", 1, |variant| variant.limits.max = Some(units(5)));
    world.sell("FREE?", 1, |_| {});
    world.change(|answers| answers.prices.remove("FREE?"));
    let by_id = VariantRef::Id(world.new_id());

    let refused = world
        .add(vec![
            line("MUG", 1),
            line("NO-SUCH", 1),
            AddLine { variant: by_id, ..line("", 1) },
            line("GONE", 1),
            AddLine { package: Some("pallet".to_owned()), ..line("MUG", 1) },
            line("MUG", 0),
            line("MUG", -1),
            of("BOWL", "1.5"),
            AddLine { quantity: Quantity::from_milli(1_500), ..packed("BOWL", 1) },
            AddLine { quantity: Quantity::from_milli(i64::MAX), ..line("PLATE", 1) },
            line("SIXES", 7),
            line("MIN", 9),
            line("MAX", 6),
            line("FREE?", 1),
            line("with\0nul", 1),
        ])
        .await;

    let expected = [
        (CartCode::UnknownVariant, "lines.1.sku"),
        (CartCode::UnknownVariant, "lines.2.variant_id"),
        (CartCode::UnknownVariant, "lines.3.sku"),
        (CartCode::UnknownPackage, "lines.4.package"),
        (CartCode::InvalidQuantity, "lines.5.quantity"),
        (CartCode::InvalidQuantity, "lines.6.quantity"),
        (CartCode::InvalidQuantity, "lines.7.quantity"),
        (CartCode::InvalidQuantity, "lines.8.quantity"),
        (CartCode::InvalidQuantity, "lines.9.quantity"),
        (CartCode::NotAMultiple, "lines.10.quantity"),
        (CartCode::BelowMinimum, "lines.11.quantity"),
        (CartCode::AboveMaximum, "lines.12.quantity"),
        (CartCode::NoPrice, "lines.13.quantity"),
        (CartCode::UnknownVariant, "lines.14.sku"),
    ];
    assert_eq!(refusals(refused), expected.map(|(code, field)| (code, field.to_owned())));
    assert_eq!(world.stored_carts().await, 0);
    assert!(world.audited().is_empty());
}

#[sqlx::test(migrations = false)]
async fn minimum_and_maximum_count_over_the_whole_cart(pool: PgPool) {
    let world = World::new(pool).await;
    let limits = QuantityLimits { min: Some(units(10)), max: Some(units(40)), ..QuantityLimits::default() };
    world.sell("CAPPED", 1_000_000, |variant| variant.limits = limits);
    world.add(vec![packed("CAPPED", 1)]).await.unwrap();

    let filled_up = world.add(vec![line("CAPPED", 16)]).await;
    let beyond = world.add(vec![line("MUG", 1), line("CAPPED", 1)]).await;

    assert!(filled_up.is_ok());
    assert_eq!(refusals(beyond), [(CartCode::AboveMaximum, "lines.1.quantity".to_owned())]);
    assert_eq!(world.mine().await.version, 2);
}

#[sqlx::test(migrations = false)]
async fn a_line_that_has_become_wrong_does_not_stop_others(pool: PgPool) {
    let world = World::new(pool).await;
    world.add(vec![line("MUG", 5)]).await.unwrap();
    world.change(|answers| answers.variants.get_mut("MUG").unwrap().limits.max = Some(units(1)));

    let added = world.add(vec![line("BOWL", 1)]).await;

    assert_eq!(added.unwrap().version, 2);
}

#[sqlx::test(migrations = false)]
async fn halves_of_a_piece_do_not_add_up_to_one(pool: PgPool) {
    let world = World::new(pool).await;
    world.sell("WIRE", 1_000_000, |variant| variant.precision = 2);

    let halves = world.add(vec![of("MUG", "0.5"), of("MUG", "0.5")]).await;
    let metres = world.add(vec![of("WIRE", "0.25"), of("WIRE", "0.5")]).await;

    let invalid = |index| (CartCode::InvalidQuantity, format!("lines.{index}.quantity"));
    assert_eq!(refusals(halves), [invalid(0), invalid(1)]);
    metres.unwrap();
    assert_eq!(world.mine().await.lines[0].quantity.milli(), 750);
}

#[sqlx::test(migrations = false)]
async fn a_sum_beyond_the_range_is_refused_and_not_wrapped(pool: PgPool) {
    let world = World::new(pool).await;
    let most = 1_000_000_000;
    world.add(vec![line("MUG", most)]).await.unwrap();

    let refused = world
        .add(vec![
            line("MUG", 1),
            AddLine { quantity: Quantity::from_milli(i64::MAX / 24_000 * 1000), ..packed("BOWL", 1) },
        ])
        .await;

    let invalid = |index| (CartCode::InvalidQuantity, format!("lines.{index}.quantity"));
    assert_eq!(refusals(refused), [invalid(0), invalid(1)]);
    assert_eq!(world.mine().await.lines[0].quantity, units(most));
}

#[sqlx::test(migrations = false)]
async fn no_line_and_too_many_lines_are_refused(pool: PgPool) {
    let world = World::new(pool).await;

    let none = world.add(Vec::new()).await;
    let too_many = world.add(vec![line("MUG", 1); 10_001]).await;
    let replaced = world.carts.lines_replace(&world.buyer, MINE, vec![line("MUG", 1); 10_001]).await;

    assert_eq!(refusals(none), [(CartCode::InvalidInput, "lines".to_owned())]);
    assert_eq!(refusals(too_many), [(CartCode::TooManyLines, "lines".to_owned())]);
    assert_eq!(code(replaced), CartCode::TooManyLines);
    assert_eq!(world.stored_carts().await, 0);
}

#[sqlx::test(migrations = false)]
async fn a_missing_strategy_is_named_and_nothing_written(pool: PgPool) {
    let world = World::new(pool).await;
    world.change(|answers| answers.strategy_fails = true);

    let refused = world.add(vec![line("MUG", 1)]).await.unwrap_err();

    assert_eq!(refused.refusals()[0].code, CartCode::StrategyFailed);
    assert_eq!(refused.refusals()[0].message, "no plugin answers vectis.pricing");
    assert_eq!(world.stored_carts().await, 0);
}

#[sqlx::test(migrations = false)]
async fn an_expected_version_that_has_passed_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    let early = CartTarget { cart_id: None, version: Some(1) };
    let without_cart =
        world.carts.lines_add(&world.buyer, early, vec![line("MUG", 1)], OnDuplicate::Merge).await;
    let cart_id = world.add(vec![line("MUG", 1)]).await.unwrap().cart_id;
    world.add(vec![line("MUG", 1)]).await.unwrap();
    let at = |version| CartTarget { cart_id: Some(cart_id), version: Some(version) };

    let stale = world.carts.lines_add(&world.buyer, at(1), vec![line("MUG", 1)], OnDuplicate::Merge).await;
    let current = world.carts.lines_add(&world.buyer, at(2), vec![line("MUG", 1)], OnDuplicate::Merge).await;

    assert_eq!(code(without_cart), CartCode::StaleVersion);
    assert_eq!(refusals(stale), [(CartCode::StaleVersion, "version".to_owned())]);
    assert_eq!(current.unwrap().version, 3);
    assert_eq!(world.mine().await.lines[0].quantity, units(3));
}

#[sqlx::test(migrations = false)]
async fn replacing_leaves_exactly_the_lines_given(pool: PgPool) {
    let world = World::new(pool).await;
    let limits = QuantityLimits { max: Some(units(5)), ..QuantityLimits::default() };
    world.sell("FIVE", 1_000_000, |variant| variant.limits = limits);
    world.add(vec![line("FIVE", 5), line("MUG", 1)]).await.unwrap();

    let lines = vec![line("FIVE", 4), line("BOWL", 1), line("BOWL", 2)];
    let change = world.carts.lines_replace(&world.buyer, MINE, lines).await.unwrap();

    let cart = world.mine().await;
    assert_eq!(change.line_ids, cart.lines.iter().map(|line| line.id).collect::<Vec<_>>());
    let quantities: Vec<_> = cart.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [units(4), units(1), units(2)]);

    let refused = world.carts.lines_replace(&world.buyer, MINE, vec![line("FIVE", 6)]).await;
    assert_eq!(code(refused), CartCode::AboveMaximum);
    assert_eq!(world.mine().await.lines.len(), 3);

    world.carts.lines_replace(&world.buyer, MINE, Vec::new()).await.unwrap();
    assert!(world.mine().await.lines.is_empty());
}
