use sqlx::PgPool;
use vectis_contracts::accounts::AccountStatus;
use vectis_contracts::carts::{AddLine, CartCode, CartTarget, OnDuplicate};
use vectis_contracts::channels::CommerceMode;
use vectis_kernel::{Actor, Ctx};

use super::world::{MINE, World, code, keyed, line, this, units};

async fn guest_adds(world: &World, lines: Vec<AddLine>) -> Ctx {
    let guest = world.guest("g1");
    world.carts.lines_add(&guest, MINE, lines, OnDuplicate::Separate).await.unwrap();
    guest
}

#[sqlx::test(migrations = false)]
async fn the_guests_lines_join_the_callers_at_the_callers_prices(pool: PgPool) {
    let world = World::new(pool).await;
    let guest = guest_adds(&world, vec![line("MUG", 2), line("BOWL", 1)]).await;
    world.add(vec![line("MUG", 3)]).await.unwrap();
    world.change(|answers| answers.prices.insert("MUG".to_owned(), vec![(0, 3_000_000), (5, 2_000_000)]));

    let change = world.carts.merge_guest(&world.buyer, "g1").await.unwrap().unwrap();

    let cart = world.mine().await;
    let lines: Vec<_> = cart.lines.iter().map(|line| (line.quantity, line.shown_unit_price.micros)).collect();
    assert_eq!(lines, [(units(5), 2_000_000), (units(1), 5_000_000)]);
    assert_eq!((change.cart_id, change.version), (cart.id, 2));
    assert_eq!(change.line_ids, [cart.lines[0].id, cart.lines[1].id]);
    assert!(world.carts.find_mine(&guest).await.unwrap().unwrap().lines.is_empty());
    assert_eq!(world.carts.merge_guest(&world.buyer, "g1").await.unwrap(), None);
    assert_eq!(world.mine().await.version, 2);
}

#[sqlx::test(migrations = false)]
async fn a_caller_without_a_cart_gets_one(pool: PgPool) {
    let world = World::new(pool).await;
    guest_adds(&world, vec![line("MUG", 2)]).await;
    let customer = world.customer();

    let change = world.carts.merge_guest(&customer, "g1").await.unwrap().unwrap();

    let cart = world.carts.find_mine(&customer).await.unwrap().unwrap();
    assert_eq!((cart.id, cart.version, cart.lines.len()), (change.cart_id, 1, 1));
}

#[sqlx::test(migrations = false)]
async fn what_the_caller_may_not_buy_is_left_out_counted_and_stays_with_the_guest(pool: PgPool) {
    let world = World::new(pool).await;
    for sku in ["GONE", "UNPRICED", "CAPPED", "PAIRED", "FIVES"] {
        world.sell(sku, 1_000_000, |_| {});
    }
    let lines = vec![
        line("GONE", 1),
        line("MUG", 1),
        line("UNPRICED", 1),
        line("CAPPED", 4),
        line("PAIRED", 2),
        line("FIVES", 5),
        AddLine { package: Some("case-of-24".to_owned()), ..line("FIVES", 1) },
        line("MUG", 2),
    ];
    let guest = guest_adds(&world, lines).await;
    world.add(vec![line("CAPPED", 2)]).await.unwrap();
    world.change(|answers| {
        answers.variants.get_mut("GONE").unwrap().is_active = false;
        answers.prices.remove("UNPRICED");
        answers.variants.get_mut("CAPPED").unwrap().limits.max = Some(units(5));
        answers.variants.get_mut("PAIRED").unwrap().limits.min = Some(units(3));
        // The case breaks the step; without it, what is left breaks the minimum.
        let fives = &mut answers.variants.get_mut("FIVES").unwrap().limits;
        (fives.step, fives.min) = (Some(units(5)), Some(units(10)));
    });

    world.carts.merge_guest(&world.buyer, "g1").await.unwrap().unwrap();

    let quantities: Vec<_> = world.mine().await.lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [units(2), units(3)]);
    let left = world.carts.find_mine(&guest).await.unwrap().unwrap().lines;
    let quantities: Vec<_> = left.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [1, 1, 4, 2, 5, 24].map(units));
    let detail = world.change(|answers| answers.audited.last().unwrap().detail.clone());
    assert_eq!((&detail["lines"], &detail["leftOut"]), (&2.into(), &6.into()));
}

