//! Every reason not to place a cart; nothing is written for any of them.

use sqlx::PgPool;
use vectis_contracts::accounts::AccountStatus;
use vectis_contracts::carts::{Cart, CartOwner};
use vectis_contracts::channels::CommerceMode;
use vectis_contracts::orders::PlaceOrder;
use vectis_contracts::points::{ApprovalStep, Approver};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Currency, Money};

use super::fakes::{FakeApproval, FakeProcess};
use super::{Room, as_seen, cart_line, gbp, membership, new_id, price, refused, room, units, variant};

/// A cart of two hammers.
async fn hammers(room: &Room) -> Cart {
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    room.cart(&[(&hammer, 2)]).await
}

/// Placing and submitting are both refused like this, and leave nothing behind.
async fn assert_refused(room: &Room, ctx: &Ctx, place: PlaceOrder, expected: &[&str]) {
    let before = room.written().await;
    assert_eq!(refused(room.orders.order_place(ctx, place.clone()).await), expected);
    assert_eq!(refused(room.orders.cart_submit(ctx, place).await), expected);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn callers_who_may_not_order(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let account_id = room.buyer.employee.account_id;
    let mut idle = room.buyer.clone();
    idle.permissions = Default::default();

    assert_refused(&room, &room.acting(&idle), as_seen(&cart), &["FORBIDDEN"]).await;
    assert_refused(&room, &room.staff(&[staff::ORDERS_READ]), as_seen(&cart), &["FORBIDDEN"]).await;
    let manager = membership(account_id, "Manager", &[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    assert_refused(&room, &room.acting(&manager), as_seen(&cart), &["FORBIDDEN"]).await;
    let colleague = membership(account_id, "Colleague", &[buyer::ORDER]);
    assert_refused(&room, &room.acting(&colleague), as_seen(&cart), &["CART_NOT_FOUND"]).await;
    let stranger = membership(new_id(), "Manager", &[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    assert_refused(&room, &room.acting(&stranger), as_seen(&cart), &["CART_NOT_FOUND"]).await;
    let nobody = room.ctx(Actor::Anonymous { guest: None });
    assert_refused(&room, &nobody, as_seen(&cart), &["CART_NOT_FOUND"]).await;
}

#[sqlx::test(migrations = false)]
async fn carts_that_are_not_there_not_open_empty_or_stale(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let buyer = room.buyer();
    let unknown = PlaceOrder { cart_id: new_id(), ..as_seen(&cart) };
    let stale = PlaceOrder { cart_version: cart.version - 1, ..as_seen(&cart) };
    let empty = room.cart(&[]).await;

    assert_refused(&room, &buyer, unknown, &["CART_NOT_FOUND"]).await;
    assert_refused(&room, &buyer, stale, &["STALE_VERSION"]).await;
    assert_refused(&room, &buyer, as_seen(&empty), &["CART_EMPTY"]).await;
    room.place(&buyer, &cart).await.unwrap();
    assert_refused(&room, &buyer, as_seen(&cart), &["CART_NOT_OPEN"]).await;
}

#[sqlx::test(migrations = false)]
async fn channels_that_do_not_sell_to_this_buyer(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let line = cart.lines[0].clone();
    let guests = room.cart_of(CartOwner::Guest("hash".to_owned()), vec![line.clone()]).await;
    let guest = room.ctx(Actor::Anonymous { guest: Some("hash".to_owned()) });
    let login_id = new_id();
    let customers = room.cart_of(CartOwner::Customer(login_id), vec![line]).await;
    let customer = room.ctx(Actor::Customer { login_id });
    let unavailable = ["CHANNEL_UNAVAILABLE"];

    room.fakes.state().channel.mode = CommerceMode::Retail;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &unavailable).await;
    room.fakes.state().channel.guest_checkout = false;
    assert_refused(&room, &guest, as_seen(&guests), &unavailable).await;
    room.fakes.state().channel.mode = CommerceMode::B2b;
    assert_refused(&room, &customer, as_seen(&customers), &unavailable).await;
    room.fakes.state().channel.is_active = false;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &unavailable).await;
    room.fakes.state().channel.id = new_id();
    assert_refused(&room, &room.buyer(), as_seen(&cart), &unavailable).await;
}

#[sqlx::test(migrations = false)]
async fn accounts_and_employees_that_are_not_active(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;

    for number in [0, 8, 10, 11] {
        let status = AccountStatus::from_number(number).unwrap();
        room.fakes.state().memberships[0].account_status = status;
        assert_refused(&room, &room.buyer(), as_seen(&cart), &["ACCOUNT_NOT_ACTIVE"]).await;
    }
    room.fakes.state().memberships.remove(0);
    assert_refused(&room, &room.buyer(), as_seen(&cart), &["ACCOUNT_NOT_ACTIVE"]).await;
}

#[sqlx::test(migrations = false)]
async fn all_bad_lines_at_once_each_with_its_reason(pool: PgPool) {
    let room = room(pool).await;
    let good = room.sell(variant("GOOD"), "1").await;
    let mut idle = variant("IDLE");
    idle.is_active = false;
    let idle = room.sell(idle, "1").await;
    let unpriced = room.sell(variant("UNPRICED"), "1").await;
    let dearer = room.sell(variant("DEARER"), "1").await;
    let mut by_six = variant("SIX");
    by_six.limits.step = Some(units(6));
    let by_six = room.sell(by_six, "1").await;
    let mut limited = variant("LIMITED");
    limited.limits.min = Some(units(2));
    limited.limits.max = Some(units(4));
    let limited = room.sell(limited, "1").await;
    let gone = variant("GONE");
    let lines = [
        (&good, 1),
        (&gone, 1),
        (&idle, 1),
        (&unpriced, 1),
        (&dearer, 1),
        (&by_six, 7),
        (&limited, 5),
        (&good, 0),
    ];
    let cart = room.cart(&lines).await;
    room.fakes.state().prices.remove(&unpriced.id);
    room.fakes.state().prices.insert(dearer.id, price("1.01"));
    let expected = [
        "UNKNOWN_VARIANT lines.1",
        "UNKNOWN_VARIANT lines.2",
        "QUANTITY_RULE lines.5.quantity",
        "QUANTITY_RULE lines.6.quantity",
        "QUANTITY_RULE lines.7.quantity",
        "NO_PRICE lines.1",
        "NO_PRICE lines.3",
        "PRICE_CHANGED lines.4",
    ];

    assert_refused(&room, &room.buyer(), as_seen(&cart), &expected).await;
}

#[sqlx::test(migrations = false)]
async fn fractions_where_only_whole_pieces_are_sold(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let half = vectis_kernel::Quantity::from_milli(500);
    let line = cart_line(1, hammer.id, half, price("2.55"));
    let cart = room.cart_of(room.owner(), vec![line]).await;

    assert_refused(&room, &room.buyer(), as_seen(&cart), &["QUANTITY_RULE lines.0.quantity"]).await;
}

#[sqlx::test(migrations = false)]
async fn a_total_the_caller_does_not_expect(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let expecting = |total| PlaceOrder { expected_total: Some(total), ..as_seen(&cart) };

    assert_refused(&room, &room.buyer(), expecting(gbp(611)), &["TOTAL_CHANGED"]).await;
    let euros = Money::new(612, Currency::EUR);
    assert_refused(&room, &room.buyer(), expecting(euros), &["TOTAL_CHANGED"]).await;
    room.orders.order_place(&room.buyer(), expecting(gbp(612))).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_total_out_of_range(pool: PgPool) {
    let room = room(pool).await;
    let gold = room.sell(variant("GOLD"), "9000000000000").await;
    let cart = room.cart(&[(&gold, 1_000_000)]).await;

    assert_refused(&room, &room.buyer(), as_seen(&cart), &["OUT_OF_RANGE"]).await;
}

#[sqlx::test(migrations = false)]
async fn stock_that_is_not_there_names_the_lines(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let mut service = variant("SERVICE");
    service.is_stocked = false;
    let service = room.sell(service, "10").await;
    let nail = room.sell(variant("NAIL"), "1").await;
    room.set_stock(&nail, 2).await;
    let cart = room.cart(&[(&service, 9), (&hammer, 2), (&nail, 3)]).await;
    let before = room.written().await;

    let outcome = room.place(&room.buyer(), &cart).await;

    assert_eq!(refused(outcome), ["INSUFFICIENT_STOCK lines.2"]);
    assert_eq!(room.written().await, before);
    room.set_stock(&nail, 3).await;
    room.place(&room.buyer(), &cart).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn credit_that_is_not_there(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let set = async |minor: i64| {
        let set = sqlx::query("UPDATE fakes.credit SET available = $1").bind(minor);
        set.execute(&room.fakes.pool).await.unwrap();
    };
    set(611).await;

    assert_refused(&room, &room.buyer(), as_seen(&cart), &["INSUFFICIENT_CREDIT"]).await;

    set(612).await;
    room.place(&room.buyer(), &cart).await.unwrap();
    let login_id = new_id();
    let line = cart.lines[0].clone();
    let retail = room.cart_of(CartOwner::Customer(login_id), vec![line]).await;
    let customer = room.ctx(Actor::Customer { login_id });
    assert_refused(&room, &customer, as_seen(&retail), &["INSUFFICIENT_CREDIT"]).await;
}

#[sqlx::test(migrations = false)]
async fn an_order_that_needs_an_approval(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let approval = FakeApproval {
        steps: vec![ApprovalStep {
            name: "over 5".to_owned(),
            quorum: 1,
            approvers: vec![Approver::AnyApprover],
        }],
        ..FakeApproval::default()
    };
    let seen = approval.seen.clone();
    room.fakes.state().approval = Some(approval);
    let before = room.written().await;

    let outcome = room.place(&room.buyer(), &cart).await;

    assert_eq!(refused(outcome), ["APPROVAL_REQUIRED"]);
    assert_eq!(room.written().await, before);
    let facts = seen.lock().unwrap()[0].clone();
    assert_eq!(facts.categories, ["tools"]);
    assert_eq!((facts.employee_role.as_str(), facts.line_count), ("Buyer", 1));
    assert_eq!((facts.grand_total, facts.order_limit), (gbp(612), None));
}

#[sqlx::test(migrations = false)]
async fn a_process_that_does_not_take_the_order(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    room.fakes.state().process = Some(FakeProcess::refusing("closed on Sundays").into());

    assert_refused(&room, &room.buyer(), as_seen(&cart), &["PROCESS_REFUSED"]).await;

    let failure = room.place(&room.buyer(), &cart).await.unwrap_err();
    assert_eq!(failure.refusals()[0].message, "closed on Sundays");
}

#[sqlx::test(migrations = false)]
async fn strategies_that_are_missing_or_fail(pool: PgPool) {
    let room = room(pool).await;
    let cart = hammers(&room).await;
    let failed = ["STRATEGY_FAILED"];

    room.fakes.state().process = Some(FakeProcess::leading_astray().into());
    assert_refused(&room, &room.buyer(), as_seen(&cart), &failed).await;
    room.fakes.state().process = None;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &failed).await;
    let failure = room.place(&room.buyer(), &cart).await.unwrap_err();
    assert!(failure.refusals()[0].message.contains("vectis.order_process"));
    room.fakes.state().approval = None;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &failed).await;
    let failure = room.place(&room.buyer(), &cart).await.unwrap_err();
    assert!(failure.refusals()[0].message.contains("vectis.approval"));
    room.fakes.state().tax_fails = true;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &failed).await;
    let failure = room.place(&room.buyer(), &cart).await.unwrap_err();
    assert!(failure.refusals()[0].message.contains("vectis.tax"));
    room.fakes.state().pricing_fails = true;
    assert_refused(&room, &room.buyer(), as_seen(&cart), &failed).await;
    let failure = room.place(&room.buyer(), &cart).await.unwrap_err();
    assert!(failure.refusals()[0].message.contains("vectis.pricing"));
}
