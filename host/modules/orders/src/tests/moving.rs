use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::orders::{Order, OrderCode};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, Failure};

use super::fakes::FakeProcess;
use super::{Room, gbp, membership, new_id, refused, room, variant, with_key};

async fn two_hammers(room: &Room) -> Order {
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    room.placed(&[(&hammer, 2)]).await
}

async fn step(room: &Room, ctx: &Ctx, order: &Order, transition: &str) -> Result<(), Failure<OrderCode>> {
    room.orders.order_transition(ctx, order.id, None, transition, "as asked").await
}

#[sqlx::test(migrations = false)]
async fn shipping_takes_stock_off_releases_credit_and_books_the_payment(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    room.clock.advance(TimeDelta::hours(1));

    step(&room, &room.clerk(), &order, "ship").await.unwrap();

    let shipped = room.order(order.id).await;
    assert_eq!((shipped.state.as_str(), shipped.version), ("Shipped", 2));
    assert_eq!(shipped.totals.paid, gbp(612));
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.promise").await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.credit_hold").await, 0);
    assert_eq!(room.history(order.id).await, ["placed >New ", "transition New>Shipped as asked"]);
    let events = room.events().await;
    assert_eq!(events[1].event_type, "vectis.orders.order_state_changed.v1");
    assert_eq!(events[1].sequence, 2);
    let data = &events[1].payload["data"];
    assert_eq!((&data["fromState"], &data["toState"]), (&"New".into(), &"Shipped".into()));
    assert_eq!((&data["transition"], &data["isCanceled"]), (&"ship".into(), &false.into()));
    assert_eq!(data["totals"]["paid"]["amount"], "6.12");
}

#[sqlx::test(migrations = false)]
async fn the_process_is_told_what_has_become_of_the_order(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let process = room.fakes.state().process.clone().unwrap();

    step(&room, &room.clerk(), &order, "ship").await.unwrap();

    let facts = process.seen.lock().unwrap().last().cloned().unwrap();
    assert_eq!((facts.state.as_str(), facts.payment_terms.as_str()), ("New", "Net30"));
    assert_eq!((facts.grand_total, facts.paid, facts.line_count), (gbp(612), gbp(0), 1));
    assert_eq!((facts.is_company, facts.was_approved), (true, false));
    assert_eq!((facts.has_shipments, facts.is_fully_shipped), (false, false));
}

#[sqlx::test(migrations = false)]
async fn canceling_gives_stock_and_credit_back_and_buyers_may(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;

    step(&room, &room.buyer(), &order, "cancel").await.unwrap();

    assert_eq!(room.order(order.id).await.state, "Canceled");
    assert_eq!(room.number("SELECT SUM(available)::int8 FROM fakes.stock").await, 1_000_000_000);
    assert_eq!(room.number("SELECT SUM(available)::int8 FROM fakes.credit").await, 100_000_000);
    let events = room.events().await;
    assert_eq!(events[1].payload["data"]["isCanceled"], true);
}

#[sqlx::test(migrations = false)]
async fn the_channels_present_process_answers_for_older_orders(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().process = Some(FakeProcess::retail().into());
    let order = two_hammers(&room).await;

    step(&room, &room.clerk(), &order, "pack").await.unwrap();

    let packed = room.order(order.id).await;
    assert_eq!((packed.state.as_str(), packed.process.as_str()), ("Packed", "fake/retail@2"));
    let logged = "SELECT what || ' ' || quantity FROM fakes.stock_log WHERE owner_id = $1";
    assert_eq!(room.text(logged, order.id.0).await, "allocated 2000");
    room.fakes.state().process = Some(FakeProcess::company().into());
    let outcome = step(&room, &room.clerk(), &order, "ship").await;
    assert_eq!(refused(outcome), ["NO_SUCH_TRANSITION transition"]);
}

#[sqlx::test(migrations = false)]
async fn steps_that_are_refused_change_nothing(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let account_id = room.buyer.employee.account_id;
    let manager = membership(account_id, "Reader", &[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    let stranger = membership(new_id(), "Reader", &[buyer::ORDER, buyer::ORDERS_READ_ALL]);
    let before = room.written().await;

    let cases = [
        (room.clerk(), "fly", "NO_SUCH_TRANSITION transition"),
        (room.clerk(), "hold", "PROCESS_REFUSED"),
        (room.buyer(), "ship", "FORBIDDEN"),
        (room.acting(&manager), "cancel", "FORBIDDEN"),
        (room.staff(&[staff::ORDERS_READ]), "ship", "FORBIDDEN"),
        (room.acting(&stranger), "cancel", "ORDER_NOT_FOUND"),
        (room.staff(&[]), "ship", "ORDER_NOT_FOUND"),
        (room.ctx(Actor::Anonymous { guest: None }), "cancel", "ORDER_NOT_FOUND"),
    ];
    for (ctx, transition, expected) in cases {
        assert_eq!(refused(step(&room, &ctx, &order, transition).await), [expected]);
    }
    let orders = &room.orders;
    let stale = orders.order_transition(&room.clerk(), order.id, Some(9), "ship", "").await;
    assert_eq!(refused(stale), ["STALE_VERSION"]);
    let wordy = orders.order_transition(&room.clerk(), order.id, None, "ship", &"x".repeat(501)).await;
    assert_eq!(refused(wordy), ["INVALID_INPUT reason"]);
    room.fakes.state().process = Some(FakeProcess::leading_astray().into());
    assert_eq!(refused(step(&room, &room.clerk(), &order, "ship").await), ["STRATEGY_FAILED"]);
    room.fakes.state().process = None;
    assert_eq!(refused(step(&room, &room.clerk(), &order, "ship").await), ["STRATEGY_FAILED"]);
    assert_eq!(room.written().await, before);
    assert_eq!(room.order(order.id).await.version, 1);
}

#[sqlx::test(migrations = false)]
async fn stock_that_a_step_needs_and_is_not_there_stops_it(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().process = Some(FakeProcess::retail().into());
    let order = two_hammers(&room).await;
    sqlx::query("UPDATE fakes.stock SET available = 0").execute(&room.fakes.pool).await.unwrap();

    let outcome = step(&room, &room.clerk(), &order, "pack").await;

    assert_eq!(refused(outcome), ["INSUFFICIENT_STOCK lines.0"]);
    assert_eq!(room.order(order.id).await.state, "Paid");
}

#[sqlx::test(migrations = false)]
async fn the_same_request_moves_an_order_once(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let ctx = with_key(&room.clerk(), "k1");

    step(&room, &ctx, &order, "ship").await.unwrap();
    step(&room, &ctx, &order, "ship").await.unwrap();

    assert_eq!(room.order(order.id).await.version, 2);
    assert_eq!(room.history(order.id).await.len(), 2);
}
