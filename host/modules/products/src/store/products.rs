//! What is read of products.

use serde_json::Value;
use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::products::{Activity, Product};
use vectis_kernel::PageRequest;
use vectis_kernel::ids::CategoryId;

struct ProductRow {
    id: Uuid,
    slug: String,
    name: String,
    description: String,
    category_ids: Vec<Uuid>,
    tax_category: String,
    custom_fields: Value,
    is_active: bool,
    version: i64,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id.into(),
            slug: row.slug,
            name: row.name,
            description: row.description,
            category_ids: row.category_ids.into_iter().map(CategoryId).collect(),
            tax_category: row.tax_category,
            custom_fields: row.custom_fields,
            is_active: row.is_active,
            version: row.version,
        }
    }
}

/// Which products a list shows.
pub(crate) struct Wanted<'a> {
    pub(crate) category_slug: Option<&'a str>,
    pub(crate) activity: Activity,
    pub(crate) page: PageRequest,
}

/// Products by id or slug.
#[instrument(name = "db.products.products", skip_all)]
pub(crate) async fn products(
    pool: &PgPool,
    ids: &[Uuid],
    slugs: &[String],
    activity: Activity,
) -> Result<Vec<Product>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ProductRow,
        r#"
        SELECT product.id, product.slug, product.name, product.description, product.tax_category,
               product.custom_fields, product.is_active, product.version,
               ARRAY(
                   SELECT placed.category_id
                   FROM products.product_category AS placed
                   WHERE placed.product_id = product.id
                   ORDER BY placed.category_id
               ) AS "category_ids!"
        FROM products.product AS product
        WHERE (product.id = ANY ($1) OR product.slug = ANY ($2))
          AND ($3 OR product.is_active)
        "#,
        ids,
        slugs,
        activity == Activity::All
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// Newest first, one more than the page holds.
#[instrument(name = "db.products.list", skip_all)]
pub(crate) async fn list(pool: &PgPool, wanted: &Wanted<'_>) -> Result<Vec<Product>, sqlx::Error> {
    let rows = sqlx::query_as!(
        ProductRow,
        r#"
        WITH RECURSIVE subtree AS (
            SELECT category.id
            FROM products.category AS category
            WHERE category.slug = $1
            UNION ALL
            SELECT child.id
            FROM products.category AS child
            JOIN subtree ON child.parent_id = subtree.id
        )
        SELECT product.id, product.slug, product.name, product.description, product.tax_category,
               product.custom_fields, product.is_active, product.version,
               ARRAY(
                   SELECT placed.category_id
                   FROM products.product_category AS placed
                   WHERE placed.product_id = product.id
                   ORDER BY placed.category_id
               ) AS "category_ids!"
        FROM products.product AS product
        WHERE ($1::text IS NULL OR product.id IN (
                  SELECT placed.product_id
                  FROM products.product_category AS placed
                  WHERE placed.category_id IN (SELECT subtree.id FROM subtree)))
          AND ($2 OR product.is_active)
          AND ($3::uuid IS NULL OR product.id < $3)
        ORDER BY product.id DESC
        LIMIT $4
        "#,
        wanted.category_slug,
        wanted.activity == Activity::All,
        wanted.page.after,
        wanted.page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// As [`list`], of products whose words match `query` or one of whose SKUs begins with `sku_prefix`.
#[instrument(name = "db.products.search", skip_all)]
pub(crate) async fn search(
    pool: &PgPool,
    query: &str,
    sku_prefix: &str,
    wanted: &Wanted<'_>,
) -> Result<Vec<Product>, sqlx::Error> {
    // Behind every SKU that begins with the prefix: no character sorts after this one.
    let behind_prefix = format!("{sku_prefix}\u{10FFFF}");
    let rows = sqlx::query_as!(
        ProductRow,
        r#"
        WITH RECURSIVE subtree AS (
            SELECT category.id
            FROM products.category AS category
            WHERE category.slug = $1
            UNION ALL
            SELECT child.id
            FROM products.category AS child
            JOIN subtree ON child.parent_id = subtree.id
        ),
        hit AS (
            SELECT named.id
            FROM products.product AS named
            WHERE named.words @@ $5::text::tsquery
            UNION
            SELECT variant.product_id
            FROM products.variant AS variant
            WHERE LOWER(variant.sku) COLLATE "C" >= LOWER($6)
              AND LOWER(variant.sku) COLLATE "C" < LOWER($7)
              AND ($2 OR variant.is_active)
        )
        SELECT product.id, product.slug, product.name, product.description, product.tax_category,
               product.custom_fields, product.is_active, product.version,
               ARRAY(
                   SELECT placed.category_id
                   FROM products.product_category AS placed
                   WHERE placed.product_id = product.id
                   ORDER BY placed.category_id
               ) AS "category_ids!"
        FROM hit
        JOIN products.product AS product ON product.id = hit.id
        WHERE ($1::text IS NULL OR product.id IN (
                  SELECT placed.product_id
                  FROM products.product_category AS placed
                  WHERE placed.category_id IN (SELECT subtree.id FROM subtree)))
          AND ($2 OR product.is_active)
          AND ($3::uuid IS NULL OR product.id < $3)
        ORDER BY product.id DESC
        LIMIT $4
        "#,
        wanted.category_slug,
        wanted.activity == Activity::All,
        wanted.page.after,
        wanted.page.fetch_limit(),
        query,
        sku_prefix,
        behind_prefix
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}
