use chrono::TimeDelta;
use sqlx::PgPool;
use vectis_contracts::orders::{CreateReturn, Order, OrderFilter, Restock};
use vectis_kernel::ids::OrderId;
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Actor, Ctx, PageRequest};

use super::{Room, membership, new_id, refused, room, units, variant};

/// The buyer's orders, a day apart, oldest first.
async fn three_orders(room: &Room) -> Vec<Order> {
    let hammer = room.sell(variant("HAMMER"), "2.55").await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        orders.push(room.placed(&[(&hammer, 1)]).await);
        room.clock.advance(TimeDelta::days(1));
    }
    orders
}

async fn listed(room: &Room, ctx: &Ctx, filter: &OrderFilter) -> Vec<String> {
    let page = room.orders.list(ctx, filter, PageRequest::first(10)).await.unwrap();
    page.items.into_iter().map(|order| order.number).collect()
}

#[sqlx::test(migrations = false)]
async fn lists_are_newest_first_page_by_page(pool: PgPool) {
    let room = room(pool).await;
    three_orders(&room).await;
    let list = async |page| room.orders.list(&room.buyer(), &OrderFilter::default(), page).await.unwrap();

    let first = list(PageRequest::first(2)).await;
    let rest = list(PageRequest { first: 2, after: Some(first.items[1].id.0) }).await;

    let numbers: Vec<_> = first.items.iter().chain(&rest.items).map(|order| order.number.as_str()).collect();
    assert_eq!(numbers, ["SO-100003", "SO-100002", "SO-100001"]);
    assert_eq!((first.has_next, rest.has_next), (true, false));
}

#[sqlx::test(migrations = false)]
async fn everybody_sees_what_is_theirs(pool: PgPool) {
    let room = room(pool).await;
    let ids: Vec<OrderId> = three_orders(&room).await.iter().map(|order| order.id).collect();
    let colleague = membership(room.buyer.employee.account_id, "Buyer", &[buyer::ORDER]);
    let stranger = membership(new_id(), "Manager", &[buyer::ORDERS_READ_ALL]);
    let cases = [
        (room.buyer(), 3),
        (room.acting(&room.approver), 3),
        (room.acting(&colleague), 0),
        (room.acting(&stranger), 0),
        (room.staff(&[staff::ORDERS_READ]), 3),
        (room.ctx(Actor::Customer { login_id: new_id() }), 0),
        (room.ctx(Actor::Anonymous { guest: None }), 0),
        (room.ctx(Actor::Anonymous { guest: Some("hash".to_owned()) }), 0),
    ];

    for (ctx, seen) in cases {
        assert_eq!(listed(&room, &ctx, &OrderFilter::default()).await.len(), seen, "{:?}", ctx.actor);
        assert_eq!(room.orders.get_many(&ctx, &ids).await.unwrap().len(), seen, "{:?}", ctx.actor);
        let by_number = room.orders.find_by_number(&ctx, "SO-100001").await.unwrap();
        assert_eq!(by_number.is_some(), seen > 0, "{:?}", ctx.actor);
    }
    let clueless = room.staff(&[]);
    assert!(room.orders.get_many(&clueless, &ids).await.unwrap().is_empty());
    let page = PageRequest::first(1);
    assert_eq!(refused(room.orders.list(&clueless, &OrderFilter::default(), page).await), ["FORBIDDEN"]);
    assert!(room.orders.find_by_number(&room.buyer(), "SO-1").await.unwrap().is_none());
    assert!(room.orders.find_by_number(&room.buyer(), "SO-\0").await.unwrap().is_none());
}

