use sqlx::PgPool;
use vectis_contracts::inventory::Availability;
use vectis_kernel::ids::VariantId;
use vectis_kernel::{Actor, Ctx, PageRequest, Quantity};

use super::shop::{Shop, need, stock_codes, whole};

#[sqlx::test(migrations = false)]
async fn availability_sums_active_warehouses_and_knows_nothing_as_zero(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let [stocked, unknown]: [VariantId; 2] = [shop.new_id(), shop.new_id()];
    shop.stock_up(stocked, 5, 7).await;
    shop.allocate(shop.new_id(), None, vec![need(stocked, 2)]).await.unwrap();

    let both = shop.inventory.availability(&shop.ctx, &[unknown, stocked], &[]).await.unwrap();
    let south = shop.inventory.availability(&shop.ctx, &[stocked], &[shop.south]).await.unwrap();
    sqlx::query("UPDATE inventory.warehouse SET is_active = false WHERE code = 'NORTH'")
        .execute(shop.db.pool())
        .await
        .unwrap();
    let open = shop.inventory.availability(&shop.ctx, &[stocked], &[]).await.unwrap();

    let row = |variant_id, on_hand, allocated, available| Availability {
        variant_id,
        on_hand: whole(on_hand),
        reserved: Quantity::ZERO,
        allocated: whole(allocated),
        available: whole(available),
    };
    assert_eq!(both, vec![row(unknown, 0, 0, 0), row(stocked, 12, 2, 10)]);
    assert_eq!(south, vec![row(stocked, 7, 0, 7)]);
    assert_eq!(open, vec![row(stocked, 7, 0, 7)]);
}

#[sqlx::test(migrations = false)]
async fn the_ledger_is_paged_newest_first(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant = shop.new_id();
    for units in 1..=3 {
        shop.stock_up(variant, units, 0).await;
    }

    let first = shop.inventory.movements(&shop.ctx, variant, PageRequest::first(2)).await.unwrap();
    let after = first.items.last().map(|movement| movement.id);
    let rest = shop.inventory.movements(&shop.ctx, variant, PageRequest { first: 2, after }).await.unwrap();

    let deltas = |items: &[vectis_contracts::inventory::StockMovement]| -> Vec<Quantity> {
        items.iter().map(|movement| movement.on_hand_delta).collect()
    };
    assert_eq!(deltas(&first.items), vec![whole(3), whole(2)]);
    assert!(first.has_next);
    assert_eq!(deltas(&rest.items), vec![whole(1)]);
    assert!(!rest.has_next);
    assert_eq!(first.items[0].reason, "counted");
}

#[sqlx::test(migrations = false)]
async fn levels_and_ledger_need_a_permission_but_availability_does_not(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variant: VariantId = shop.new_id();
    let guest = Ctx { actor: Actor::Anonymous { guest: None }, ..shop.ctx.clone() };

    let levels = shop.inventory.levels(&guest, &[variant]).await;
    let ledger = shop.inventory.movements(&guest, variant, PageRequest::first(1)).await;
    let availability = shop.inventory.availability(&guest, &[variant], &[]).await;

    assert_eq!(stock_codes(levels), vec![("FORBIDDEN", String::new())]);
    assert_eq!(stock_codes(ledger), vec![("FORBIDDEN", String::new())]);
    assert_eq!(stock_codes(availability), vec![]);
}

#[sqlx::test(migrations = false)]
async fn more_than_ten_thousand_variants_are_refused(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let variants: Vec<VariantId> = (0..10_001).map(|_| shop.new_id()).collect();

    let levels = shop.inventory.levels(&shop.ctx, &variants).await;
    let availability = shop.inventory.availability(&shop.ctx, &variants, &[]).await;

    assert_eq!(stock_codes(levels), vec![("TOO_MANY", String::new())]);
    assert_eq!(stock_codes(availability), vec![("TOO_MANY", String::new())]);
}
