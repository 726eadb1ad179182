//! What is written of products.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::products::{ProductActivity, UpsertProduct};
use vectis_db::{Tx, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::{CategoryId, ProductId};

use crate::events::ChangedProduct;
use crate::model;

/// Locks those of `slugs` that exist, in the order of their ids.
#[instrument(name = "db.products.lock_products", skip_all)]
pub(crate) async fn lock_products(tx: &mut Tx, slugs: &[String]) -> Result<HashSet<String>, sqlx::Error> {
    let known = sqlx::query_scalar!(
        "SELECT slug \
         FROM products.product \
         WHERE slug = ANY ($1) \
         ORDER BY id \
         FOR UPDATE",
        slugs
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(known.into_iter().collect())
}

/// Creates or replaces products; each by slug, with its new version.
#[instrument(name = "db.products.upsert_products", skip_all)]
pub(crate) async fn upsert_products(
    tx: &mut Tx,
    ctx: &Ctx,
    products: &[UpsertProduct],
) -> Result<HashMap<String, ChangedProduct>, sqlx::Error> {
    let columns = ProductColumns::of(ctx, products);
    let rows = sqlx::query!(
        r#"
        INSERT INTO products.product AS product
            (id, slug, name, description, tax_category, custom_fields, is_active, category_slugs, words, version,
             created_at, updated_at)
        SELECT given.id, given.slug, given.name, given.description, given.tax_category, given.custom_fields,
               given.is_active, STRING_TO_ARRAY(given.category_slugs, ' '),
               ARRAY_TO_TSVECTOR(STRING_TO_ARRAY(given.words, ' ')), 1, $10, $10
        FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::boolean[],
                    $8::text[], $9::text[])
            AS given (id, slug, name, description, tax_category, custom_fields, is_active, category_slugs, words)
        ORDER BY given.slug
        ON CONFLICT (slug) DO UPDATE
        SET name = EXCLUDED.name, description = EXCLUDED.description, tax_category = EXCLUDED.tax_category,
            custom_fields = EXCLUDED.custom_fields, is_active = EXCLUDED.is_active,
            category_slugs = EXCLUDED.category_slugs, words = EXCLUDED.words, version = product.version + 1,
            updated_at = EXCLUDED.updated_at
        RETURNING product.id, product.slug, product.name, product.tax_category, product.is_active, product.version
        "#,
        &columns.ids,
        &columns.slugs as &[&str],
        &columns.names as &[&str],
        &columns.descriptions as &[&str],
        &columns.tax_categories as &[&str],
        &columns.custom_fields,
        &columns.is_active,
        &columns.category_slugs,
        &columns.words,
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    let changed = rows.into_iter().map(|row| {
        let product = ChangedProduct {
            product_id: row.id.into(),
            slug: row.slug,
            name: row.name,
            tax_category: row.tax_category,
            is_active: row.is_active,
            version: row.version,
        };
        (product.slug.clone(), product)
    });
    Ok(changed.collect())
}

#[derive(Default)]
struct ProductColumns<'a> {
    ids: Vec<Uuid>,
    slugs: Vec<&'a str>,
    names: Vec<&'a str>,
    descriptions: Vec<&'a str>,
    tax_categories: Vec<&'a str>,
    custom_fields: Vec<Value>,
    is_active: Vec<bool>,
    /// Lists of slugs and words travel as one text each, since arrays of arrays must be rectangles. Neither holds blanks.
    category_slugs: Vec<String>,
    words: Vec<String>,
}

impl<'a> ProductColumns<'a> {
    fn of(ctx: &Ctx, products: &'a [UpsertProduct]) -> Self {
        let mut columns = Self::default();
        for product in products {
            columns.ids.push(ctx.new_id());
            columns.slugs.push(&product.slug);
            columns.names.push(&product.name);
            columns.descriptions.push(&product.description);
            columns.tax_categories.push(&product.tax_category);
            columns.custom_fields.push(product.custom_fields.clone());
            columns.is_active.push(product.is_active);
            columns.category_slugs.push(product.category_slugs.join(" "));
            let mut words = model::words(&product.name);
            words.append(&mut model::words(&product.description));
            columns.words.push(words.into_iter().collect::<Vec<_>>().join(" "));
        }
        columns
    }
}

/// Puts products into exactly these categories: pairs of product and category.
#[instrument(name = "db.products.replace_categories", skip_all)]
pub(crate) async fn replace_categories(
    tx: &mut Tx,
    products: &[Uuid],
    placed: &[(ProductId, CategoryId)],
) -> Result<(), sqlx::Error> {
    let (placed_products, placed_categories): (Vec<Uuid>, Vec<Uuid>) =
        placed.iter().map(|(product, category)| (product.0, category.0)).unzip();
    sqlx::query!(
        "WITH given AS ( \
             SELECT product_id, category_id \
             FROM UNNEST($2::uuid[], $3::uuid[]) AS pair (product_id, category_id) \
         ), \
         removed AS ( \
             DELETE FROM products.product_category AS placed \
             WHERE placed.product_id = ANY ($1) \
               AND (placed.product_id, placed.category_id) NOT IN (SELECT product_id, category_id FROM given) \
         ) \
         INSERT INTO products.product_category (product_id, category_id) \
         SELECT product_id, category_id \
         FROM given \
         ON CONFLICT (product_id, category_id) DO NOTHING",
        products,
        &placed_products,
        &placed_categories
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Switches a product of this version on or off. `None` when there is no product of this id and version.
#[instrument(name = "db.products.activate_product", skip_all)]
pub(crate) async fn activate_product(
    tx: &mut Tx,
    ctx: &Ctx,
    id: ProductId,
    version: i64,
    activity: ProductActivity,
) -> Result<Option<ChangedProduct>, sqlx::Error> {
    let row = sqlx::query!(
        "UPDATE products.product \
         SET is_active = $3, version = version + 1, updated_at = $4 \
         WHERE id = $1 AND version = $2 \
         RETURNING slug, name, tax_category, is_active, version",
        id.0,
        version,
        activity == ProductActivity::Active,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    let changed = row.map(|row| ChangedProduct {
        product_id: id,
        slug: row.slug,
        name: row.name,
        tax_category: row.tax_category,
        is_active: row.is_active,
        version: row.version,
    });
    Ok(changed)
}

/// The version of a product.
#[instrument(name = "db.products.version_of", skip_all)]
pub(crate) async fn version_of(tx: &mut Tx, id: ProductId) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT version \
         FROM products.product \
         WHERE id = $1",
        id.0
    )
    .fetch_optional(conn(tx))
    .await
}
