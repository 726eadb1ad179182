//! Products with their variants, created or replaced in bulk: all or nothing, all that is wrong at once.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use uuid::Uuid;
use vectis_contracts::audit::AuditRecord;
use vectis_contracts::products::{ProductCode, UpsertProduct, UpsertVariant};
use vectis_db::{Tx, idempotency, outbox};
use vectis_kernel::failure::refuse_if_any;
use vectis_kernel::ids::{CategoryId, ProductId, VariantId};
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::Deps;
use crate::events::{self, ChangedProduct, ChangedVariant};
use crate::store;

/// One try, in one unit of work. The input has been checked by itself.
pub(crate) async fn upsert(
    deps: &Deps,
    ctx: &Ctx,
    products: &[UpsertProduct],
) -> Result<Vec<ProductId>, Failure<ProductCode>> {
    let mut tx = deps.db.begin().await?;
    if let Some(answer) = idempotency::find::<Vec<ProductId>>(&mut tx, ctx).await? {
        return Ok(answer);
    }
    let categories = look_up(&mut tx, products).await?;
    let written = write(&mut tx, ctx, products, &categories).await?;

    let records = written.iter().map(audit_record).collect::<Vec<_>>();
    let recorded = deps.audit.record(&mut tx, ctx, &records).await;
    recorded.map_err(|failure| failure.map_code(|_| ProductCode::Forbidden))?;
    let changes = written.iter().flat_map(|(product, variants)| events::product_changed(product, variants));
    outbox::append(&mut tx, ctx, &changes.collect::<Vec<_>>()).await?;
    let ids: Vec<ProductId> = written.iter().map(|(product, _)| product.product_id).collect();
    idempotency::record(&mut tx, ctx, &ids).await?;
    tx.commit().await?;
    Ok(ids)
}

/// Compares the input with the catalogue and refuses all that does not fit. Returns the ids of the categories named.
async fn look_up(
    tx: &mut Tx,
    products: &[UpsertProduct],
) -> Result<HashMap<String, CategoryId>, Failure<ProductCode>> {
    let category_slugs: Vec<String> =
        products.iter().flat_map(|product| product.category_slugs.clone()).collect();
    let categories = store::category_ids(tx, &category_slugs).await?;
    let slugs: Vec<String> = products.iter().map(|product| product.slug.clone()).collect();
    let known = store::lock_products(tx, &slugs).await?;
    let skus: Vec<String> =
        products.iter().flat_map(|product| &product.variants).map(|variant| variant.sku.clone()).collect();
    let owners = store::sku_owners(tx, &skus).await?;

    let mut refusals = Vec::new();
    for (index, product) in products.iter().enumerate() {
        refusals.extend(unknown_categories(index, product, &categories));
        refusals.extend(taken_skus(index, product, &owners));
        if !known.contains(&product.slug) && product.variants.is_empty() {
            let message = format!("{:?} is new and needs at least one variant.", product.slug);
            let field = format!("products.{index}.variants");
            refusals.push(Refusal::at(ProductCode::InvalidInput, &field, message));
        }
    }
    refuse_if_any(refusals)?;
    Ok(categories)
}

fn unknown_categories(
    index: usize,
    product: &UpsertProduct,
    categories: &HashMap<String, CategoryId>,
) -> impl Iterator<Item = Refusal<ProductCode>> {
    let named = product.category_slugs.iter().enumerate();
    named.filter(|(_, slug)| !categories.contains_key(*slug)).map(move |(number, slug)| {
        let field = format!("products.{index}.categorySlugs.{number}");
        Refusal::at(ProductCode::CategoryNotFound, &field, format!("There is no category {slug:?}."))
    })
}

/// Owners are compared by slug: a product of this slug may have been created after the known ones were looked up.
fn taken_skus(
    index: usize,
    product: &UpsertProduct,
    owners: &HashMap<String, String>,
) -> impl Iterator<Item = Refusal<ProductCode>> {
    product.variants.iter().enumerate().filter_map(move |(number, variant)| {
        let owner = owners.get(&variant.sku).filter(|owner| **owner != product.slug)?;
        let message = format!("SKU {:?} belongs to product {owner:?}.", variant.sku);
        Some(sku_taken(index, number, message))
    })
}

