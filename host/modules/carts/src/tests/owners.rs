use sqlx::PgPool;
use vectis_contracts::accounts::AccountStatus;
use vectis_contracts::carts::{CartCode, CartOwner, OnDuplicate};
use vectis_contracts::channels::CommerceMode;
use vectis_kernel::ids::CartId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Currency};

use super::world::{MINE, World, code, line, refusals, this};

async fn fill(world: &World, ctx: &Ctx) -> Result<CartId, CartCode> {
    let filled = world.carts.lines_add(ctx, MINE, vec![line("MUG", 1)], OnDuplicate::Merge).await;
    match filled {
        Ok(change) => Ok(change.cart_id),
        refused => Err(code(refused)),
    }
}

async fn write(world: &World, ctx: &Ctx, cart_id: CartId) -> Result<(), CartCode> {
    match world.carts.lines_add(ctx, this(cart_id), vec![line("MUG", 1)], OnDuplicate::Merge).await {
        Ok(_) => Ok(()),
        refused => Err(code(refused)),
    }
}

async fn sees(world: &World, ctx: &Ctx, cart_id: CartId) -> bool {
    world.carts.find(ctx, cart_id).await.unwrap().is_some()
}

#[sqlx::test(migrations = false)]
async fn the_channel_decides_which_kind_of_buyer_may_fill_a_cart(pool: PgPool) {
    let world = World::new(pool).await;
    let (guest, customer) = (world.guest("g1"), world.customer());
    let closed = Err(CartCode::ChannelUnavailable);
    let cases = [
        (CommerceMode::B2b, true, false, false, true),
        (CommerceMode::Retail, true, true, true, false),
        (CommerceMode::Retail, false, false, true, false),
        (CommerceMode::Hybrid, true, true, true, true),
        (CommerceMode::Hybrid, false, false, true, true),
    ];

    for (mode, guest_checkout, takes_guest, takes_customer, takes_company) in cases {
        world.change(|answers| {
            answers.channels[0].mode = mode;
            answers.channels[0].guest_checkout = guest_checkout;
        });
        for (ctx, takes) in
            [(&guest, takes_guest), (&customer, takes_customer), (&world.buyer, takes_company)]
        {
            let filled = fill(&world, ctx).await;
            assert_eq!(filled.is_ok(), takes, "{mode:?}, guests {guest_checkout}, {:?}", ctx.actor);
            assert!(takes || filled == closed);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn no_channel_an_unknown_and_an_inactive_one_take_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let nowhere = Ctx { channel_id: None, ..world.buyer.clone() };
    let elsewhere = Ctx { channel_id: Some(world.new_id()), ..world.buyer.clone() };

    assert_eq!(fill(&world, &nowhere).await, Err(CartCode::ChannelUnavailable));
    assert_eq!(fill(&world, &elsewhere).await, Err(CartCode::ChannelUnavailable));
    assert_eq!(code(world.carts.find_mine(&nowhere).await), CartCode::ChannelUnavailable);
    world.change(|answers| answers.channels[0].is_active = false);
    assert_eq!(fill(&world, &world.buyer).await, Err(CartCode::ChannelUnavailable));
    assert_eq!(world.stored_carts().await, 0);
}

#[sqlx::test(migrations = false)]
async fn only_active_accounts_fill_carts(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = fill(&world, &world.buyer).await.unwrap();

    for status in AccountStatus::ALL {
        world.change(|answers| answers.memberships[0].account_status = status);
        let expected = match status {
            AccountStatus::Active => Ok(()),
            _ => Err(CartCode::AccountNotActive),
        };
        assert_eq!(write(&world, &world.buyer, cart_id).await, expected, "{status:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn employees_without_the_right_or_no_longer_active_fill_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let browser = world.colleague(&[buyer::BROWSE]);

    assert_eq!(fill(&world, &browser).await, Err(CartCode::Forbidden));
    assert_eq!(code(world.carts.cart_create(&browser, None, None).await), CartCode::Forbidden);
    world.change(|answers| answers.memberships[0].employee.is_active = false);
    assert_eq!(fill(&world, &world.buyer).await, Err(CartCode::Forbidden));
    world.change(|answers| answers.memberships.clear());
    assert_eq!(fill(&world, &world.buyer).await, Err(CartCode::Forbidden));
}

#[sqlx::test(migrations = false)]
async fn who_owns_no_cart_has_none(pool: PgPool) {
    let world = World::new(pool).await;
    let visitor = world.acting(Actor::Anonymous { guest: None });
    let staff = world.pricing_staff();

    assert_eq!(fill(&world, &visitor).await, Err(CartCode::Forbidden));
    assert_eq!(fill(&world, &staff).await, Err(CartCode::CartNotFound));
    assert_eq!(code(world.carts.cart_create(&visitor, None, None).await), CartCode::Forbidden);
    assert!(world.carts.find_mine(&visitor).await.unwrap().is_none());
    assert!(world.carts.find_mine(&staff).await.unwrap().is_none());
}

#[sqlx::test(migrations = false)]
async fn a_companys_cart_is_seen_by_whom_the_contract_names(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = fill(&world, &world.buyer).await.unwrap();

    let seeing = [
        world.buyer.clone(),
        world.colleague(&[buyer::ORDERS_READ_ALL]),
        world.colleague(&[buyer::APPROVE]),
        world.staff(&[staff::ORDERS_READ]),
        Ctx::system("test"),
    ];
    let blind = [
        world.colleague(&[buyer::ORDER]),
        world.stranger(&[buyer::ORDER, buyer::ORDERS_READ_ALL, buyer::APPROVE]),
        world.staff(&[staff::PRODUCTS_READ]),
        world.guest("g1"),
        world.customer(),
        world.acting(Actor::Anonymous { guest: None }),
    ];

    for ctx in &seeing {
        assert!(sees(&world, ctx, cart_id).await, "{:?}", ctx.actor);
    }
    for ctx in &blind {
        assert!(!sees(&world, ctx, cart_id).await, "{:?}", ctx.actor);
    }
    assert!(!sees(&world, &world.buyer, world.new_id()).await);
}

#[sqlx::test(migrations = false)]
async fn guests_and_customers_see_only_their_own(pool: PgPool) {
    let world = World::new(pool).await;
    let (guest, customer) = (world.guest("g1"), world.customer());
    let guests = fill(&world, &guest).await.unwrap();
    let customers = fill(&world, &customer).await.unwrap();

    assert!(sees(&world, &guest, guests).await && sees(&world, &customer, customers).await);
    assert!(!sees(&world, &world.guest("g2"), guests).await);
    assert!(!sees(&world, &world.customer(), customers).await);
    assert!(!sees(&world, &world.colleague(&[buyer::ORDERS_READ_ALL]), guests).await);
    assert_eq!(world.carts.find_mine(&guest).await.unwrap().unwrap().id, guests);
}

#[sqlx::test(migrations = false)]
async fn only_the_owner_and_staff_in_the_owners_name_write(pool: PgPool) {
    let world = World::new(pool).await;
    let cart_id = fill(&world, &world.buyer).await.unwrap();

    let seeing_colleague = world.colleague(&[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    let blind_colleague = world.colleague(&[buyer::ORDER]);
    let stranger = world.stranger(&[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    let reading_staff = world.staff(&[staff::ORDERS_READ]);
    let selling_staff = world.staff(&[staff::ORDERS_PLACE_FOR]);

    assert_eq!(write(&world, &seeing_colleague, cart_id).await, Err(CartCode::Forbidden));
    assert_eq!(write(&world, &blind_colleague, cart_id).await, Err(CartCode::CartNotFound));
    assert_eq!(write(&world, &stranger, cart_id).await, Err(CartCode::CartNotFound));
    assert_eq!(write(&world, &world.guest("g1"), cart_id).await, Err(CartCode::CartNotFound));
    assert_eq!(write(&world, &reading_staff, cart_id).await, Err(CartCode::Forbidden));
    assert_eq!(write(&world, &world.buyer, world.new_id()).await, Err(CartCode::CartNotFound));
    assert_eq!(world.cart(cart_id).await.version, 1);
    assert_eq!(write(&world, &selling_staff, cart_id).await, Ok(()));
    assert_eq!(write(&world, &world.buyer, cart_id).await, Ok(()));
}

#[sqlx::test(migrations = false)]
async fn an_asked_for_cart_stands_beside_the_others_and_the_newest_is_mine(pool: PgPool) {
    let world = World::new(pool).await;
    let first = fill(&world, &world.buyer).await.unwrap();

    let second = world.carts.cart_create(&world.buyer, Some(Currency::GBP), None).await.unwrap();

    assert_eq!((second.version, second.line_ids.len()), (1, 0));
    let mine = world.mine().await;
    assert_eq!((mine.id, mine.currency), (second.cart_id, Currency::GBP));
    assert_eq!(fill(&world, &world.buyer).await, Ok(second.cart_id));
    assert_eq!(world.cart(first).await.version, 1);
    let refused = world.carts.cart_create(&world.buyer, Some(Currency::USD), None).await;
    assert_eq!(refusals(refused), [(CartCode::UnknownCurrency, "currency".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn staff_make_and_fill_a_cart_for_an_employee(pool: PgPool) {
    let world = World::new(pool).await;
    let staff = world.staff(&[staff::ORDERS_PLACE_FOR]);
    let employee = Some(world.employee_id());

    let cart_id = world.carts.cart_create(&staff, None, employee).await.unwrap().cart_id;
    write(&world, &staff, cart_id).await.unwrap();

    let mine = world.mine().await;
    assert_eq!((mine.id, mine.lines.len()), (cart_id, 1));
    let acting = world.buyer.buyer().unwrap();
    let owner = CartOwner::Employee {
        account_id: acting.account_id,
        location_id: acting.location_id,
        employee_id: acting.employee_id,
    };
    assert_eq!(mine.owner, owner);
}

#[sqlx::test(migrations = false)]
async fn a_cart_for_somebody_else_needs_the_right_and_a_buyer_who_may_order(pool: PgPool) {
    let world = World::new(pool).await;
    let staff = world.staff(&[staff::ORDERS_PLACE_FOR]);
    let employee = Some(world.employee_id());
    let create = async |ctx: &Ctx, employee| refusals(world.carts.cart_create(ctx, None, employee).await);
    let at = |code, field: &str| vec![(code, field.to_owned())];

    let by_colleague = world.colleague(&[buyer::ORDER, buyer::MANAGE]);
    assert_eq!(create(&by_colleague, employee).await, at(CartCode::Forbidden, "for_employee"));
    let by_reader = world.staff(&[staff::ORDERS_READ]);
    assert_eq!(create(&by_reader, employee).await, at(CartCode::Forbidden, "for_employee"));
    assert_eq!(create(&staff, None).await, at(CartCode::Forbidden, "for_employee"));
    assert_eq!(create(&staff, Some(world.new_id())).await, at(CartCode::InvalidInput, "for_employee"));
    world.change(|answers| answers.memberships[0].account_status = AccountStatus::Suspended);
    assert_eq!(create(&staff, employee).await, at(CartCode::AccountNotActive, ""));
    assert_eq!(world.stored_carts().await, 0);
}
