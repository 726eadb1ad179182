use chrono::TimeDelta;
use futures_util::future::join_all;
use sqlx::PgPool;
use vectis_contracts::carts::CartOwner;
use vectis_contracts::orders::EditLine;
use vectis_contracts::products::Variant;
use vectis_kernel::Actor;
use vectis_kernel::ids::LoginId;

use super::{Room, cart_line, new_id, noon, price, refused, room, units, variant};

/// At most five in 30 days.
async fn capped(room: &Room) -> Variant {
    let mut capped = variant("LAMP");
    capped.limits.max_per_customer_30_days = Some(units(5));
    room.sell(capped, "1").await
}

#[sqlx::test(migrations = false)]
async fn no_more_than_the_cap_in_one_order_over_all_its_lines(pool: PgPool) {
    let room = room(pool).await;
    let lamp = capped(&room).await;
    let cart = room.cart(&[(&lamp, 3), (&lamp, 3)]).await;
    let before = room.written().await;

    let outcome = room.place(&room.buyer(), &cart).await;

    assert_eq!(refused(outcome), ["CUSTOMER_CAP lines.0.quantity", "CUSTOMER_CAP lines.1.quantity"]);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn what_colleagues_bought_counts_and_other_customers_do_not(pool: PgPool) {
    let room = room(pool).await;
    let lamp = capped(&room).await;
    room.placed(&[(&lamp, 3)]).await;
    let employee = &room.approver.employee;
    let colleague = CartOwner::Employee {
        account_id: employee.account_id,
        location_id: employee.location_id,
        employee_id: employee.id,
    };
    let line = cart_line(1, lamp.id, units(3), price("1"));
    let theirs = room.cart_of(colleague, vec![line.clone()]).await;
    let login_id: LoginId = new_id();
    let others = room.cart_of(CartOwner::Customer(login_id), vec![line]).await;

    let colleague = room.place(&room.acting(&room.approver), &theirs).await;

    assert_eq!(refused(colleague), ["CUSTOMER_CAP lines.0.quantity"]);
    room.fakes.state().process = Some(super::fakes::FakeProcess::retail().into());
    room.place(&room.ctx(Actor::Customer { login_id }), &others).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn two_carts_at_once_cannot_pass_the_cap_together(pool: PgPool) {
    let room = room(pool).await;
    // Neither stock nor credit is moved: nothing but the cap stands between the carts.
    room.fakes.state().process = Some(super::fakes::FakeProcess::retail().into());
    let lamp = capped(&room).await;
    let mut carts = Vec::new();
    for _ in 0..8 {
        carts.push(room.cart(&[(&lamp, 3)]).await);
    }
    let ctx = room.buyer();

    let attempts = join_all(carts.iter().map(|cart| room.place(&ctx, cart))).await;

    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 1);
    assert_eq!(room.number("SELECT SUM(quantity_milli)::int8 FROM orders.quantity_usage").await, 3_000);
    for attempt in attempts.into_iter().filter(Result::is_err) {
        assert_eq!(refused(attempt), ["CUSTOMER_CAP lines.0.quantity"]);
    }
}

#[sqlx::test(migrations = false)]
async fn days_are_counted_in_the_time_zone_of_the_channel(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().channel.time_zone = "Pacific/Auckland".to_owned();
    let lamp = capped(&room).await;
    // 1 March 12:00 in London is 2 March 01:00 in Auckland; the window ends with 31 March there.
    room.placed(&[(&lamp, 5)]).await;
    let cart = room.cart(&[(&lamp, 1)]).await;
    let midnight = noon("2026-03-31") - TimeDelta::hours(1);

    room.clock.advance(midnight - TimeDelta::seconds(1) - noon("2026-03-01"));
    assert_eq!(refused(room.place(&room.buyer(), &cart).await), ["CUSTOMER_CAP lines.0.quantity"]);

    room.clock.advance(TimeDelta::seconds(1));
    room.place(&room.buyer(), &cart).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_canceled_order_gives_its_usage_back(pool: PgPool) {
    let room = room(pool).await;
    let lamp = capped(&room).await;
    let order = room.placed(&[(&lamp, 5)]).await;
    let buyer = room.buyer();
    room.orders.order_transition(&buyer, order.id, None, "cancel", "").await.unwrap();

    let again = room.placed(&[(&lamp, 5)]).await;

    assert_eq!(again.line_count, 1);
}

#[sqlx::test(migrations = false)]
async fn usage_follows_an_edited_order(pool: PgPool) {
    let room = room(pool).await;
    let lamp = capped(&room).await;
    let order = room.placed(&[(&lamp, 5)]).await;
    let edit =
        EditLine { line_id: room.lines(order.id).await[0].id, quantity: Some(units(2)), unit_price: None };
    let clerk = room.clerk();
    room.orders.order_lines_edit(&clerk, order.id, order.version, vec![edit], "fewer").await.unwrap();

    room.placed(&[(&lamp, 3)]).await;

    assert_eq!(room.number("SELECT SUM(quantity_milli)::int8 FROM orders.quantity_usage").await, 5_000);
}
