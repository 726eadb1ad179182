use rust_decimal::Decimal;
use sqlx::PgPool;
use vectis_contracts::orders::{EditLine, Order, OrderCode, OrderLine};
use vectis_kernel::ids::OrderLineId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Quantity};

use super::{Room, gbp, new_id, price, refused, room, units, variant, with_key};

/// Ten hammers at 2.55 and four saws at 8.
async fn tools(room: &Room) -> (Order, Vec<OrderLine>) {
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let saw = room.sell(variant("SAW"), "8").await;
    let order = room.placed(&[(&hammer, 10), (&saw, 4)]).await;
    let lines = room.lines(order.id).await;
    (order, lines)
}

fn to_quantity(line_id: OrderLineId, quantity: Quantity) -> EditLine {
    EditLine { line_id, quantity: Some(quantity), unit_price: None }
}

fn to_price(line_id: OrderLineId, price: &str) -> EditLine {
    EditLine { line_id, quantity: None, unit_price: Some(price.parse::<Decimal>().unwrap()) }
}

async fn edit(
    room: &Room,
    ctx: &Ctx,
    order: &Order,
    changes: Vec<EditLine>,
) -> Result<(), Failure<OrderCode>> {
    let orders = &room.orders;
    orders.order_lines_edit(ctx, order.id, order.version, changes, "on the phone").await
}

async fn stock_log(room: &Room, order: &Order) -> String {
    let log = "SELECT STRING_AGG(what || ' ' || quantity, ', ' ORDER BY what, quantity) FROM fakes.stock_log WHERE owner_id = $1";
    room.text(log, order.id.0).await
}

#[sqlx::test(migrations = false)]
async fn quantities_change_with_taxes_totals_stock_and_credit(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    let changes = vec![to_quantity(lines[0].id, units(3)), to_quantity(lines[1].id, units(5))];

    edit(&room, &room.clerk(), &order, changes).await.unwrap();

    let edited = room.order(order.id).await;
    assert_eq!((edited.version, edited.line_count), (2, 2));
    assert_eq!((edited.totals.lines_net, edited.totals.tax_total), (gbp(765 + 4_000), gbp(153 + 800)));
    assert_eq!(edited.totals.grand_total, gbp(5_718));
    let now = room.lines(order.id).await;
    assert_eq!((now[0].quantity, now[0].net, now[0].tax), (units(3), gbp(765), gbp(153)));
    assert_eq!(now[0].taxes[0].amount, gbp(153));
    assert_eq!((now[0].unit_price, now[0].list_unit_price), (price("2.55"), None));
    assert_eq!(
        stock_log(&room, &order).await,
        "allocated 1000, allocated 4000, allocated 10000, released 7000"
    );
    let held = "SELECT SUM(amount)::text FROM fakes.credit_hold WHERE owner_id = $1";
    assert_eq!(room.text(held, order.id.0).await, "5718");
    let history = room.history(order.id).await;
    assert_eq!(history[1], "edited New>New on the phone (HAMMER: 10 → 3, SAW: 4 → 5)");
    let events = room.events().await;
    assert_eq!(events[1].event_type, "vectis.orders.order_edited.v1");
    let line = &events[1].payload["data"]["lines"][0];
    assert_eq!((&line["quantityBefore"], &line["quantityAfter"]), (&"10".into(), &"3".into()));
}

#[sqlx::test(migrations = false)]
async fn a_price_set_by_staff_is_kept_with_its_reason_beside_the_first_one(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    edit(&room, &room.clerk(), &order, vec![to_price(lines[0].id, "2.40")]).await.unwrap();
    let order = room.order(order.id).await;

    edit(&room, &room.clerk(), &order, vec![to_price(lines[0].id, "2.0125")]).await.unwrap();

    let line = room.lines(order.id).await.remove(0);
    assert_eq!((line.unit_price, line.list_unit_price), (price("2.0125"), Some(price("2.55"))));
    let set = line.price_override.unwrap();
    assert_eq!((set.reason.as_str(), set.by), ("on the phone", room.clerk().login_id()));
    assert_eq!((line.quantity, line.net), (units(10), gbp(2_013)));
    assert_eq!(room.history(order.id).await[2], "edited New>New on the phone (HAMMER: 10 at 2.4 → 2.0125)");
}

#[sqlx::test(migrations = false)]
async fn a_quantity_of_nothing_removes_the_line(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;

    edit(&room, &room.clerk(), &order, vec![to_quantity(lines[0].id, Quantity::ZERO)]).await.unwrap();

    let edited = room.order(order.id).await;
    assert_eq!((edited.line_count, edited.totals.grand_total), (1, gbp(3_840)));
    let left = room.lines(order.id).await;
    assert_eq!(left.iter().map(|line| line.sku.as_str()).collect::<Vec<_>>(), ["SAW"]);
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.order_line_tax").await, 1);
    let last = edit(&room, &room.clerk(), &edited, vec![to_quantity(lines[1].id, Quantity::ZERO)]).await;
    assert_eq!(refused(last), ["INVALID_INPUT lines"]);
}

