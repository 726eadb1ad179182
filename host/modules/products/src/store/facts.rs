//! What search indexes are told of products.

use serde_json::Value;
use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::products::{MOST_FACTS, ProductFacts};
use vectis_kernel::ids::ProductId;

struct FactsRow {
    id: Uuid,
    name: String,
    description: String,
    category_slugs: Vec<String>,
    custom_fields: Value,
    skus: Vec<String>,
    variant_names: Vec<String>,
}

impl From<FactsRow> for ProductFacts {
    fn from(row: FactsRow) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            description: row.description,
            category_slugs: row.category_slugs,
            custom_fields: row.custom_fields,
            skus: row.skus,
            variant_names: row.variant_names,
        }
    }
}

/// Facts of active products by id, with those of their active variants.
#[instrument(name = "db.products.facts", skip_all)]
pub(crate) async fn facts(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<ProductFacts>, sqlx::Error> {
    let rows = sqlx::query_as!(
        FactsRow,
        r#"
        SELECT product.id, product.name, product.description, product.category_slugs, product.custom_fields,
               COALESCE(sold.skus, '{}') AS "skus!", COALESCE(sold.names, '{}') AS "variant_names!"
        FROM products.product AS product
        CROSS JOIN LATERAL (
            SELECT ARRAY_AGG(first.sku ORDER BY first.sku) AS skus,
                   ARRAY_AGG(DISTINCT first.name) FILTER (WHERE first.name <> '') AS names
            FROM (
                SELECT variant.sku, variant.name
                FROM products.variant AS variant
                WHERE variant.product_id = product.id AND variant.is_active
                ORDER BY variant.sku
                LIMIT $2
            ) AS first
        ) AS sold
        WHERE product.id = ANY ($1) AND product.is_active
        "#,
        ids,
        MOST_FACTS
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(ProductFacts::from).collect())
}

/// Ids of active products, in order, behind one of them.
#[instrument(name = "db.products.active_after", skip_all)]
pub(crate) async fn active_after(
    pool: &PgPool,
    after: Option<ProductId>,
    most: u32,
) -> Result<Vec<ProductId>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "SELECT id \
         FROM products.product \
         WHERE is_active AND ($1::uuid IS NULL OR id > $1) \
         ORDER BY id \
         LIMIT $2",
        after.map(|id| id.0),
        i64::from(most)
    )
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(ProductId).collect())
}