fn sku_taken(index: usize, number: usize, message: String) -> Refusal<ProductCode> {
    Refusal::at(ProductCode::SkuTaken, &format!("products.{index}.variants.{number}.sku"), message)
}

type Written = Vec<(ChangedProduct, Vec<ChangedVariant>)>;

/// Writes everything, in as many statements however much it is. What was written, in the order of the input.
async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    products: &[UpsertProduct],
    categories: &HashMap<String, CategoryId>,
) -> Result<Written, Failure<ProductCode>> {
    let mut by_slug = store::upsert_products(tx, ctx, products).await?;
    let changed: Vec<ChangedProduct> =
        products.iter().filter_map(|product| by_slug.remove(&product.slug)).collect();
    let pairs: Vec<(&ChangedProduct, &UpsertProduct)> = changed.iter().zip(products).collect();
    write_categories(tx, &pairs, categories).await?;

    let variants: Vec<(ProductId, &UpsertVariant)> = pairs
        .iter()
        .flat_map(|(changed, product)| product.variants.iter().map(|variant| (changed.product_id, variant)))
        .collect();
    let ids = store::upsert_variants(tx, ctx, &variants).await?;
    refuse_lost_skus(products, &ids)?;
    write_packages(tx, ctx, products, &ids).await?;

    let written_variants = |product: &UpsertProduct| -> Vec<ChangedVariant> {
        let variants = product.variants.iter().filter_map(|variant| {
            let variant_id = *ids.get(&variant.sku)?;
            Some(ChangedVariant { variant_id, sku: variant.sku.clone(), is_active: variant.is_active })
        });
        variants.collect()
    };
    let variants: Vec<Vec<ChangedVariant>> = products.iter().map(written_variants).collect();
    Ok(changed.into_iter().zip(variants).collect())
}

async fn write_categories(
    tx: &mut Tx,
    products: &[(&ChangedProduct, &UpsertProduct)],
    categories: &HashMap<String, CategoryId>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = products.iter().map(|(changed, _)| changed.product_id.0).collect();
    let mut placed = Vec::new();
    for (changed, product) in products {
        let named = product.category_slugs.iter().filter_map(|slug| categories.get(slug));
        placed.extend(named.map(|category_id| (changed.product_id, *category_id)));
    }
    store::replace_categories(tx, &ids, &placed).await
}

/// A SKU that another command has given to another product in the meantime.
fn refuse_lost_skus(
    products: &[UpsertProduct],
    written: &HashMap<String, VariantId>,
) -> Result<(), Failure<ProductCode>> {
    let mut refusals = Vec::new();
    for (index, product) in products.iter().enumerate() {
        for (number, variant) in product.variants.iter().enumerate() {
            if !written.contains_key(&variant.sku) {
                let message = format!("SKU {:?} belongs to another product.", variant.sku);
                refusals.push(sku_taken(index, number, message));
            }
        }
    }
    refuse_if_any(refusals)
}

async fn write_packages(
    tx: &mut Tx,
    ctx: &Ctx,
    products: &[UpsertProduct],
    ids: &HashMap<String, VariantId>,
) -> Result<(), sqlx::Error> {
    let mut catalogue: BTreeMap<&str, &str> = BTreeMap::new();
    let mut packed: Vec<(VariantId, &str, i64)> = Vec::new();
    for variant in products.iter().flat_map(|product| &product.variants) {
        let Some(variant_id) = ids.get(&variant.sku) else { continue };
        for package in &variant.packages {
            catalogue.insert(&package.slug, &package.name);
            packed.push((*variant_id, &package.slug, package.multiplier.milli()));
        }
    }
    let variants: Vec<Uuid> = ids.values().map(|id| id.0).collect();
    store::upsert_packages(tx, ctx, &catalogue).await?;
    store::replace_packages(tx, &variants, &packed).await
}

fn audit_record((product, variants): &(ChangedProduct, Vec<ChangedVariant>)) -> AuditRecord {
    AuditRecord {
        action: if product.version == 1 { "product.create" } else { "product.replace" },
        subject_kind: "product",
        subject_id: product.product_id.0,
        account_id: None,
        detail: json!({ "slug": product.slug, "version": product.version, "variants": variants.len() }),
    }
}
