//! All SQL of the schema `products`: what is read of variants here, products, categories and writes beside it.

mod categories;
mod facts;
mod products;
mod write_products;
mod write_variants;

use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::products::{Activity, Package, QuantityLimits, Variant};
use vectis_kernel::Quantity;

pub(crate) use categories::{categories, category_ids, lock_tree, upsert_category};
pub(crate) use facts::{active_after, facts};
pub(crate) use products::{Wanted, list, products, search};
pub(crate) use write_products::{
    activate_product, lock_products, replace_categories, upsert_products, version_of,
};
pub(crate) use write_variants::{replace_packages, sku_owners, upsert_packages, upsert_variants};

/// By which of their names variants are looked up; what is not asked for stays empty.
#[derive(Default)]
pub(crate) struct VariantKeys {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) skus: Vec<String>,
    pub(crate) product_ids: Vec<Uuid>,
}

struct VariantRow {
    id: Uuid,
    product_id: Uuid,
    sku: String,
    name: String,
    product_name: String,
    tax_category: String,
    category_slugs: Vec<String>,
    quantity_precision: i16,
    min_quantity_milli: Option<i64>,
    max_quantity_milli: Option<i64>,
    step_quantity_milli: Option<i64>,
    max_per_customer_30_days_milli: Option<i64>,
    is_stocked: bool,
    allows_backorder: bool,
    weight_g: i64,
    is_active: bool,
    package_slugs: Option<Vec<String>>,
    package_names: Option<Vec<String>>,
    package_multipliers_milli: Option<Vec<i64>>,
}

impl From<VariantRow> for Variant {
    fn from(row: VariantRow) -> Self {
        let limit = |milli: Option<i64>| milli.map(Quantity::from_milli);
        let slugs = row.package_slugs.unwrap_or_default().into_iter();
        let names = row.package_names.unwrap_or_default();
        let multipliers = row.package_multipliers_milli.unwrap_or_default();
        let packages = slugs.zip(names).zip(multipliers).map(|((slug, name), milli)| Package {
            slug,
            name,
            multiplier: Quantity::from_milli(milli),
        });
        let mut packages: Vec<Package> = packages.collect();
        packages.sort_by(|one, other| (one.multiplier, &one.slug).cmp(&(other.multiplier, &other.slug)));
        Self {
            id: row.id.into(),
            product_id: row.product_id.into(),
            sku: row.sku,
            name: row.name,
            product_name: row.product_name,
            tax_category: row.tax_category,
            category_slugs: row.category_slugs,
            precision: u32::from(row.quantity_precision.unsigned_abs()),
            limits: QuantityLimits {
                min: limit(row.min_quantity_milli),
                max: limit(row.max_quantity_milli),
                step: limit(row.step_quantity_milli),
                max_per_customer_30_days: limit(row.max_per_customer_30_days_milli),
            },
            packages,
            is_stocked: row.is_stocked,
            allows_backorder: row.allows_backorder,
            weight_g: row.weight_g,
            is_active: row.is_active,
        }
    }
}

/// Variants with all a cart needs to know of them, in one statement; in no order. Small packages come first.
#[instrument(name = "db.products.variants", skip_all)]
pub(crate) async fn variants(
    pool: &PgPool,
    keys: VariantKeys,
    activity: Activity,
) -> Result<Vec<Variant>, sqlx::Error> {
    // The packages are aggregated once for all variants, not once for each.
    let rows = sqlx::query_as!(
        VariantRow,
        r#"
        WITH wanted AS MATERIALIZED (
            SELECT variant.id, variant.product_id, variant.sku, variant.name, variant.quantity_precision,
                   variant.min_quantity_milli, variant.max_quantity_milli, variant.step_quantity_milli,
                   variant.max_per_customer_30_days_milli, variant.is_stocked, variant.allows_backorder,
                   variant.weight_g, product.name AS product_name, product.tax_category, product.category_slugs,
                   variant.is_active AND product.is_active AS is_active
            FROM products.variant AS variant
            JOIN products.product AS product ON product.id = variant.product_id
            WHERE (variant.id = ANY ($1) OR variant.sku = ANY ($2) OR variant.product_id = ANY ($3))
              AND ($4 OR (variant.is_active AND product.is_active))
        ),
        packed AS (
            SELECT content.variant_id,
                   ARRAY_AGG(package.slug) AS slugs,
                   ARRAY_AGG(package.name) AS names,
                   ARRAY_AGG(content.multiplier_milli) AS multipliers_milli
            FROM products.variant_package AS content
            JOIN products.package AS package ON package.id = content.package_id
            WHERE content.variant_id IN (SELECT id FROM wanted)
            GROUP BY content.variant_id
        )
        SELECT wanted.id AS "id!", wanted.product_id AS "product_id!", wanted.sku AS "sku!", wanted.name AS "name!",
               wanted.product_name AS "product_name!", wanted.tax_category AS "tax_category!",
               wanted.category_slugs AS "category_slugs!", wanted.quantity_precision AS "quantity_precision!",
               wanted.min_quantity_milli, wanted.max_quantity_milli, wanted.step_quantity_milli,
               wanted.max_per_customer_30_days_milli, wanted.is_stocked AS "is_stocked!",
               wanted.allows_backorder AS "allows_backorder!", wanted.weight_g AS "weight_g!",
               wanted.is_active AS "is_active!", packed.slugs AS "package_slugs?", packed.names AS "package_names?",
               packed.multipliers_milli AS "package_multipliers_milli?"
        FROM wanted
        LEFT JOIN packed ON packed.variant_id = wanted.id
        "#,
        &keys.ids,
        &keys.skus,
        &keys.product_ids,
        activity == Activity::All
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Variant::from).collect())
}
