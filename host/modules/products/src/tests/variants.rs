use sqlx::PgPool;
use vectis_contracts::products::{UpsertProduct, UpsertVariant};
use vectis_kernel::ids::{ProductId, VariantId};

use super::shelf::{Shelf, product, refusals, variant};

#[sqlx::test(migrations = false)]
async fn lookups_leave_out_what_is_missing_and_keep_what_is_inactive(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let off = UpsertProduct { is_active: false, ..product("off", &["OFF"]) };
    shelf.put(vec![product("on", &["ON"]), off]).await.unwrap();
    let on = shelf.variant("ON").await.unwrap();

    let by_sku = |skus: &[&str]| skus.iter().map(|sku| (*sku).to_owned()).collect::<Vec<_>>();
    let mut found = shelf
        .products
        .variants_by_sku(&shelf.guest, &by_sku(&["ON", "OFF", "on", "GONE", "O\0N", "ON"]))
        .await
        .unwrap();
    found.sort_by(|one, other| one.sku.cmp(&other.sku));
    let by_id =
        shelf.products.variants_by_id(&shelf.guest, &[on.id, VariantId(shelf.ctx.new_id())]).await.unwrap();

    let told: Vec<_> = found.iter().map(|variant| (variant.sku.as_str(), variant.is_active)).collect();
    assert_eq!(told, [("OFF", false), ("ON", true)]);
    assert_eq!(by_id, [on]);
}

#[sqlx::test(migrations = false)]
async fn only_staff_see_inactive_variants_of_a_product(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let off = UpsertVariant { is_active: false, ..variant("OFF") };
    let mut lamp = product("lamp", &["ON"]);
    lamp.variants.push(off);
    let hidden = UpsertProduct { is_active: false, ..product("hidden", &["H"]) };
    let ids = shelf.put(vec![lamp, hidden]).await.unwrap();

    let skus = async |ctx| -> Vec<String> {
        let found = shelf.products.variants_of(ctx, &ids).await.unwrap();
        found.into_iter().map(|variant| variant.sku).collect()
    };

    assert_eq!(skus(&shelf.ctx).await, ["H", "OFF", "ON"]);
    assert_eq!(skus(&shelf.guest).await, ["ON"]);
}

#[sqlx::test(migrations = false)]
async fn more_than_ten_thousand_are_refused(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let ctx = &shelf.ctx;
    let ids: Vec<VariantId> = (0..10_001).map(|_| ctx.new_id()).collect();
    let products: Vec<ProductId> = (0..10_001).map(|_| ctx.new_id()).collect();
    let skus = vec!["S".to_owned(); 10_001];

    let too_many = [("TOO_MANY", String::new())];
    assert_eq!(refusals(shelf.products.variants_by_id(ctx, &ids).await), too_many);
    assert_eq!(refusals(shelf.products.variants_by_sku(ctx, &skus).await), too_many);
    assert_eq!(refusals(shelf.products.variants_of(ctx, &products).await), too_many);
    assert_eq!(refusals(shelf.products.products_by_id(ctx, &products).await), too_many);
    assert_eq!(refusals(shelf.products.variants_by_id(ctx, &ids[1..]).await), []);
}
