use futures_util::future::join_all;
use sqlx::PgPool;
use vectis_contracts::orders::{CreateReturn, Order, OrderCode, OrderLine, Restock};
use vectis_kernel::ids::{OrderLineId, ReturnId};
use vectis_kernel::{Ctx, Failure, Quantity};

use super::{Room, gbp, new_id, refused, room, units, variant, with_key};

/// Three hammers at 0.3333 (1.00 in all, 0.20 tax) and a service.
async fn hammers(room: &Room) -> (Order, Vec<OrderLine>) {
    let hammer = room.sell(variant("HAMMER"), "0.3333").await;
    let mut service = variant("SERVICE");
    service.is_stocked = false;
    let service = room.sell(service, "10").await;
    let order = room.placed(&[(&hammer, 3), (&service, 1)]).await;
    let lines = room.lines(order.id).await;
    (order, lines)
}

async fn ship(room: &Room, order: &Order) {
    room.orders.order_transition(&room.clerk(), order.id, None, "ship", "").await.unwrap();
}

fn returning(order: &Order, lines: &[(OrderLineId, Quantity)]) -> CreateReturn {
    CreateReturn {
        order_id: order.id,
        lines: lines.to_vec(),
        reason: "broken".to_owned(),
        reference: "C536379".to_owned(),
        restock: Restock::OnHand,
    }
}

async fn create(room: &Room, ctx: &Ctx, create: CreateReturn) -> Result<ReturnId, Failure<OrderCode>> {
    room.orders.return_create(ctx, create).await
}

async fn stock_log(room: &Room, order: &Order) -> String {
    let log = "SELECT STRING_AGG(what || ' ' || quantity, ', ' ORDER BY what, quantity) FROM fakes.stock_log WHERE owner_id = $1";
    room.text(log, order.id.0).await
}

#[sqlx::test(migrations = false)]
async fn returning_piece_by_piece_credits_exactly_what_was_charged(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    ship(&room, &order).await;

    for _ in 0..3 {
        create(&room, &room.clerk(), returning(&order, &[(lines[0].id, units(1))])).await.unwrap();
    }

    let returns = room.orders.returns(&room.clerk(), &[order.id]).await.unwrap();
    let credited: Vec<_> = returns.iter().map(|back| (back.net.minor, back.tax.minor)).collect();
    assert_eq!(credited, [(33, 7), (34, 6), (33, 7)]);
    assert_eq!(returns[0].number, "RMA-100001");
    assert_eq!(returns[0].lines[0].order_line_id, lines[0].id);
    assert_eq!(room.order(order.id).await.totals.credited, gbp(120));
    assert_eq!(room.lines(order.id).await[0].returned, units(3));
    let fourth = create(&room, &room.clerk(), returning(&order, &[(lines[0].id, units(1))])).await;
    assert_eq!(refused(fourth), ["ABOVE_RETURNABLE lines.0.quantity"]);
}

#[sqlx::test(migrations = false)]
async fn a_return_writes_its_credit_note_and_puts_shipped_goods_back(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    ship(&room, &order).await;
    let both = [(lines[1].id, units(1)), (lines[0].id, units(2))];

    let id = create(&room, &room.clerk(), returning(&order, &both)).await.unwrap();

    let back = room.orders.returns(&room.clerk(), &[order.id]).await.unwrap().remove(0);
    assert_eq!((back.id, back.net, back.tax), (id, gbp(1_067), gbp(213)));
    let notes = room.orders.credit_notes_by_id(&room.clerk(), &[back.credit_note_id]).await.unwrap();
    let note = &notes[0];
    assert_eq!((note.number.as_str(), note.order_id), ("CN-100001", Some(order.id)));
    assert_eq!((note.reference.as_str(), note.account_id), ("C536379", order.buyer_ids().account_id));
    assert_eq!((note.net, note.tax), (back.net, back.tax));
    assert_eq!((note.lines[1].sku.as_deref(), note.lines[1].quantity), (Some("HAMMER"), units(2)));
    assert_eq!(stock_log(&room, &order).await, "allocated 3000, taken back 2000");
    let warehouse_id = room.fakes.state().channel.warehouse_ids[0];
    assert_eq!(room.fakes.state().taken_into, [warehouse_id]);
    assert_eq!(room.history(order.id).await[2], "returned Shipped>Shipped RMA-100001: broken");
    let events = room.events().await;
    let types: Vec<_> = events[2..].iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["vectis.orders.return_created.v1", "vectis.orders.credit_note_issued.v1"]);
}

#[sqlx::test(migrations = false)]
async fn goods_not_shipped_yet_are_released_and_credit_follows(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;

    create(&room, &room.clerk(), returning(&order, &[(lines[0].id, units(1))])).await.unwrap();

    assert_eq!(stock_log(&room, &order).await, "allocated 3000, released 1000");
    assert_eq!(room.number("SELECT SUM(amount)::int8 FROM fakes.credit_hold").await, 1_320 - 40);
}

