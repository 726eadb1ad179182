use chrono::TimeDelta;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::accounts::PostalAddress;
use vectis_contracts::carts::{CartOwner, PackageChoice, PriceOverride};
use vectis_contracts::orders::{OrderLineTax, OrderTotals};
use vectis_kernel::ids::LoginId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Actor, Quantity};

use super::{cart_line, gbp, new_id, price, refused, room, units, variant};

#[sqlx::test(migrations = false)]
async fn placing_writes_exactly_what_was_priced(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let mut screw = variant("SCREW");
    screw.tax_category = "zero".to_owned();
    screw.name = "M4".to_owned();
    let screw = room.sell(screw, "0.0125").await;
    let mut by_staff = cart_line(9, hammer.id, units(2), price("9.99"));
    by_staff.price_override = Some(PriceOverride {
        unit_price: price("2.10"),
        reason: "loyal".to_owned(),
        by: Some(LoginId(Uuid::from_u128(7))),
    });
    let mut packed = cart_line(4, screw.id, units(48), price("0.0125"));
    packed.package = Some(PackageChoice { slug: "box-of-24".to_owned(), multiplier: units(24) });
    let cart = room.cart_of(room.owner(), vec![packed, by_staff]).await;

    let submitted = room.place(&room.buyer(), &cart).await.unwrap();

    let order = room.order(submitted.order_id.unwrap()).await;
    let answered = submitted.order.0.unwrap();
    assert_eq!(format!("{answered:?}"), format!("{order:?}"), "what was answered is what is read");
    assert_eq!(submitted.cart_id, cart.id);
    assert_eq!(submitted.approval_request_id, None);
    assert_eq!(order.number, "SO-100001");
    assert_eq!(order.buyer, room.owner());
    assert_eq!((order.state.as_str(), order.process.as_str()), ("New", "fake/company@1"));
    assert_eq!((order.po_number.as_str(), order.note.as_str()), ("PO-7", "ring twice"));
    assert_eq!(order.payment_terms, "Net30");
    assert_eq!(order.shipping_address, room.buyer.default_address);
    assert_eq!(order.billing_address, room.buyer.default_address);
    assert_eq!((order.line_count, order.version), (2, 1));
    assert_eq!(order.placed_at, room.system().now());
    let expected = OrderTotals {
        lines_net: gbp(60 + 420),
        charges_net: gbp(0),
        tax_total: gbp(84),
        grand_total: gbp(564),
        paid: gbp(0),
        credited: gbp(0),
    };
    assert_eq!(order.totals, expected);

    let lines = room.lines(order.id).await;
    let (first, second) = (&lines[0], &lines[1]);
    assert_eq!((first.position, second.position), (1, 2));
    assert_eq!((first.sku.as_str(), first.name.as_str()), ("SCREW", "Product SCREW M4"));
    assert_eq!(first.package.as_ref().unwrap().multiplier, units(24));
    assert_eq!((first.quantity, first.unit_price), (units(48), price("0.0125")));
    assert_eq!((first.net, first.tax, first.gross), (gbp(60), gbp(0), gbp(60)));
    assert_eq!((first.list_unit_price, first.price_override.clone(), first.taxes.len()), (None, None, 0));
    assert_eq!((second.sku.as_str(), second.name.as_str()), ("HAMMER", "Product HAMMER"));
    assert_eq!((second.unit_price, second.list_unit_price), (price("2.10"), Some(price("2.55"))));
    assert_eq!(second.price_override, cart.lines[1].price_override);
    assert_eq!((second.net, second.tax, second.gross), (gbp(420), gbp(84), gbp(504)));
    let vat = OrderLineTax {
        name: "VAT".to_owned(),
        jurisdiction: "GB".to_owned(),
        rate_ppm: 200_000,
        amount: gbp(84),
    };
    assert_eq!(second.taxes, vec![vat]);
    assert_eq!(second.returned, Quantity::ZERO);
    assert_eq!(room.history(order.id).await, ["placed >New "]);
    assert_eq!(room.cart_status(&cart).await, "placed");
}

#[sqlx::test(migrations = false)]
async fn placing_reserves_stock_holds_credit_and_tells_everybody_once(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let mut service = variant("SERVICE");
    service.is_stocked = false;
    let service = room.sell(service, "10").await;

    let order = room.placed(&[(&service, 1), (&hammer, 2)]).await;

    let promised = "SELECT CONCAT_WS(' ', variant_id, quantity) FROM fakes.promise WHERE owner_id = $1";
    assert_eq!(room.text(promised, order.id.0).await, format!("{} 2000", hammer.id));
    let held = "SELECT amount::text FROM fakes.credit_hold WHERE owner_id = $1";
    assert_eq!(room.text(held, order.id.0).await, "1812");
    let audited = "SELECT action || ' ' || actor || ' ' || (detail ->> 'number') FROM fakes.audit WHERE subject_id = $1";
    let login = room.buyer.employee.login_id;
    assert_eq!(room.text(audited, order.id.0).await, format!("order.place login:{login} SO-100001"));
    let events = room.events().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event_type, "vectis.orders.order_placed.v1");
    assert_eq!(events[0].aggregate_id, order.id.0);
    let data = &events[0].payload["data"];
    assert_eq!(data["number"], "SO-100001");
    assert_eq!(data["totals"]["grandTotal"]["amount"], "18.12");
    assert_eq!(data["lines"][1]["sku"], "HAMMER");
    assert_eq!(data["lines"][1]["quantity"], "2");
    assert_eq!(data["lines"][1]["unitPrice"], "2.55");
    let text = events[0].payload.to_string();
    assert!(!text.contains("ring twice") && !text.contains("Dock Road"), "{text}");
}

