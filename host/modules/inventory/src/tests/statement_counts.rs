//! The same number of statements for one line and for ten thousand.

use sqlx::PgPool;
use uuid::Uuid;
use vectis_db::statements;
use vectis_kernel::ids::VariantId;

use super::shop::{Shop, adjustment, need};

struct Meter<'a>(&'a Shop);

impl Meter<'_> {
    async fn count<T>(&self, work: impl Future<Output = T>) -> i64 {
        let pool = self.0.db.pool();
        let before = statements::counted(pool).await.unwrap().expect("the test server counts statements");
        work.await;
        statements::counted(pool).await.unwrap().unwrap().since(&before).total()
    }
}

#[sqlx::test(migrations = false)]
async fn every_command_takes_as_many_statements_for_ten_thousand_lines_as_for_one(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let meter = Meter(&shop);
    let mut counts = Vec::new();

    for lines in [1, 1_000, 10_000] {
        let variants: Vec<VariantId> = (0..lines).map(|_| shop.new_id()).collect();
        let needs = |units| variants.iter().map(|variant| need(*variant, units)).collect::<Vec<_>>();
        let stock = variants.iter().map(|variant| adjustment(shop.north, *variant, 9)).collect();
        let [cart, order]: [Uuid; 2] = [shop.new_id(), shop.new_id()];

        let measured = [
            (
                "adjust",
                meter.count(async { shop.inventory.stock_adjust(&shop.ctx, stock).await.unwrap() }).await,
            ),
            ("read", meter.count(shop.inventory.availability(&shop.ctx, &variants, &[])).await),
            ("hold", meter.count(async { shop.hold_instead(cart, None, needs(3)).await.unwrap() }).await),
            ("hold again", meter.count(async { shop.hold(cart, needs(4)).await.unwrap() }).await),
            (
                "take over",
                meter.count(async { shop.allocate(order, Some(cart), needs(5)).await.unwrap() }).await,
            ),
            ("allocate", meter.count(async { shop.allocate(order, None, needs(2)).await.unwrap() }).await),
            ("release part", meter.count(async { shop.release_part(order, needs(1)).await.unwrap() }).await),
            ("ship", meter.count(async { shop.ship(order).await.unwrap() }).await),
            (
                "take back",
                meter.count(async { shop.take_back(order, shop.north, needs(1)).await.unwrap() }).await,
            ),
            ("hold", meter.count(async { shop.hold(cart, needs(1)).await.unwrap() }).await),
            ("release", meter.count(async { shop.release(cart).await.unwrap() }).await),
        ];
        counts.push(measured);
    }

    let expected = [
        ("adjust", 5),
        ("read", 1),
        ("hold", 3),
        ("hold again", 4),
        ("take over", 3),
        ("allocate", 3),
        ("release part", 4),
        ("ship", 4),
        ("take back", 4),
        ("hold", 4),
        ("release", 4),
    ];
    assert_eq!(counts, vec![expected; 3]);
    shop.assert_books_balance().await;
}