#[sqlx::test(migrations = false)]
async fn all_bad_changes_are_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    let before = room.written().await;

    let changes = vec![
        to_quantity(new_id(), units(1)),
        to_quantity(lines[0].id, Quantity::from_milli(1_500)),
        to_price(lines[1].id, "-0.01"),
    ];
    let outcome = edit(&room, &room.clerk(), &order, changes).await;

    let expected = [
        "UNKNOWN_LINE lines.0.lineId",
        "INVALID_QUANTITY lines.1.quantity",
        "INVALID_AMOUNT lines.2.unitPrice",
    ];
    assert_eq!(refused(outcome), expected);
    let bad = [
        (to_quantity(lines[0].id, units(-1)), "INVALID_QUANTITY lines.0.quantity"),
        (
            to_quantity(lines[0].id, Quantity::from_milli(1_000_000_000_001)),
            "INVALID_QUANTITY lines.0.quantity",
        ),
        (to_price(lines[0].id, "1.0000001"), "INVALID_AMOUNT lines.0.unitPrice"),
    ];
    for (change, expected) in bad {
        assert_eq!(refused(edit(&room, &room.clerk(), &order, vec![change]).await), [expected]);
    }
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn edits_that_are_refused_as_a_whole(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    let line = lines[0].id;
    let fewer = || vec![to_quantity(line, units(3))];
    let clerk = room.clerk();
    let before = room.written().await;

    assert_eq!(refused(edit(&room, &room.buyer(), &order, fewer()).await), ["FORBIDDEN"]);
    let without_prices = room.staff(&[staff::ORDERS_WRITE]);
    assert_eq!(refused(edit(&room, &without_prices, &order, vec![to_price(line, "1")]).await), ["FORBIDDEN"]);
    assert_eq!(refused(edit(&room, &clerk, &order, vec![]).await), ["INVALID_INPUT lines"]);
    let twice = [fewer(), fewer()].concat();
    assert_eq!(refused(edit(&room, &clerk, &order, twice).await), ["INVALID_INPUT lines.1"]);
    let idle = EditLine { line_id: line, quantity: None, unit_price: None };
    assert_eq!(refused(edit(&room, &clerk, &order, vec![idle]).await), ["INVALID_INPUT lines.0"]);
    let flood = vec![fewer().remove(0); 10_001];
    assert_eq!(refused(edit(&room, &clerk, &order, flood).await), ["TOO_MANY lines"]);
    let silent = room.orders.order_lines_edit(&clerk, order.id, order.version, fewer(), " ").await;
    assert_eq!(refused(silent), ["INVALID_INPUT reason"]);
    let stale = room.orders.order_lines_edit(&clerk, order.id, 9, fewer(), "x").await;
    assert_eq!(refused(stale), ["STALE_VERSION"]);
    let unknown = room.orders.order_lines_edit(&clerk, new_id(), 1, fewer(), "x").await;
    assert_eq!(refused(unknown), ["ORDER_NOT_FOUND"]);
    room.fakes.state().tax_fails = true;
    assert_eq!(refused(edit(&room, &clerk, &order, fewer()).await), ["STRATEGY_FAILED"]);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn more_than_stock_or_credit_allows_is_refused(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    let more = |pieces| vec![to_quantity(lines[0].id, units(12)), to_quantity(lines[1].id, units(pieces))];
    let before = room.written().await;

    let stock = edit(&room, &room.clerk(), &order, more(2_000_000)).await;
    assert_eq!(refused(stock), ["INSUFFICIENT_STOCK lines.1"]);
    sqlx::query("UPDATE fakes.credit SET available = 100").execute(&room.fakes.pool).await.unwrap();
    let credit = edit(&room, &room.clerk(), &order, more(5)).await;
    assert_eq!(refused(credit), ["INSUFFICIENT_CREDIT"]);
    assert_eq!(room.written().await, before);
    assert_eq!(room.order(order.id).await.totals, order.totals);
}

#[sqlx::test(migrations = false)]
async fn only_states_the_process_calls_editable_are_edited(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    room.orders.order_transition(&room.clerk(), order.id, None, "ship", "").await.unwrap();
    let order = room.order(order.id).await;

    let outcome = edit(&room, &room.clerk(), &order, vec![to_quantity(lines[0].id, units(3))]).await;

    assert_eq!(refused(outcome), ["NOT_EDITABLE"]);
}

#[sqlx::test(migrations = false)]
async fn the_same_edit_sent_again_changes_nothing_more(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = tools(&room).await;
    let ctx = with_key(&room.clerk(), "k1");

    for _ in 0..2 {
        edit(&room, &ctx, &order, vec![to_quantity(lines[0].id, units(3))]).await.unwrap();
    }

    assert_eq!(room.order(order.id).await.version, 2);
}
