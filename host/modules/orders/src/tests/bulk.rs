//! The same statements at 1, 1,000 and 10,000 lines.

use std::collections::BTreeMap;

use sqlx::PgPool;
use vectis_contracts::carts::Cart;
use vectis_contracts::orders::{
    CreateReturn, EditLine, IssueCreditNote, IssueCreditNoteLine, Order, OrderLine, Restock,
};
use vectis_contracts::products::Variant;
use vectis_db::statements;
use vectis_kernel::{Ctx, Currency};

use super::{Room, cart_line, new_id, price, room, units, variant, with_key};

const SIZES: [usize; 3] = [1, 1_000, 10_000];

/// This module's statements, and the outbox's and idempotency's, that ran while `work` did; siblings count their own.
/// Once more when the server has forgotten statements in between: it keeps only so many, of all its databases.
async fn counted<P, T>(
    room: &Room,
    prepare: impl AsyncFn() -> P,
    work: impl AsyncFn(P) -> T,
) -> (T, BTreeMap<String, i64>) {
    let count =
        async || statements::counted(room.db.pool()).await.unwrap().expect("the server counts statements");
    count().await;
    for _ in 0..20 {
        let prepared = prepare().await;
        let (forgotten, before) = (forgotten(room).await, count().await);
        let outcome = work(prepared).await;
        let ran = count().await.since(&before).by_text().clone();
        if self::forgotten(room).await == forgotten {
            let ours = ran.into_iter().filter(|(text, _)| !text.contains("fakes."));
            return (outcome, ours.collect());
        }
    }
    panic!("the server forgets statements faster than they run");
}

/// How often the server has made room among the statements it counts.
async fn forgotten(room: &Room) -> i64 {
    room.number("SELECT dealloc FROM public.pg_stat_statements_info").await
}

fn total(ran: &BTreeMap<String, i64>) -> i64 {
    ran.values().sum()
}

/// So many variants, capped so that caps are counted too.
async fn stocked(room: &Room, count: usize) -> Vec<Variant> {
    let variants: Vec<Variant> = (0..count)
        .map(|number| {
            let mut variant = variant(&format!("SKU-{number}"));
            variant.limits.max_per_customer_30_days = Some(units(1_000_000));
            variant
        })
        .collect();
    let ids: Vec<uuid::Uuid> = variants.iter().map(|variant| variant.id.0).collect();
    sqlx::query("INSERT INTO fakes.stock SELECT id, 1000000 FROM UNNEST($1::uuid[]) AS given (id)")
        .bind(&ids)
        .execute(&room.fakes.pool)
        .await
        .unwrap();
    let mut state = room.fakes.state();
    for variant in &variants {
        state.prices.insert(variant.id, price("0.10"));
        state.variants.insert(variant.id, variant.clone());
    }
    variants
}

/// A cart of these variants with an idempotency key for it.
async fn cart_to_place(room: &Room, variants: &[Variant]) -> (Ctx, Cart) {
    let lines = (1..).zip(variants).map(|(at, variant)| cart_line(at, variant.id, units(3), price("0.10")));
    let cart = room.cart_of(room.owner(), lines.collect()).await;
    (with_key(&room.buyer(), &cart.id.to_string()), cart)
}

async fn placed(room: &Room, variants: &[Variant]) -> (Order, Vec<OrderLine>) {
    let (ctx, cart) = cart_to_place(room, variants).await;
    let submitted = room.place(&ctx, &cart).await.unwrap();
    let order = room.order(submitted.order_id.unwrap()).await;
    let lines = room.lines(order.id).await;
    (order, lines)
}

fn staff_with_key(room: &Room) -> Ctx {
    with_key(&room.clerk(), &new_id::<uuid::Uuid>().to_string())
}

#[sqlx::test(migrations = false)]
async fn placing_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;

        let (submitted, ran) = counted(
            &room,
            async || cart_to_place(&room, &variants).await,
            async |(ctx, cart)| room.place(&ctx, &cart).await.unwrap(),
        )
        .await;

        let order = room.order(submitted.order_id.unwrap()).await;
        assert_eq!(usize::try_from(order.line_count).unwrap(), size);
        // answered, used; find, order, lines, lock, used, add, outbox, record.
        assert_eq!(total(&ran), 6, "{size} lines: {ran:#?}");
    }
}

#[sqlx::test(migrations = false)]
async fn reading_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;
        let (order, _) = placed(&room, &variants).await;

        let (lines, ran) = counted(&room, async || (), async |()| room.lines(order.id).await).await;

        assert_eq!(lines.len(), size);
        assert_eq!(total(&ran), 2, "{size} lines: {ran:#?}");
    }
}

#[sqlx::test(migrations = false)]
async fn editing_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;

        let ((), ran) = counted(
            &room,
            async || placed(&room, &variants).await,
            async |(order, lines)| {
                let fewer = lines.iter().map(|line| EditLine {
                    line_id: line.id,
                    quantity: Some(units(2)),
                    unit_price: None,
                });
                let (ctx, fewer) = (staff_with_key(&room), fewer.collect());
                room.orders.order_lines_edit(&ctx, order.id, order.version, fewer, "fewer").await.unwrap();
            },
        )
        .await;

        // answered, order, lines; find, claim, order, forget, edit, taxes, usage, write down, outbox, record.
        assert_eq!(total(&ran), 11, "{size} lines: {ran:#?}");
    }
}

#[sqlx::test(migrations = false)]
async fn returning_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;

        let (order_id, ran) = counted(
            &room,
            async || placed(&room, &variants).await,
            async |(order, lines)| {
                let back = CreateReturn {
                    order_id: order.id,
                    lines: lines.iter().map(|line| (line.id, units(3))).collect(),
                    reason: "all of it".to_owned(),
                    reference: String::new(),
                    restock: Restock::OnHand,
                };
                room.orders.return_create(&staff_with_key(&room), back).await.unwrap();
                order.id
            },
        )
        .await;

        // answered, order; find, claim, order, lines, count, note, return, write down, outbox, record.
        assert_eq!(total(&ran), 10, "{size} lines: {ran:#?}");
        let totals = room.order(order_id).await.totals;
        assert_eq!(totals.credited, totals.grand_total);
    }
}

#[sqlx::test(migrations = false)]
async fn a_credit_note_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;
        let issue = || IssueCreditNote {
            channel_id: room.fakes.state().channel.id,
            account_id: None,
            currency: Currency::GBP,
            reason: "goodwill".to_owned(),
            reference: String::new(),
            lines: variants.iter().map(credited).collect(),
            restock: Restock::OnHand,
        };

        let (_, ran) = counted(
            &room,
            async || (),
            async |()| room.orders.credit_note_issue(&staff_with_key(&room), issue()).await.unwrap(),
        )
        .await;

        // answered; find, note, outbox, record.
        assert_eq!(total(&ran), 3, "{size} lines: {ran:#?}");
    }
}

fn credited(variant: &Variant) -> IssueCreditNoteLine {
    IssueCreditNoteLine {
        label: variant.sku.clone(),
        sku: Some(variant.sku.clone()),
        quantity: units(1),
        unit_price: "0.10".parse().unwrap(),
    }
}
