use sqlx::PgPool;
use vectis_kernel::{Actor, Ctx, IdempotencyKey};

use super::shop::{Shop, stock_codes};

#[sqlx::test(migrations = false)]
async fn a_known_code_renames_its_warehouse(pool: PgPool) {
    let shop = Shop::open(pool).await;

    let again = shop.inventory.warehouse_upsert(&shop.ctx, "NORTH", "Far north", "NO").await.unwrap();

    assert_eq!(again, shop.north);
    let all = shop.inventory.warehouses(&shop.ctx).await.unwrap();
    let told: Vec<(&str, &str, &str, bool)> =
        all.iter().map(|w| (w.code.as_str(), w.name.as_str(), w.country.as_str(), w.is_active)).collect();
    assert_eq!(told, vec![("NORTH", "Far north", "NO", true), ("SOUTH", "South", "FR", true)]);
    assert_eq!(shop.audit.actions(), vec!["warehouse.upsert"; 3]);
}

#[sqlx::test(migrations = false)]
async fn everything_wrong_about_a_warehouse_is_said_at_once(pool: PgPool) {
    let shop = Shop::open(pool).await;

    let outcome = shop.inventory.warehouse_upsert(&shop.ctx, "north", " ", "XX").await;

    let wrong = |field: &str| ("INVALID_INPUT", field.to_owned());
    assert_eq!(stock_codes(outcome), vec![wrong("code"), wrong("name"), wrong("country")]);
    assert_eq!(shop.inventory.warehouses(&shop.ctx).await.unwrap().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn opening_a_warehouse_needs_a_permission(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let guest = Ctx { actor: Actor::Anonymous { guest: None }, ..shop.ctx.clone() };

    let outcome = shop.inventory.warehouse_upsert(&guest, "EAST", "East", "DE").await;

    assert_eq!(stock_codes(outcome), vec![("FORBIDDEN", String::new())]);
    assert_eq!(shop.inventory.warehouses(&shop.ctx).await.unwrap().len(), 2);
}

#[sqlx::test(migrations = false)]
async fn the_same_request_twice_has_one_effect(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let idempotency = Some(IdempotencyKey { key: "once".to_owned(), parameters_hash: [1; 32] });
    let ctx = Ctx { idempotency, ..shop.ctx.clone() };

    let first = shop.inventory.warehouse_upsert(&ctx, "EAST", "East", "DE").await.unwrap();
    let second = shop.inventory.warehouse_upsert(&ctx, "EAST", "East", "DE").await.unwrap();

    assert_eq!(first, second);
    assert_eq!(shop.audit.actions().len(), 3);
}
