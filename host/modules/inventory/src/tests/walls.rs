//! What stands behind the decisions, should one of them ever be wrong.

use sqlx::PgPool;
use vectis_kernel::ids::VariantId;

use super::shop::{Shop, need};
use crate::model::{Amounts, Place};
use crate::store::apply::ApplyError;
use crate::store::{self, Change};

#[sqlx::test(migrations = false)]
async fn a_wrong_decision_is_not_written(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 5, 0).await;
    shop.allocate(shop.new_id(), None, vec![need(variant, 2)]).await.unwrap();
    let known = Place { variant_id: variant, warehouse_id: shop.north };
    let unknown = Place { variant_id: variant, warehouse_id: shop.south };

    for (place, delta) in [
        (known, Amounts::reserved(3001)),
        (known, Amounts::allocated(-2001)),
        (known, Amounts::on_hand(-3001)),
        (known, Amounts::reserved(-1)),
        (unknown, Amounts::on_hand(1)),
    ] {
        let change = Change { levels: vec![(place, delta)], ..Change::default() };
        let mut tx = shop.db.begin().await.unwrap();
        let outcome = store::apply(&mut tx, &shop.ctx, &change).await;
        assert!(
            matches!(outcome, Err(ApplyError::Guard { written: 0, decided: 1 })),
            "{delta:?}: {outcome:?}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn the_database_itself_refuses_to_oversell(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    shop.stock_up(variant, 5, 0).await;

    for (oversell, constraint) in [
        ("UPDATE inventory.stock_level SET allocated_milli = 5001", "stock_level_not_oversold"),
        ("UPDATE inventory.stock_level SET reserved_milli = 5001", "stock_level_not_oversold"),
        ("UPDATE inventory.stock_level SET on_hand_milli = -1", "stock_level"),
        ("UPDATE inventory.stock_level SET reserved_milli = -1", "stock_level_reserved_milli_check"),
        ("UPDATE inventory.stock_level SET allocated_milli = -1", "stock_level_allocated_milli_check"),
    ] {
        let refused = sqlx::query(oversell).execute(shop.db.pool()).await.unwrap_err();
        assert!(refused.to_string().contains(constraint), "{refused}");
    }
    assert_eq!(shop.units(variant, shop.north).await, (5, 0, 0));
}