#[sqlx::test(migrations = false)]
async fn a_full_cart_takes_what_fits(pool: PgPool) {
    let world = World::new(pool).await;
    guest_adds(&world, vec![line("BOWL", 1), line("PLATE", 1), line("MUG", 1)]).await;
    let lines = vec![line("MUG", 1); 9_999];
    world.carts.lines_replace(&world.buyer, MINE, lines).await.unwrap();

    world.carts.merge_guest(&world.buyer, "g1").await.unwrap().unwrap();

    let cart = world.mine().await;
    assert_eq!(cart.lines.len(), 10_000);
    assert_eq!(cart.lines[0].quantity, units(2));
}

#[sqlx::test(migrations = false)]
async fn without_a_guest_cart_or_without_an_own_there_is_nothing_to_merge(pool: PgPool) {
    let world = World::new(pool).await;
    let nothing_there = world.carts.merge_guest(&world.buyer, "g1").await.unwrap();
    guest_adds(&world, vec![line("MUG", 1)]).await;
    let nowhere = Ctx { channel_id: None, ..world.buyer.clone() };
    let nobody = world.acting(Actor::Anonymous { guest: Some("g2".to_owned()) });

    assert_eq!(nothing_there, None);
    assert_eq!(world.carts.merge_guest(&world.buyer, "g2").await.unwrap(), None);
    assert_eq!(world.carts.merge_guest(&nowhere, "g1").await.unwrap(), None);
    assert_eq!(world.carts.merge_guest(&nobody, "g1").await.unwrap(), None);
    assert_eq!(world.carts.merge_guest(&world.pricing_staff(), "g1").await.unwrap(), None);
    assert_eq!(world.stored_carts().await, 1);
}

#[sqlx::test(migrations = false)]
async fn who_may_not_buy_merges_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let guest = guest_adds(&world, vec![line("MUG", 1)]).await;

    world.change(|answers| answers.memberships[0].account_status = AccountStatus::Suspended);
    assert_eq!(code(world.carts.merge_guest(&world.buyer, "g1").await), CartCode::AccountNotActive);
    let browser = world.colleague(&[]);
    assert_eq!(code(world.carts.merge_guest(&browser, "g1").await), CartCode::Forbidden);
    world.change(|answers| answers.channels[0].mode = CommerceMode::B2b);
    let customer = world.customer();
    assert_eq!(code(world.carts.merge_guest(&customer, "g1").await), CartCode::ChannelUnavailable);

    assert_eq!(world.carts.find_mine(&guest).await.unwrap().unwrap().lines.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_repeated_merge_answers_as_before(pool: PgPool) {
    let world = World::new(pool).await;
    guest_adds(&world, vec![line("MUG", 1)]).await;
    let ctx = keyed(&world.buyer, "merge-1");

    let first = world.carts.merge_guest(&ctx, "g1").await.unwrap();
    guest_adds(&world, vec![line("MUG", 1)]).await;
    let again = world.carts.merge_guest(&ctx, "g1").await.unwrap();

    assert_eq!(first, again);
    assert_eq!(world.mine().await.lines[0].quantity, units(1));
}

#[sqlx::test(migrations = false)]
async fn a_guest_who_adds_meanwhile_loses_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let guest = guest_adds(&world, vec![line("MUG", 1)]).await;
    let guests = world.carts.find_mine(&guest).await.unwrap().unwrap();
    let mut blocking = world.db.begin().await.unwrap();
    sqlx::query("UPDATE carts.cart SET version = version + 1 WHERE id = $1")
        .bind(guests.id.0)
        .execute(vectis_db::conn(&mut blocking))
        .await
        .unwrap();
    sqlx::query("UPDATE carts.cart_line SET quantity_milli = 5000 WHERE cart_id = $1")
        .bind(guests.id.0)
        .execute(vectis_db::conn(&mut blocking))
        .await
        .unwrap();

    let merging = world.carts.merge_guest(&world.buyer, "g1");
    let committing = async {
        world.until_somebody_waits().await;
        blocking.commit().await
    };
    let (merged, committed) = tokio::join!(merging, committing);

    committed.unwrap();
    assert_eq!(merged.unwrap().unwrap().version, 1);
    assert_eq!(world.mine().await.lines[0].quantity, units(5));
    let guests = world.cart(guests.id).await;
    assert_eq!((guests.version, guests.lines.len()), (3, 0));
    let unchanged = CartTarget { version: Some(3), ..this(guests.id) };
    let lines = vec![line("MUG", 1)];
    assert!(world.carts.lines_add(&guest, unchanged, lines, OnDuplicate::Merge).await.is_ok());
}