#[sqlx::test(migrations = false)]
async fn prices_that_include_tax_are_charged_as_shown(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().channel.prices_include_tax = true;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;

    let order = room.placed(&[(&hammer, 2)]).await;

    assert!(order.prices_include_tax);
    assert_eq!(order.totals.grand_total, gbp(510));
    assert_eq!((order.totals.lines_net, order.totals.tax_total), (gbp(425), gbp(85)));
}

#[sqlx::test(migrations = false)]
async fn the_written_address_goes_before_the_default_one(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let mut cart = room.cart(&[(&hammer, 2)]).await;
    let site =
        PostalAddress { city: "York".to_owned(), country: "GB".to_owned(), ..PostalAddress::default() };
    cart.shipping_address = Some(site.clone());
    room.put_cart(&cart).await;

    let submitted = room.place(&room.buyer(), &cart).await.unwrap();

    let order = room.order(submitted.order_id.unwrap()).await;
    assert_eq!(order.shipping_address, Some(site.clone()));
    assert_eq!(order.billing_address, Some(site));
    assert_eq!(room.fakes.state().taxed_to[0].city, "York");
}

#[sqlx::test(migrations = false)]
async fn customers_and_guests_buy_without_anybodys_approval(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().approval = None;
    room.fakes.state().process = Some(super::fakes::FakeProcess::retail().into());
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let line = cart_line(1, hammer.id, units(1), price("2.55"));
    let login_id: LoginId = new_id();
    let theirs = room.cart_of(CartOwner::Customer(login_id), vec![line.clone()]).await;
    let guests = room.cart_of(CartOwner::Guest("hash".to_owned()), vec![line]).await;
    let customer = room.ctx(Actor::Customer { login_id });
    let guest = room.ctx(Actor::Anonymous { guest: Some("hash".to_owned()) });

    let first = room.place(&customer, &theirs).await.unwrap();
    let second = room.place(&guest, &guests).await.unwrap();

    let (first, second) = (first.order_id.unwrap(), second.order_id.unwrap());
    assert_eq!(room.order(first).await.buyer, CartOwner::Customer(login_id));
    assert_eq!(room.order(second).await.totals.paid, gbp(306));
    assert_eq!(room.orders.get_many(&guest, &[first, second]).await.unwrap().len(), 1);
    assert_eq!(refused(room.place(&guest, &theirs).await), ["CART_NOT_FOUND"]);
}

#[sqlx::test(migrations = false)]
async fn staff_place_in_the_name_of_the_owner(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let cart = room.cart(&[(&hammer, 2)]).await;

    let submitted = room.place(&room.staff(&[staff::ORDERS_PLACE_FOR]), &cart).await.unwrap();

    assert_eq!(room.order(submitted.order_id.unwrap()).await.buyer, room.owner());
}

#[sqlx::test(migrations = false)]
async fn numbers_rise_and_times_come_from_the_context(pool: PgPool) {
    let room = room(pool).await;
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let first = room.placed(&[(&hammer, 1)]).await;
    room.clock.advance(TimeDelta::days(400));

    let second = room.placed(&[(&hammer, 1)]).await;

    assert_eq!((first.number.as_str(), second.number.as_str()), ("SO-100001", "SO-100002"));
    assert_eq!(second.placed_at - first.placed_at, TimeDelta::days(400));
}

#[sqlx::test(migrations = false)]
async fn another_process_brings_its_own_states(pool: PgPool) {
    let room = room(pool).await;
    room.fakes.state().process = Some(super::fakes::FakeProcess::retail().into());
    let hammer = room.sell(variant("HAMMER"), "2.55").await;

    let order = room.placed(&[(&hammer, 2)]).await;

    assert_eq!((order.state.as_str(), order.process.as_str()), ("Paid", "fake/retail@2"));
    assert_eq!(order.totals.paid, order.totals.grand_total);
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.promise").await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM fakes.credit_hold").await, 0);
    let process = room.orders.process(&room.buyer(), order.channel_id).await.unwrap();
    assert_eq!(process.0.iter().map(|state| state.key.as_str()).collect::<Vec<_>>(), ["Paid", "Packed"]);
    assert_eq!(process.1[0].name, "pack");
}
