//! The same number of statements for one line and for ten thousand.

use sqlx::PgPool;
use vectis_contracts::products::{UpsertProduct, UpsertVariant};
use vectis_db::statements;
use vectis_kernel::ids::VariantId;

use super::shelf::{Shelf, package, product, variant};

impl Shelf {
    async fn count<T>(&self, work: impl Future<Output = T>) -> i64 {
        let pool = self.db.pool();
        let before = statements::counted(pool).await.unwrap().expect("the test server counts statements");
        work.await;
        statements::counted(pool).await.unwrap().unwrap().since(&before).total()
    }
}

fn stocked(number: usize) -> UpsertProduct {
    let sku = format!("S{number}");
    UpsertProduct {
        category_slugs: vec!["lamps".to_owned(), "root".to_owned()],
        variants: vec![UpsertVariant { packages: vec![package("case", "Case", 24)], ..variant(&sku) }],
        ..product(&format!("p{number}"), &[])
    }
}

#[sqlx::test(migrations = false)]
async fn everything_takes_as_many_statements_for_ten_thousand_as_for_one(pool: PgPool) {
    let shelf = Shelf::with_categories(pool).await;
    let mut counts = Vec::new();

    for lines in [1, 1_000, 10_000] {
        let input: Vec<UpsertProduct> = (0..lines).map(stocked).collect();
        let skus: Vec<String> = (0..lines).map(|number| format!("S{number}")).collect();

        let create = shelf.count(async { shelf.put(input.clone()).await.unwrap() }).await;
        let replace = shelf.count(async { shelf.put(input).await.unwrap() }).await;
        let variants = shelf.products.variants_by_sku(&shelf.ctx, &skus).await.unwrap();
        assert_eq!(variants.len(), lines);
        assert!(
            variants.iter().all(|variant| variant.packages.len() == 1 && variant.category_slugs.len() == 2)
        );
        let ids: Vec<VariantId> = variants.iter().map(|variant| variant.id).collect();
        let product_ids: Vec<_> = variants.iter().map(|variant| variant.product_id).collect();
        let ctx = &shelf.ctx;
        counts.push([
            ("create", create),
            ("replace", replace),
            ("by sku", shelf.count(shelf.products.variants_by_sku(ctx, &skus)).await),
            ("by id", shelf.count(shelf.products.variants_by_id(ctx, &ids)).await),
            ("of products", shelf.count(shelf.products.variants_of(ctx, &product_ids)).await),
            ("products", shelf.count(shelf.products.products_by_id(ctx, &product_ids)).await),
        ]);
    }

    let expected =
        [("create", 9), ("replace", 9), ("by sku", 1), ("by id", 1), ("of products", 1), ("products", 1)];
    assert_eq!(counts, vec![expected; 3]);
}