#[sqlx::test(migrations = false)]
async fn written_off_goods_do_not_go_back_on_the_shelf(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    ship(&room, &order).await;
    let written_off =
        CreateReturn { restock: Restock::WriteOff, ..returning(&order, &[(lines[0].id, units(1))]) };

    create(&room, &room.clerk(), written_off).await.unwrap();

    assert_eq!(stock_log(&room, &order).await, "allocated 3000");
}

#[sqlx::test(migrations = false)]
async fn many_returns_at_once_give_back_no_more_than_was_bought(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    ship(&room, &order).await;
    let ctx = room.clerk();
    let one = || create(&room, &ctx, returning(&order, &[(lines[0].id, units(1))]));

    let attempts = join_all((0..10).map(|_| one())).await;

    assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 3);
    assert_eq!(room.order(order.id).await.totals.credited, gbp(120));
}

#[sqlx::test(migrations = false)]
async fn bad_lines_are_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    let before = room.written().await;
    let bad = [(new_id(), units(1)), (lines[0].id, units(4)), (lines[1].id, Quantity::from_milli(500))];

    let outcome = create(&room, &room.clerk(), returning(&order, &bad)).await;

    let expected = [
        "UNKNOWN_LINE lines.0.lineId",
        "ABOVE_RETURNABLE lines.1.quantity",
        "INVALID_QUANTITY lines.2.quantity",
    ];
    assert_eq!(refused(outcome), expected);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn returns_that_are_refused_as_a_whole(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    let clerk = room.clerk();
    let one = (lines[0].id, units(1));
    let good = returning(&order, &[one]);
    let before = room.written().await;

    let cases = [
        (room.buyer(), good.clone(), "FORBIDDEN"),
        (clerk.clone(), returning(&order, &[]), "INVALID_INPUT lines"),
        (clerk.clone(), returning(&order, &[one, one]), "INVALID_INPUT lines.1.lineId"),
        (clerk.clone(), returning(&order, &[one; 10_001]), "TOO_MANY lines"),
        (
            clerk.clone(),
            returning(&order, &[(lines[0].id, Quantity::ZERO)]),
            "INVALID_QUANTITY lines.0.quantity",
        ),
        (clerk.clone(), CreateReturn { reason: " ".to_owned(), ..good.clone() }, "INVALID_INPUT reason"),
        (
            clerk.clone(),
            CreateReturn { reference: "x".repeat(101), ..good.clone() },
            "INVALID_INPUT reference",
        ),
        (clerk.clone(), CreateReturn { order_id: new_id(), ..good.clone() }, "ORDER_NOT_FOUND"),
    ];
    for (ctx, input, expected) in cases {
        assert_eq!(refused(create(&room, &ctx, input).await), [expected]);
    }
    assert_eq!(room.written().await, before);

    ship(&room, &order).await;
    room.fakes.state().channel.warehouse_ids.clear();
    assert_eq!(refused(create(&room, &clerk, good).await), ["INVALID_INPUT restock"]);
}

#[sqlx::test(migrations = false)]
async fn a_canceled_order_takes_nothing_back(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    room.orders.order_transition(&room.clerk(), order.id, None, "cancel", "").await.unwrap();

    let outcome = create(&room, &room.clerk(), returning(&order, &[(lines[0].id, units(1))])).await;

    assert_eq!(refused(outcome), ["NOT_EDITABLE"]);
}

#[sqlx::test(migrations = false)]
async fn a_line_with_returns_stays_as_it_is(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    create(&room, &room.clerk(), returning(&order, &[(lines[0].id, units(1))])).await.unwrap();
    let order = room.order(order.id).await;
    let edit = vectis_contracts::orders::EditLine {
        line_id: lines[0].id,
        quantity: Some(units(1)),
        unit_price: None,
    };

    let outcome = room.orders.order_lines_edit(&room.clerk(), order.id, order.version, vec![edit], "x").await;

    assert_eq!(refused(outcome), ["NOT_EDITABLE lines.0.lineId"]);
}

#[sqlx::test(migrations = false)]
async fn the_same_return_sent_again_gets_the_first_answer(pool: PgPool) {
    let room = room(pool).await;
    let (order, lines) = hammers(&room).await;
    let ctx = with_key(&room.clerk(), "k1");
    let all = returning(&order, &[(lines[0].id, units(3))]);

    let first = create(&room, &ctx, all.clone()).await.unwrap();
    let again = create(&room, &ctx, all).await.unwrap();

    assert_eq!(first, again);
    assert_eq!(room.number("SELECT COUNT(*) FROM orders.credit_note").await, 1);
}
