//! What staff do with the catalogue.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use vectis_contracts::products::{
    self as contract, ProductActivity, QuantityLimits, UpsertProduct, UpsertVariant,
};
use vectis_kernel::ids::{CategoryId, ProductId};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::catalog::{Product, ProductErrorCode};
use crate::error::{UserError, outcome};
use crate::id::GlobalId;
use crate::loaders;
use crate::policy::{Access, TypePolicy};
use crate::scalars::{Json, Quantity};

pub(crate) const POLICY: &[TypePolicy] = &[(
    "Mutation",
    &[(Access::Staff(&staff::PRODUCTS_WRITE), "productsUpsert productActivate categoryUpsert")],
)];

/// A package of a variant.
#[derive(InputObject)]
pub struct PackageInput {
    /// Unique over the catalogue: `case-of-24`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Units it holds.
    pub multiplier: Quantity,
}

/// A variant to make or replace, matched by SKU.
#[derive(InputObject)]
pub struct VariantInput {
    /// Unique, at most 100 characters.
    pub sku: String,
    /// Name within the product.
    #[graphql(default)]
    pub name: String,
    /// Decimal places of quantities, 0 to 3.
    #[graphql(default)]
    pub precision: u32,
    /// At least, over a cart.
    pub min_quantity: Option<Quantity>,
    /// At most, over a cart.
    pub max_quantity: Option<Quantity>,
    /// In steps of.
    pub quantity_step: Option<Quantity>,
    /// At most per customer in 30 days.
    #[graphql(name = "maxPerCustomer30Days")]
    pub max_per_customer_30_days: Option<Quantity>,
    /// Packages besides the piece.
    #[graphql(default)]
    pub packages: Vec<PackageInput>,
    /// Whether stock is counted.
    #[graphql(default = true)]
    pub is_stocked: bool,
    /// Whether it may be bought without stock.
    #[graphql(default)]
    pub allows_backorder: bool,
    /// Grams.
    #[graphql(default)]
    pub weight_grams: i64,
    /// Whether it can be bought.
    #[graphql(default = true)]
    pub is_active: bool,
}

/// A product to make or replace, matched by slug.
#[derive(InputObject)]
pub struct ProductInput {
    /// Unique, at most 500 characters.
    pub slug: String,
    /// At most 500 characters.
    pub name: String,
    /// Plain text.
    #[graphql(default)]
    pub description: String,
    /// Slugs of categories, which must exist.
    #[graphql(default)]
    pub category_slugs: Vec<String>,
    /// Key into the tax strategies' tables.
    #[graphql(default_with = "\"standard\".to_owned()")]
    pub tax_category: String,
    /// A JSON object.
    pub custom_fields: Option<Json>,
    /// Whether it can be seen.
    #[graphql(default = true)]
    pub is_active: bool,
    /// Its variants; those not named stay.
    pub variants: Vec<VariantInput>,
}

/// Products, at most 10,000 with 10,000 variants, all or nothing.
#[derive(InputObject)]
pub struct ProductsUpsertInput {
    /// The products.
    pub products: Vec<ProductInput>,
    /// Same key, same answer, one effect; 7 days.
    pub idempotency_key: Option<String>,
}

/// A product to switch.
#[derive(InputObject)]
pub struct ProductActivateInput {
    /// Which.
    pub id: GlobalId<ProductId>,
    /// Its version as last seen.
    pub version: i64,
    /// Whether it can be seen and bought.
    pub is_active: bool,
}

/// A category to make or replace, matched by slug.
#[derive(InputObject)]
pub struct CategoryUpsertInput {
    /// Unique.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Slug of the parent; a root when left out.
    pub parent_slug: Option<String>,
    /// Order among its siblings.
    #[graphql(default)]
    pub position: i32,
}

