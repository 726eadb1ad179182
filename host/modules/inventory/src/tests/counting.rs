use sqlx::PgPool;
use vectis_contracts::inventory::{CountedStock, StockCode};
use vectis_kernel::ids::{VariantId, WarehouseId};
use vectis_kernel::{Ctx, Failure};

use super::shop::{Shop, need, stock_codes, whole};

fn counted(warehouse_id: WarehouseId, variant_id: VariantId, units: i64) -> CountedStock {
    CountedStock { warehouse_id, variant_id, on_hand: whole(units) }
}

async fn count(shop: &Shop, ctx: &Ctx, counts: &[CountedStock]) -> Result<(), Failure<StockCode>> {
    let mut tx = shop.db.begin().await?;
    shop.stock_feed.stock_count(&mut tx, ctx, "wms-1", counts).await?;
    Ok(tx.commit().await?)
}

#[sqlx::test(migrations = false)]
async fn what_was_counted_is_on_hand_and_the_difference_is_in_the_ledger(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [one, other]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(one, 5, 0).await;

    count(&shop, &shop.ctx, &[counted(shop.north, one, 3), counted(shop.south, other, 9)]).await.unwrap();

    assert_eq!(
        (shop.units(one, shop.north).await, shop.units(other, shop.south).await),
        ((3, 0, 0), (9, 0, 0))
    );
    assert_eq!(shop.ledger(one).await.last().unwrap(), &("adjusted".to_owned(), -2, 0));
    assert_eq!(shop.stock_events().len(), 3);
    assert_eq!(shop.audit.actions()[3..], ["stock.count"; 2]);
    shop.assert_books_balance().await;
}

#[sqlx::test(migrations = false)]
async fn a_count_of_what_is_there_changes_nothing(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let one: VariantId = shop.new_id();
    shop.stock_up(one, 5, 0).await;
    let (events, actions) = (shop.stock_events().len(), shop.audit.actions().len());

    count(&shop, &shop.ctx, &[counted(shop.north, one, 5)]).await.unwrap();

    assert_eq!((shop.stock_events().len(), shop.audit.actions().len()), (events, actions));
    assert_eq!(shop.ledger(one).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn a_count_below_what_is_promised_is_refused_as_a_whole(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [one, other]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(one, 5, 0).await;
    shop.allocate(shop.new_id(), None, vec![need(one, 4)]).await.unwrap();

    let outcome =
        count(&shop, &shop.ctx, &[counted(shop.north, other, 1), counted(shop.north, one, 3)]).await;

    assert_eq!(stock_codes(outcome), [("WOULD_OVERSELL", "counts.1.onHand".to_owned())]);
    assert_eq!(
        (shop.units(one, shop.north).await, shop.units(other, shop.north).await),
        ((5, 0, 4), (0, 0, 0))
    );
    let enough = count(&shop, &shop.ctx, &[counted(shop.north, one, 4)]).await;
    assert!(enough.is_ok());
}

#[sqlx::test(migrations = false)]
async fn counts_that_make_no_sense_are_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let one: VariantId = shop.new_id();

    let outcome = count(
        &shop,
        &shop.ctx,
        &[counted(shop.north, one, -1), counted(shop.south, one, 1), counted(shop.south, one, 2)],
    )
    .await;

    let expected = ["counts.0.onHand", "counts.2.onHand"].map(|field| ("INVALID_INPUT", field.to_owned()));
    assert_eq!(stock_codes(outcome), expected);
}
