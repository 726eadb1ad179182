use sqlx::PgPool;
use vectis_contracts::products::ProductActivity;
use vectis_kernel::ids::ProductId;

use super::shelf::{Shelf, product, refusals};

#[sqlx::test(migrations = false)]
async fn a_product_goes_off_sale_and_on_again(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let id = shelf.put(vec![product("lamp", &["L"])]).await.unwrap()[0];

    shelf.products.product_activate(&shelf.ctx, id, 1, ProductActivity::Inactive).await.unwrap();
    let off = (shelf.product("lamp").await.unwrap(), shelf.variant("L").await.unwrap());
    shelf.products.product_activate(&shelf.ctx, id, 2, ProductActivity::Active).await.unwrap();
    let on = (shelf.product("lamp").await.unwrap(), shelf.variant("L").await.unwrap());

    assert_eq!((off.0.is_active, off.0.version, off.1.is_active), (false, 2, false));
    assert_eq!((on.0.is_active, on.0.version, on.1.is_active), (true, 3, true));
    assert_eq!(shelf.audit.actions(), ["product.create", "product.deactivate", "product.activate"]);
    let told: Vec<_> = shelf.product_events().iter().map(|event| event.payload["isActive"].clone()).collect();
    assert_eq!(told, [true, false, true]);
}

#[sqlx::test(migrations = false)]
async fn switching_what_has_moved_on_or_never_was_is_refused(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let id = shelf.put(vec![product("lamp", &["L"])]).await.unwrap()[0];
    let unknown: ProductId = shelf.ctx.new_id();
    let off = ProductActivity::Inactive;

    let stale = shelf.products.product_activate(&shelf.ctx, id, 7, off).await;
    let missing = shelf.products.product_activate(&shelf.ctx, unknown, 1, off).await;
    let forbidden = shelf.products.product_activate(&shelf.guest, id, 1, off).await;

    assert_eq!(refusals(stale), [("STALE_VERSION", "version".to_owned())]);
    assert_eq!(refusals(missing), [("PRODUCT_NOT_FOUND", "id".to_owned())]);
    assert_eq!(refusals(forbidden), [("FORBIDDEN", String::new())]);
    assert!(shelf.product("lamp").await.unwrap().is_active);
    assert_eq!(shelf.product_events().len(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_same_request_twice_switches_once(pool: PgPool) {
    let shelf = Shelf::empty(pool).await;
    let id = shelf.put(vec![product("lamp", &["L"])]).await.unwrap()[0];
    let ctx = shelf.once("off");

    for _ in 0..2 {
        shelf.products.product_activate(&ctx, id, 1, ProductActivity::Inactive).await.unwrap();
    }

    assert_eq!(shelf.product("lamp").await.unwrap().version, 2);
}