#[sqlx::test(migrations = false)]
async fn lists_are_filtered(pool: PgPool) {
    let room = room(pool).await;
    let orders = three_orders(&room).await;
    room.orders.order_transition(&room.clerk(), orders[1].id, None, "ship", "").await.unwrap();
    let clerk = room.clerk();
    let by = |change: fn(&mut OrderFilter)| {
        let mut filter = OrderFilter::default();
        change(&mut filter);
        filter
    };

    let shipped = by(|filter| filter.state = Some("Shipped".to_owned()));
    assert_eq!(listed(&room, &clerk, &shipped).await, ["SO-100002"]);
    let po_number = by(|filter| filter.po_number = Some("PO-7".to_owned()));
    assert_eq!(listed(&room, &clerk, &po_number).await.len(), 3);
    let unknown = by(|filter| filter.po_number = Some("PO-8".to_owned()));
    assert!(listed(&room, &clerk, &unknown).await.is_empty());
    let foreign = by(|filter| filter.account_id = Some(new_id()));
    assert!(listed(&room, &clerk, &foreign).await.is_empty());
    let unkeepable = by(|filter| filter.po_number = Some("\0".to_owned()));
    assert!(listed(&room, &clerk, &unkeepable).await.is_empty());
    let of_channel = |id| OrderFilter { channel_id: Some(id), ..OrderFilter::default() };
    assert_eq!(listed(&room, &clerk, &of_channel(orders[0].channel_id)).await.len(), 3);
    assert!(listed(&room, &clerk, &of_channel(new_id())).await.is_empty());
}

#[sqlx::test(migrations = false)]
async fn orders_come_in_the_order_asked_for(pool: PgPool) {
    let room = room(pool).await;
    let orders = three_orders(&room).await;
    let asked = [orders[1].id, new_id(), orders[2].id, orders[0].id];

    let got = room.orders.get_many(&room.buyer(), &asked).await.unwrap();

    let ids: Vec<OrderId> = got.iter().map(|order| order.id).collect();
    assert_eq!(ids, [orders[1].id, orders[2].id, orders[0].id]);
}

#[sqlx::test(migrations = false)]
async fn credit_notes_are_for_staff_and_for_those_who_see_the_accounts_orders(pool: PgPool) {
    let room = room(pool).await;
    let orders = three_orders(&room).await;
    for order in &orders[..2] {
        let back = CreateReturn {
            order_id: order.id,
            lines: vec![(room.lines(order.id).await[0].id, units(1))],
            reason: "broken".to_owned(),
            reference: String::new(),
            restock: Restock::OnHand,
        };
        room.orders.return_create(&room.clerk(), back).await.unwrap();
        room.clock.advance(TimeDelta::days(1));
    }
    let account_id = room.buyer.employee.account_id;
    let stranger = membership(new_id(), "Manager", &[buyer::ORDERS_READ_ALL]);
    let approver = room.acting(&room.approver);
    let notes =
        async |ctx: &Ctx, account| room.orders.credit_notes(ctx, account, PageRequest::first(1)).await;

    let page = notes(&room.clerk(), Some(account_id)).await.unwrap();
    assert_eq!((page.items[0].number.as_str(), page.has_next), ("CN-100002", true));
    let ids = [page.items[0].id];
    assert_eq!(notes(&approver, None).await.unwrap().items[0].id, ids[0]);
    assert!(notes(&approver, Some(new_id())).await.unwrap().items.is_empty());
    assert!(notes(&room.acting(&stranger), None).await.unwrap().items.is_empty());
    assert_eq!(refused(notes(&room.buyer(), None).await), ["FORBIDDEN"]);
    assert_eq!(room.orders.credit_notes_by_id(&approver, &ids).await.unwrap().len(), 1);
    assert!(room.orders.credit_notes_by_id(&room.acting(&stranger), &ids).await.unwrap().is_empty());
    assert!(room.orders.credit_notes_by_id(&room.buyer(), &ids).await.unwrap().is_empty());
}

#[sqlx::test(migrations = false)]
async fn the_process_of_an_unknown_channel_or_without_a_plugin_is_refused(pool: PgPool) {
    let room = room(pool).await;
    let channel_id = room.fakes.state().channel.id;

    assert_eq!(refused(room.orders.process(&room.buyer(), new_id()).await), ["CHANNEL_NOT_FOUND channelId"]);
    room.fakes.state().process = None;
    assert_eq!(refused(room.orders.process(&room.buyer(), channel_id).await), ["STRATEGY_FAILED"]);
}
