use serde_json::json;
use sqlx::PgPool;
use vectis_contracts::inventory::AdjustStock;
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::{Actor, Ctx, IdempotencyKey, Quantity};

use super::shop::{Shop, adjustment, need, refusals, stock_codes};

#[sqlx::test(migrations = false)]
async fn an_adjustment_makes_levels_ledger_lines_and_one_event_per_variant(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [one, other]: [VariantId; 2] = [shop.new_id(), shop.new_id()];

    let adjustments = vec![
        adjustment(shop.north, one, 5),
        adjustment(shop.north, one, -2),
        adjustment(shop.south, one, 4),
        adjustment(shop.north, other, 1),
    ];
    shop.inventory.stock_adjust(&shop.ctx, adjustments).await.unwrap();

    assert_eq!(shop.units(one, shop.north).await, (3, 0, 0));
    assert_eq!(shop.units(one, shop.south).await, (4, 0, 0));
    assert_eq!(shop.units(other, shop.north).await, (1, 0, 0));
    let line = |units| ("adjusted".to_owned(), units, 0);
    assert_eq!(shop.ledger(one).await, vec![line(5), line(-2), line(4)]);
    let events = shop.stock_events();
    assert_eq!(events.len(), 2);
    let of_one = events.iter().find(|event| event.aggregate_id == one.0).unwrap();
    assert_eq!(of_one.aggregate_kind, "variant");
    let change = |warehouse: WarehouseId, on_hand: &str| {
        json!({
            "variantId": one, "warehouseId": warehouse,
            "onHandDelta": on_hand, "reservedDelta": "0", "allocatedDelta": "0",
        })
    };
    let expected = json!({
        "cause": "adjusted", "ownerId": null,
        "changes": [change(shop.north, "3"), change(shop.south, "4")],
    });
    assert_eq!(of_one.payload, expected);
    assert_eq!(shop.audit.actions()[2..], ["stock.adjust"; 2]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn stock_does_not_fall_below_what_is_promised(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [one, other]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(one, 5, 0).await;
    shop.allocate(shop.new_id(), None, vec![need(one, 4)]).await.unwrap();
    let events = shop.stock_events().len();

    let adjustments = vec![
        adjustment(shop.north, other, 9),
        adjustment(shop.north, one, -2),
        adjustment(shop.south, one, -1),
    ];
    let outcome = shop.inventory.stock_adjust(&shop.ctx, adjustments).await;

    let refused = |index: usize, message: &str| {
        ("WOULD_OVERSELL", format!("adjustments.{index}.delta"), message.to_owned())
    };
    assert_eq!(
        refusals(outcome),
        vec![
            refused(1, "2 cannot be taken away: 5 on hand, 4 of it promised."),
            refused(2, "1 cannot be taken away: 0 on hand, 0 of it promised."),
        ]
    );
    assert_eq!(shop.units(one, shop.north).await, (5, 0, 4));
    assert_eq!(shop.units(other, shop.north).await, (0, 0, 0));
    assert_eq!(shop.stock_events().len(), events);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn all_bad_lines_are_named_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let good = adjustment(shop.north, variant, 1);

    let adjustments = vec![
        AdjustStock { delta: Quantity::ZERO, ..good.clone() },
        good.clone(),
        AdjustStock { delta: Quantity::from_milli(i64::MIN), reason: "  ".to_owned(), ..good.clone() },
        AdjustStock { reason: "x".repeat(501), ..good.clone() },
        AdjustStock { reason: "a\0b".to_owned(), ..good },
    ];
    let outcome = shop.inventory.stock_adjust(&shop.ctx, adjustments).await;

    let wrong = |field: &str| ("INVALID_INPUT", format!("adjustments.{field}"));
    assert_eq!(
        stock_codes(outcome),
        vec![wrong("0.delta"), wrong("2.delta"), wrong("2.reason"), wrong("3.reason"), wrong("4.reason")]
    );
    assert_eq!(shop.units(variant, shop.north).await, (0, 0, 0));
}

#[sqlx::test(migrations = false)]
async fn unknown_warehouses_are_named_line_by_line(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let nowhere: WarehouseId = shop.new_id();

    let adjustments = vec![
        adjustment(nowhere, variant, 1),
        adjustment(shop.north, variant, 1),
        adjustment(nowhere, variant, 2),
    ];
    let outcome = shop.inventory.stock_adjust(&shop.ctx, adjustments).await;

    let unknown = |index: usize| ("WAREHOUSE_NOT_FOUND", format!("adjustments.{index}.warehouseId"));
    assert_eq!(stock_codes(outcome), vec![unknown(0), unknown(2)]);
    assert_eq!(shop.units(variant, shop.north).await, (0, 0, 0));
}

#[sqlx::test(migrations = false)]
async fn ten_thousand_and_one_adjustments_are_too_many(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let adjustments = (0..10_001).map(|_| adjustment(shop.north, shop.new_id(), 1)).collect();

    let outcome = shop.inventory.stock_adjust(&shop.ctx, adjustments).await;

    assert_eq!(stock_codes(outcome), vec![("TOO_MANY", "adjustments".to_owned())]);
    assert_eq!(shop.stock_events().len(), 0);
}

#[sqlx::test(migrations = false)]
async fn adjusting_needs_a_permission(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let guest = Ctx { actor: Actor::Anonymous { guest: None }, ..shop.ctx.clone() };

    let outcome = shop.inventory.stock_adjust(&guest, vec![adjustment(shop.north, variant, 1)]).await;

    assert_eq!(stock_codes(outcome), vec![("FORBIDDEN", String::new())]);
    assert_eq!(shop.units(variant, shop.north).await, (0, 0, 0));
}

#[sqlx::test(migrations = false)]
async fn the_same_request_twice_adjusts_once(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let idempotency = Some(IdempotencyKey { key: "once".to_owned(), parameters_hash: [1; 32] });
    let ctx = Ctx { idempotency, ..shop.ctx.clone() };

    for _ in 0..2 {
        shop.inventory.stock_adjust(&ctx, vec![adjustment(shop.north, variant, 3)]).await.unwrap();
    }

    assert_eq!(shop.units(variant, shop.north).await, (3, 0, 0));
}

#[sqlx::test(migrations = false)]
async fn the_ledger_cannot_be_rewritten(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    shop.stock_up(variant, 1, 0).await;

    for rewriting in [
        "UPDATE inventory.stock_movement SET reason = 'never happened'",
        "DELETE FROM inventory.stock_movement",
        "TRUNCATE inventory.stock_movement",
    ] {
        let refused = sqlx::query(rewriting).execute(shop.db.pool()).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    assert_eq!(shop.ledger(variant).await.len(), 1);
}
