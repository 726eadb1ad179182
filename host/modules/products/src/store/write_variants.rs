//! What is written of variants and packages.

use std::collections::{BTreeMap, HashMap};

use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::products::UpsertVariant;
use vectis_db::{Tx, conn};
use vectis_kernel::Ctx;
use vectis_kernel::ids::{ProductId, VariantId};

/// The slug of the product that has each of `skus` that exists.
#[instrument(name = "db.products.sku_owners", skip_all)]
pub(crate) async fn sku_owners(tx: &mut Tx, skus: &[String]) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT variant.sku, product.slug \
         FROM products.variant AS variant \
         JOIN products.product AS product ON product.id = variant.product_id \
         WHERE variant.sku = ANY ($1)",
        skus
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.sku, row.slug)).collect())
}

/// Puts packages into the catalogue, or gives those there are their present name: slug and name.
#[instrument(name = "db.products.upsert_packages", skip_all)]
pub(crate) async fn upsert_packages(
    tx: &mut Tx,
    ctx: &Ctx,
    packages: &BTreeMap<&str, &str>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = packages.iter().map(|_| ctx.new_id()).collect();
    let (slugs, names): (Vec<&str>, Vec<&str>) = packages.iter().unzip();
    sqlx::query!(
        "INSERT INTO products.package AS package (id, slug, name, created_at, updated_at) \
         SELECT given.id, given.slug, given.name, $4, $4 \
         FROM UNNEST($1::uuid[], $2::text[], $3::text[]) AS given (id, slug, name) \
         ORDER BY given.slug \
         ON CONFLICT (slug) DO UPDATE \
         SET name = EXCLUDED.name, updated_at = EXCLUDED.updated_at \
         WHERE package.name <> EXCLUDED.name",
        &ids,
        &slugs as &[&str],
        &names as &[&str],
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Creates or replaces variants; ids by SKU. A SKU that belongs to another product is left out.
#[instrument(name = "db.products.upsert_variants", skip_all)]
pub(crate) async fn upsert_variants(
    tx: &mut Tx,
    ctx: &Ctx,
    variants: &[(ProductId, &UpsertVariant)],
) -> Result<HashMap<String, VariantId>, sqlx::Error> {
    let columns = VariantColumns::of(ctx, variants);
    let rows = sqlx::query!(
        r#"
        INSERT INTO products.variant AS variant
            (id, product_id, sku, name, quantity_precision, min_quantity_milli, max_quantity_milli,
             step_quantity_milli, max_per_customer_30_days_milli, is_stocked, allows_backorder, weight_g, is_active,
             created_at, updated_at)
        SELECT given.id, given.product_id, given.sku, given.name, given.quantity_precision, given.min_milli,
               given.max_milli, given.step_milli, given.max_30_days_milli, given.is_stocked, given.allows_backorder,
               given.weight_g, given.is_active, $14, $14
        FROM UNNEST($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::bigint[], $7::bigint[],
                    $8::bigint[], $9::bigint[], $10::boolean[], $11::boolean[], $12::bigint[], $13::boolean[])
            AS given (id, product_id, sku, name, quantity_precision, min_milli, max_milli, step_milli,
                      max_30_days_milli, is_stocked, allows_backorder, weight_g, is_active)
        ORDER BY given.sku
        ON CONFLICT (sku) DO UPDATE
        SET name = EXCLUDED.name, quantity_precision = EXCLUDED.quantity_precision,
            min_quantity_milli = EXCLUDED.min_quantity_milli, max_quantity_milli = EXCLUDED.max_quantity_milli,
            step_quantity_milli = EXCLUDED.step_quantity_milli,
            max_per_customer_30_days_milli = EXCLUDED.max_per_customer_30_days_milli,
            is_stocked = EXCLUDED.is_stocked, allows_backorder = EXCLUDED.allows_backorder,
            weight_g = EXCLUDED.weight_g, is_active = EXCLUDED.is_active, updated_at = EXCLUDED.updated_at
        WHERE variant.product_id = EXCLUDED.product_id
        RETURNING variant.id, variant.sku
        "#,
        &columns.ids,
        &columns.product_ids,
        &columns.skus as &[&str],
        &columns.names as &[&str],
        &columns.precisions,
        &columns.min as &[Option<i64>],
        &columns.max as &[Option<i64>],
        &columns.step as &[Option<i64>],
        &columns.max_30_days as &[Option<i64>],
        &columns.is_stocked,
        &columns.allows_backorder,
        &columns.weight_g,
        &columns.is_active,
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(|row| (row.sku, row.id.into())).collect())
}

#[derive(Default)]
struct VariantColumns<'a> {
    ids: Vec<Uuid>,
    product_ids: Vec<Uuid>,
    skus: Vec<&'a str>,
    names: Vec<&'a str>,
    precisions: Vec<i16>,
    min: Vec<Option<i64>>,
    max: Vec<Option<i64>>,
    step: Vec<Option<i64>>,
    max_30_days: Vec<Option<i64>>,
    is_stocked: Vec<bool>,
    allows_backorder: Vec<bool>,
    weight_g: Vec<i64>,
    is_active: Vec<bool>,
}

impl<'a> VariantColumns<'a> {
    fn of(ctx: &Ctx, variants: &[(ProductId, &'a UpsertVariant)]) -> Self {
        let mut columns = Self::default();
        for (product_id, variant) in variants {
            columns.ids.push(ctx.new_id());
            columns.product_ids.push(product_id.0);
            columns.skus.push(&variant.sku);
            columns.names.push(&variant.name);
            // Checked to be 0 to 3; the column's own check stands behind it.
            columns.precisions.push(i16::try_from(variant.precision).unwrap_or(i16::MAX));
            columns.min.push(variant.limits.min.map(|limit| limit.milli()));
            columns.max.push(variant.limits.max.map(|limit| limit.milli()));
            columns.step.push(variant.limits.step.map(|limit| limit.milli()));
            columns.max_30_days.push(variant.limits.max_per_customer_30_days.map(|limit| limit.milli()));
            columns.is_stocked.push(variant.is_stocked);
            columns.allows_backorder.push(variant.allows_backorder);
            columns.weight_g.push(variant.weight_g);
            columns.is_active.push(variant.is_active);
        }
        columns
    }
}

/// Sells variants in exactly these packages: variant, slug of a package in the catalogue, multiplier in thousandths.
#[instrument(name = "db.products.replace_packages", skip_all)]
pub(crate) async fn replace_packages(
    tx: &mut Tx,
    variants: &[Uuid],
    packed: &[(VariantId, &str, i64)],
) -> Result<(), sqlx::Error> {
    let packed_variants: Vec<Uuid> = packed.iter().map(|(variant_id, _, _)| variant_id.0).collect();
    let slugs: Vec<&str> = packed.iter().map(|(_, slug, _)| *slug).collect();
    let multipliers: Vec<i64> = packed.iter().map(|(_, _, milli)| *milli).collect();
    sqlx::query!(
        "WITH given AS ( \
             SELECT pack.variant_id, package.id AS package_id, pack.multiplier_milli \
             FROM UNNEST($2::uuid[], $3::text[], $4::bigint[]) AS pack (variant_id, slug, multiplier_milli) \
             JOIN products.package AS package ON package.slug = pack.slug \
         ), \
         removed AS ( \
             DELETE FROM products.variant_package AS content \
             WHERE content.variant_id = ANY ($1) \
               AND (content.variant_id, content.package_id) NOT IN (SELECT variant_id, package_id FROM given) \
         ) \
         INSERT INTO products.variant_package AS content (variant_id, package_id, multiplier_milli) \
         SELECT variant_id, package_id, multiplier_milli \
         FROM given \
         ON CONFLICT (variant_id, package_id) DO UPDATE \
         SET multiplier_milli = EXCLUDED.multiplier_milli \
         WHERE content.multiplier_milli <> EXCLUDED.multiplier_milli",
        variants,
        &packed_variants,
        &slugs as &[&str],
        &multipliers
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}
