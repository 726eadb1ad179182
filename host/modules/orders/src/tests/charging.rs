use sqlx::PgPool;
use vectis_contracts::orders::{AddCharge, ChargeKind, Order, OrderCode};
use vectis_kernel::{Ctx, Currency, Failure, Money};

use super::{Room, gbp, new_id, refused, room, variant, with_key};

async fn two_hammers(room: &Room) -> Order {
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    room.placed(&[(&hammer, 2)]).await
}

fn charge(kind: ChargeKind, amount: Money, category: Option<&str>) -> AddCharge {
    AddCharge { kind, label: "Carriage".to_owned(), amount, tax_category: category.map(str::to_owned) }
}

async fn add(
    room: &Room,
    ctx: &Ctx,
    order: &Order,
    charges: Vec<AddCharge>,
) -> Result<(), Failure<OrderCode>> {
    room.orders.order_charges_add(ctx, order.id, charges, "heavy").await
}

#[sqlx::test(migrations = false)]
async fn charges_are_taxed_by_category_and_added_to_what_is_owed(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let charges = vec![
        charge(ChargeKind::Fee, gbp(50), None),
        charge(ChargeKind::Shipping, gbp(1_000), Some("standard")),
        charge(ChargeKind::Discount, gbp(-100), Some("standard")),
    ];

    add(&room, &room.clerk(), &order, charges).await.unwrap();

    let charged = room.order(order.id).await;
    assert_eq!((charged.totals.charges_net, charged.totals.tax_total), (gbp(950), gbp(102 + 180)));
    assert_eq!(charged.totals.grand_total, gbp(612 + 950 + 180));
    assert_eq!(charged.version, 2);
    let charges = room.orders.charges(&room.clerk(), &[order.id]).await.unwrap();
    let amounts: Vec<_> =
        charges.iter().map(|charge| (charge.kind, charge.net.minor, charge.tax.minor)).collect();
    let expected =
        [(ChargeKind::Fee, 50, 0), (ChargeKind::Shipping, 1_000, 200), (ChargeKind::Discount, -100, -20)];
    assert_eq!(amounts, expected);
    assert_eq!(room.number("SELECT SUM(amount)::int8 FROM fakes.credit_hold").await, 612 + 950 + 180);
    assert_eq!(room.history(order.id).await[1], "charged New>New heavy");
    let event = room.events().await.remove(1);
    assert_eq!(event.event_type, "vectis.orders.order_charged.v1");
    assert_eq!(event.payload["data"]["charges"][1]["tax"]["amount"], "2.00");
}

#[sqlx::test(migrations = false)]
async fn bad_charges_are_named_at_once_and_nothing_is_written(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let nameless = AddCharge { label: String::new(), ..charge(ChargeKind::Fee, gbp(1), None) };
    let before = room.written().await;

    let charges = vec![
        nameless,
        charge(ChargeKind::Shipping, gbp(-1), None),
        charge(ChargeKind::Discount, gbp(1), None),
        charge(ChargeKind::Fee, Money::new(1, Currency::EUR), None),
    ];

    let expected = [
        "INVALID_INPUT charges.0.label",
        "INVALID_AMOUNT charges.1.amount",
        "INVALID_AMOUNT charges.2.amount",
        "INVALID_AMOUNT charges.3.amount",
    ];
    assert_eq!(refused(add(&room, &room.clerk(), &order, charges).await), expected);
    assert_eq!(room.written().await, before);
}

#[sqlx::test(migrations = false)]
async fn charges_that_are_refused_as_a_whole(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let clerk = room.clerk();
    let fee = || charge(ChargeKind::Fee, gbp(1), None);
    let before = room.written().await;

    assert_eq!(refused(add(&room, &room.buyer(), &order, vec![fee()]).await), ["FORBIDDEN"]);
    assert_eq!(refused(add(&room, &clerk, &order, vec![]).await), ["INVALID_INPUT charges"]);
    assert_eq!(refused(add(&room, &clerk, &order, vec![fee(); 10_001]).await), ["TOO_MANY charges"]);
    let unknown = room.orders.order_charges_add(&clerk, new_id(), vec![fee()], "").await;
    assert_eq!(refused(unknown), ["ORDER_NOT_FOUND"]);
    let manual = charge(ChargeKind::Manual, gbp(-1), None);
    let unexplained = room.orders.order_charges_add(&clerk, order.id, vec![manual], "").await;
    assert_eq!(refused(unexplained), ["INVALID_INPUT reason"]);
    let discount = charge(ChargeKind::Discount, gbp(-613), None);
    assert_eq!(refused(add(&room, &clerk, &order, vec![discount]).await), ["INVALID_AMOUNT charges"]);
    let fortune = charge(ChargeKind::Fee, gbp(i64::MAX), None);
    assert_eq!(refused(add(&room, &clerk, &order, vec![fortune]).await), ["INVALID_AMOUNT charges"]);
    let dear = charge(ChargeKind::Fee, gbp(100_000_000), None);
    assert_eq!(refused(add(&room, &clerk, &order, vec![dear]).await), ["INSUFFICIENT_CREDIT"]);
    assert_eq!(room.written().await, before);

    room.orders.order_transition(&clerk, order.id, None, "cancel", "").await.unwrap();
    assert_eq!(refused(add(&room, &clerk, &order, vec![fee()]).await), ["NOT_EDITABLE"]);
}

#[sqlx::test(migrations = false)]
async fn the_same_charge_sent_again_is_charged_once(pool: PgPool) {
    let room = room(pool).await;
    let order = two_hammers(&room).await;
    let ctx = with_key(&room.clerk(), "k1");

    for _ in 0..2 {
        add(&room, &ctx, &order, vec![charge(ChargeKind::Shipping, gbp(100), None)]).await.unwrap();
    }

    assert_eq!(room.order(order.id).await.totals.charges_net, gbp(100));
}
