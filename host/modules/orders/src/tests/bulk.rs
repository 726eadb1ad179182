//! The same statements at 1, 1,000 and 10,000 lines.

use std::collections::BTreeMap;

use sqlx::PgPool;
use vectis_contracts::orders::{
    CreateReturn, EditLine, IssueCreditNote, IssueCreditNoteLine, Order, Restock,
};
use vectis_contracts::products::Variant;
use vectis_db::statements;
use vectis_kernel::Currency;

use super::{Room, cart_line, price, room, units, variant, with_key};

const SIZES: [usize; 3] = [1, 1_000, 10_000];

/// This module's statements, and the outbox's and idempotency's, that ran while `work` did. Siblings count their own.
async fn counted<T>(room: &Room, work: impl Future<Output = T>) -> Option<(T, BTreeMap<String, i64>)> {
    let before = statements::counted(room.db.pool()).await.unwrap()?;
    let outcome = work.await;
    let after = statements::counted(room.db.pool()).await.unwrap()?;
    let ran = after.since(&before).by_text().clone();
    let ours = ran.into_iter().filter(|(text, _)| !text.contains("fakes."));
    Some((outcome, ours.collect()))
}

fn total(ran: &BTreeMap<String, i64>) -> i64 {
    ran.values().sum()
}

/// So many variants, capped so that caps are counted too.
async fn stocked(room: &Room, count: usize) -> Vec<Variant> {
    let variants: Vec<Variant> = (0..count)
        .map(|number| {
            let mut variant = variant(&format!("SKU-{number}"));
            variant.limits.max_per_customer_30_days = Some(units(1_000));
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

async fn placed(room: &Room, variants: &[Variant]) -> (Order, BTreeMap<String, i64>) {
    let lines = (1..).zip(variants).map(|(at, variant)| cart_line(at, variant.id, units(3), price("0.10")));
    let cart = room.cart_of(room.owner(), lines.collect()).await;
    let ctx = with_key(&room.buyer(), &cart.id.to_string());
    let (outcome, ran) = counted(room, room.place(&ctx, &cart)).await.expect("the server counts statements");
    let order = room.order(outcome.unwrap().order_id.unwrap()).await;
    (order, ran)
}

#[sqlx::test(migrations = false)]
async fn placing_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;

        let (order, ran) = placed(&room, &variants).await;

        assert_eq!(usize::try_from(order.line_count).unwrap(), size);
        // answered, used; find, order, lines, lock, used, add, outbox, record.
        assert_eq!(total(&ran), 10, "{size} lines: {ran:#?}");
    }
}

#[sqlx::test(migrations = false)]
async fn reading_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;
        let (order, _) = placed(&room, &variants).await;

        let (lines, ran) = counted(&room, room.lines(order.id)).await.unwrap();

        assert_eq!(lines.len(), size);
        assert_eq!(total(&ran), 2, "{size} lines: {ran:#?}");
    }
}

#[sqlx::test(migrations = false)]
async fn editing_and_returning_take_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let variants = stocked(&room, size).await;
        let (order, _) = placed(&room, &variants).await;
        let lines = room.lines(order.id).await;
        let fewer = lines.iter().map(|line| EditLine {
            line_id: line.id,
            quantity: Some(units(2)),
            unit_price: None,
        });
        let fewer = fewer.collect();
        let ctx = with_key(&room.clerk(), &format!("edit {size}"));

        let edit = room.orders.order_lines_edit(&ctx, order.id, order.version, fewer, "fewer");
        let (outcome, ran) = counted(&room, edit).await.unwrap();

        outcome.unwrap();
        // answered, order, lines; find, claim, order, forget, edit, taxes, usage, write down, outbox, record.
        assert_eq!(total(&ran), 13, "{size} lines: {ran:#?}");

        let back = CreateReturn {
            order_id: order.id,
            lines: lines.iter().map(|line| (line.id, units(2))).collect(),
            reason: "all of it".to_owned(),
            reference: String::new(),
            restock: Restock::OnHand,
        };
        let ctx = with_key(&room.clerk(), &format!("return {size}"));
        let (outcome, ran) = counted(&room, room.orders.return_create(&ctx, back)).await.unwrap();

        outcome.unwrap();
        // answered, order; find, claim, order, lines, count, note, return, write down, outbox, record.
        assert_eq!(total(&ran), 12, "{size} lines: {ran:#?}");
        let totals = room.order(order.id).await.totals;
        assert_eq!(totals.credited, totals.grand_total);
    }
}

#[sqlx::test(migrations = false)]
async fn a_credit_note_takes_the_same_statements_however_many_lines(pool: PgPool) {
    let room = room(pool).await;
    for size in SIZES {
        let lines = stocked(&room, size).await.into_iter().map(|variant| IssueCreditNoteLine {
            label: variant.sku.clone(),
            sku: Some(variant.sku),
            quantity: units(1),
            unit_price: "0.10".parse().unwrap(),
        });
        let issue = IssueCreditNote {
            channel_id: room.fakes.state().channel.id,
            account_id: None,
            currency: Currency::GBP,
            reason: "goodwill".to_owned(),
            reference: String::new(),
            lines: lines.collect(),
            restock: Restock::OnHand,
        };
        let ctx = with_key(&room.clerk(), &format!("note {size}"));

        let (outcome, ran) = counted(&room, room.orders.credit_note_issue(&ctx, issue)).await.unwrap();

        outcome.unwrap();
        // answered; find, note, outbox, record.
        assert_eq!(total(&ran), 5, "{size} lines: {ran:#?}");
    }
}
