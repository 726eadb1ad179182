//! The number of statements: the module's own, counted by the server, and one for each question to a sibling.

use sqlx::PgPool;
use vectis_contracts::carts::{AddLine, AddressChoice, CartDetails, OnDuplicate, OverridePrice, VariantRef};
use vectis_db::statements::{Statements, counted};
use vectis_kernel::Ctx;

use super::world::{MINE, World, keyed, line, postal, this, units};

/// The most any storefront operation may send, whatever the size.
const MOST: i64 = 12;

struct Counter<'a> {
    world: &'a World,
    statements: Statements,
    calls: i64,
}

impl<'a> Counter<'a> {
    async fn start(world: &'a World) -> Self {
        let statements = counted(world.db.pool()).await.unwrap().unwrap();
        Self { world, statements, calls: world.calls() }
    }

    /// Statements sent since the start; siblings' calls count as one each.
    async fn sent(&self) -> i64 {
        let now = counted(self.world.db.pool()).await.unwrap().unwrap();
        now.since(&self.statements).total() + self.world.calls() - self.calls
    }
}

/// Lines named by SKU and by id in turn, each of another variant.
fn catalogue(world: &World, size: usize) -> Vec<AddLine> {
    let lines = (0..size).map(|index| {
        let sku = format!("SKU-{size}-{index}");
        let id = world.sell(&sku, 1_000_000, |_| {});
        if index % 2 == 0 { line(&sku, 1) } else { AddLine { variant: VariantRef::Id(id), ..line("", 1) } }
    });
    lines.collect()
}

/// How many statements each bulk command sends at this size, all under idempotency keys.
async fn per_command(world: &World, size: usize) -> Vec<(&'static str, i64)> {
    let carts = &world.carts;
    let key = |name: &str| -> Ctx { keyed(&world.buyer, &format!("{name}-{size}")) };
    let staff = keyed(&world.pricing_staff(), &format!("staff-{size}"));
    // Always a line by SKU and one by id, so that the sizes compare.
    let lines = catalogue(world, size.max(2));
    let mut sent = Vec::new();

    let counter = Counter::start(world).await;
    let first = carts.lines_add(&key("first"), MINE, lines.clone(), OnDuplicate::Merge).await.unwrap();
    sent.push(("add to no cart", counter.sent().await));
    let (cart_id, ids) = (first.cart_id, first.line_ids);

    let counter = Counter::start(world).await;
    carts.lines_add(&key("merge"), this(cart_id), lines.clone(), OnDuplicate::Merge).await.unwrap();
    sent.push(("add and merge", counter.sent().await));

    let counter = Counter::start(world).await;
    let quantities = ids.iter().map(|id| (*id, units(7))).collect();
    carts.lines_update(&key("update"), this(cart_id), quantities).await.unwrap();
    sent.push(("update", counter.sent().await));

    let counter = Counter::start(world).await;
    let one = vec![(ids[0], units(9))];
    carts.lines_update(&key("update-one"), this(cart_id), one).await.unwrap();
    sent.push(("update one line", counter.sent().await));

    let counter = Counter::start(world).await;
    carts.prices_accept(&key("accept"), this(cart_id)).await.unwrap();
    sent.push(("accept prices", counter.sent().await));

    let counter = Counter::start(world).await;
    let overrides = ids.iter().map(|id| OverridePrice {
        line_id: *id,
        unit_price: Some("0.5".parse().unwrap()),
        reason: "as agreed".to_owned(),
    });
    carts.prices_override(&staff, this(cart_id), overrides.collect()).await.unwrap();
    sent.push(("override prices", counter.sent().await));

    let counter = Counter::start(world).await;
    let address = || Some(AddressChoice::Known(world.address(&world.buyer, "London").id));
    let details = CartDetails {
        po_number: Some("PO 1".to_owned()),
        shipping_address: address(),
        billing_address: address(),
        ..CartDetails::default()
    };
    carts.details_set(&key("details"), this(cart_id), details).await.unwrap();
    sent.push(("set details", counter.sent().await));

    let counter = Counter::start(world).await;
    carts.find(&world.buyer, cart_id).await.unwrap().unwrap();
    sent.push(("find", counter.sent().await));

    let counter = Counter::start(world).await;
    carts.lines_replace(&key("replace"), this(cart_id), lines.clone()).await.unwrap();
    sent.push(("replace", counter.sent().await));

    let guest = world.guest(&format!("guest-{size}"));
    carts.lines_add(&guest, MINE, lines, OnDuplicate::Merge).await.unwrap();
    let counter = Counter::start(world).await;
    carts.merge_guest(&key("guest"), &format!("guest-{size}")).await.unwrap().unwrap();
    sent.push(("merge guest", counter.sent().await));

    let counter = Counter::start(world).await;
    carts.lines_remove(&key("remove"), this(cart_id), None).await.unwrap();
    sent.push(("remove", counter.sent().await));
    sent
}

#[sqlx::test(migrations = false)]
async fn every_command_sends_as_many_statements_for_ten_thousand_lines_as_for_one(pool: PgPool) {
    let world = World::new(pool).await;
    // A channel of its own for each size, so that each begins without a cart.
    let mut per_size = Vec::new();
    for size in [1, 1_000, 10_000] {
        let mut channel = world.change(|answers| answers.channels[0].clone());
        channel.id = world.new_id();
        world.change(|answers| answers.channels.push(channel.clone()));
        let buyer = Ctx { channel_id: Some(channel.id), ..world.buyer.clone() };
        per_size.push(per_command(&World { buyer, ..world.clone() }, size).await);
    }

    println!("{:?}", per_size[0]);
    assert_eq!(per_size[0], per_size[1]);
    assert_eq!(per_size[0], per_size[2]);
    for (command, sent) in &per_size[0] {
        assert!((1..=MOST).contains(sent), "{command} sends {sent} statements");
    }
}

#[sqlx::test(migrations = false)]
async fn ten_thousand_lines_are_read_back_as_they_were_added(pool: PgPool) {
    let world = World::new(pool).await;
    let lines = catalogue(&world, 10_000);
    let address = AddressChoice::Written(postal("London"));

    let change = world.add(lines).await.unwrap();
    let details = CartDetails { shipping_address: Some(address), ..CartDetails::default() };
    world.carts.details_set(&world.buyer, MINE, details).await.unwrap();

    let cart = world.mine().await;
    let ids: Vec<_> = cart.lines.iter().map(|line| line.id).collect();
    assert_eq!(ids, change.line_ids);
    let positions: Vec<_> = cart.lines.iter().map(|line| line.position).collect();
    assert_eq!(positions, (1..=10_000).collect::<Vec<_>>());
    let full = world.add(vec![line("MUG", 1)]).await.unwrap_err();
    assert_eq!(full.refusals()[0].message, "a cart takes at most 10000 lines, not 10001");
}