/// Products made or replaced.
#[derive(SimpleObject)]
pub struct ProductsUpsertPayload {
    /// In the order of the input.
    pub product_ids: Vec<GlobalId<ProductId>>,
    /// Why they were refused; empty when they were not.
    pub user_errors: Vec<UserError<ProductErrorCode>>,
}

/// What a product command left behind.
#[derive(SimpleObject)]
pub struct ProductPayload {
    /// The product as it is now.
    pub product: Option<Product>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<ProductErrorCode>>,
}

/// What a category command left behind.
#[derive(SimpleObject)]
pub struct CategoryPayload {
    /// The category.
    pub category_id: Option<GlobalId<CategoryId>>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<ProductErrorCode>>,
}

fn variant(input: VariantInput) -> UpsertVariant {
    let package = |package: PackageInput| contract::Package {
        slug: package.slug,
        name: package.name,
        multiplier: package.multiplier.0,
    };
    UpsertVariant {
        sku: input.sku,
        name: input.name,
        precision: input.precision,
        limits: QuantityLimits {
            min: input.min_quantity.map(|quantity| quantity.0),
            max: input.max_quantity.map(|quantity| quantity.0),
            step: input.quantity_step.map(|quantity| quantity.0),
            max_per_customer_30_days: input.max_per_customer_30_days.map(|quantity| quantity.0),
        },
        packages: input.packages.into_iter().map(package).collect(),
        is_stocked: input.is_stocked,
        allows_backorder: input.allows_backorder,
        weight_g: input.weight_grams,
        is_active: input.is_active,
    }
}

fn product(input: ProductInput) -> UpsertProduct {
    UpsertProduct {
        slug: input.slug,
        name: input.name,
        description: input.description,
        category_slugs: input.category_slugs,
        tax_category: input.tax_category,
        custom_fields: input.custom_fields.map_or_else(|| serde_json::json!({}), |fields| fields.0),
        is_active: input.is_active,
        variants: input.variants.into_iter().map(variant).collect(),
    }
}

/// Commands on the catalogue.
#[derive(Default)]
pub struct CatalogMutation;

#[Object]
impl CatalogMutation {
    /// Makes or replaces products with their variants, all or nothing.
    async fn products_upsert(
        &self,
        ctx: &Context<'_>,
        input: ProductsUpsertInput,
    ) -> async_graphql::Result<ProductsUpsertPayload> {
        let command = ctx.command(input.idempotency_key.as_deref())?;
        let products = input.products.into_iter().map(product).collect();
        let (ids, user_errors) =
            outcome(ctx, ctx.services().products.products_upsert(&command, products).await)?;
        let product_ids = ids.unwrap_or_default().into_iter().map(GlobalId).collect();
        Ok(ProductsUpsertPayload { product_ids, user_errors })
    }

    /// Switches a product on or off.
    async fn product_activate(
        &self,
        ctx: &Context<'_>,
        input: ProductActivateInput,
    ) -> async_graphql::Result<ProductPayload> {
        let activity = if input.is_active { ProductActivity::Active } else { ProductActivity::Inactive };
        let command = ctx.command(None)?;
        let done =
            ctx.services().products.product_activate(&command, input.id.0, input.version, activity).await;
        let (done, user_errors) = outcome(ctx, done)?;
        let product = match done {
            Some(()) => loaders::of(ctx).load_one(input.id.0).await?.map(Product),
            None => None,
        };
        Ok(ProductPayload { product, user_errors })
    }

    /// Makes or replaces a category.
    async fn category_upsert(
        &self,
        ctx: &Context<'_>,
        input: CategoryUpsertInput,
    ) -> async_graphql::Result<CategoryPayload> {
        let command = ctx.command(None)?;
        let products = &ctx.services().products;
        let parent = input.parent_slug.as_deref();
        let done = products.category_upsert(&command, &input.slug, &input.name, parent, input.position).await;
        let (id, user_errors) = outcome(ctx, done)?;
        Ok(CategoryPayload { category_id: id.map(GlobalId), user_errors })
    }
}
