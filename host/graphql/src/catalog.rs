//! The catalogue: products, variants with the caller's prices and stock, categories.

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, Object, SimpleObject};
use vectis_contracts::products::{self as contract, Activity, ProductFilter};
use vectis_kernel::ids::{CategoryId, ProductId, VariantId};
use vectis_kernel::permission::staff;

use crate::buyer_prices;
use crate::caller::ContextExt;
use crate::error::{answer, bad_input};
use crate::id::GlobalId;
use crate::loaders::{self, AllOf, StockOf};
use crate::page::{connection, page_request};
use crate::policy::{Access, TypePolicy};
use crate::scalars::{Json, Quantity, UnitPrice};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Public, "product productBySlug products variantsBySku categories")]),
    (
        "Product",
        &[
            (
                Access::Public,
                "id slug name description categoryIds taxCategory customFields isActive variants",
            ),
            (Access::Staff(&staff::PRODUCTS_READ), "version"),
        ],
    ),
    (
        "ProductVariant",
        &[(
            Access::Public,
            "id sku name product productName precision limits packages isStocked allowsBackorder weightGrams isActive \
             price priceTiers stock",
        )],
    ),
    ("QuantityLimits", &[(Access::Public, "min max step maxPerCustomer30Days")]),
    ("Package", &[(Access::Public, "slug name multiplier")]),
    ("PriceTier", &[(Access::Public, "minQuantity unitPrice")]),
    (
        "StockAvailability",
        &[(Access::Public, "available"), (Access::Staff(&staff::STOCK_READ), "onHand reserved allocated")],
    ),
    ("Category", &[(Access::Public, "id parentId slug name position")]),
];

/// Why a catalogue command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::ProductCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum ProductErrorCode {
    Forbidden,
    ProductNotFound,
    CategoryNotFound,
    SkuTaken,
    SlugTaken,
    Duplicate,
    InvalidInput,
    TooMany,
    StaleVersion,
    Cycle,
}

/// What is presented.
#[derive(Clone)]
pub struct Product(pub(crate) Arc<contract::Product>);

/// What is presented; what is bought are its variants.
#[Object]
impl Product {
    /// Its id.
    async fn id(&self) -> GlobalId<ProductId> {
        GlobalId(self.0.id)
    }
    /// Unique.
    async fn slug(&self) -> &str {
        &self.0.slug
    }
    /// For people.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Plain text.
    async fn description(&self) -> &str {
        &self.0.description
    }
    /// Categories it stands in.
    async fn category_ids(&self) -> Vec<GlobalId<CategoryId>> {
        self.0.category_ids.iter().copied().map(GlobalId).collect()
    }
    /// Key into the tax strategies' tables.
    async fn tax_category(&self) -> &str {
        &self.0.tax_category
    }
    /// Free fields of the merchant.
    async fn custom_fields(&self) -> Json {
        Json(self.0.custom_fields.clone())
    }
    /// Whether it can be bought.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
    /// Its variants by SKU.
    async fn variants(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ProductVariant>> {
        let found = loaders::of(ctx).load_one(AllOf::<_, contract::Variant>::new(self.0.id)).await?;
        Ok(found.unwrap_or_default().into_iter().map(ProductVariant).collect())
    }
    /// Changes with each write.
    async fn version(&self) -> i64 {
        self.0.version
    }
}

/// What is bought.
pub struct ProductVariant(pub(crate) Arc<contract::Variant>);

/// What is bought: one SKU.
#[Object]
impl ProductVariant {
    /// Its id.
    async fn id(&self) -> GlobalId<VariantId> {
        GlobalId(self.0.id)
    }
    /// The merchant's code.
    async fn sku(&self) -> &str {
        &self.0.sku
    }
    /// Name within the product; may be empty.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Name of the product.
    async fn product_name(&self) -> &str {
        &self.0.product_name
    }
    /// Its product.
    async fn product(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Product>> {
        Ok(loaders::of(ctx).load_one(self.0.product_id).await?.map(Product))
    }
    /// Decimal places a quantity may have.
    async fn precision(&self) -> u32 {
        self.0.precision
    }
    /// How much may be bought, counted over a cart.
    async fn limits(&self) -> QuantityLimits {
        let limits = self.0.limits;
        QuantityLimits {
            min: limits.min.map(Quantity),
            max: limits.max.map(Quantity),
            step: limits.step.map(Quantity),
            max_per_customer_30_days: limits.max_per_customer_30_days.map(Quantity),
        }
    }
    /// Packages it is sold in besides the piece.
    async fn packages(&self) -> Vec<Package> {
        let package = |package: &contract::Package| Package {
            slug: package.slug.clone(),
            name: package.name.clone(),
            multiplier: Quantity(package.multiplier),
        };
        self.0.packages.iter().map(package).collect()
    }
    /// Whether stock is counted.
    async fn is_stocked(&self) -> bool {
        self.0.is_stocked
    }
    /// Whether it may be bought without stock.
    async fn allows_backorder(&self) -> bool {
        self.0.allows_backorder
    }
    /// Grams; 0 when unknown.
    async fn weight_grams(&self) -> i64 {
        self.0.weight_g
    }
    /// Whether it can be bought.
    async fn is_active(&self) -> bool {
        self.0.is_active
    }
    /// The caller's price of one unit at a quantity, in this channel; null without a price.
    async fn price(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many; one unit when left out.")] quantity: Option<Quantity>,
    ) -> async_graphql::Result<Option<UnitPrice>> {
        let quantity = quantity.map_or(vectis_kernel::Quantity::from_milli(1000), |quantity| quantity.0);
        if !quantity.is_positive() {
            return Err(bad_input("a quantity is above zero"));
        }
        let key = buyer_prices::PriceAt { variant_id: self.0.id, quantity };
        Ok(loaders::of(ctx).load_one(key).await?.map(Into::into))
    }
    /// The caller's ladder of prices, from the smallest quantity up.
    async fn price_tiers(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<PriceTier>> {
        let tiers = loaders::of(ctx).load_one(buyer_prices::LadderOf(self.0.id)).await?;
        let tier = |tier: vectis_contracts::pricing::PriceTier| PriceTier {
            min_quantity: Quantity(tier.min_quantity),
            unit_price: tier.unit_price.into(),
        };
        Ok(tiers.unwrap_or_default().into_iter().map(tier).collect())
    }
    /// Stock over the channel's warehouses; null when stock is not counted.
    async fn stock(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<StockAvailability>> {
        if !self.0.is_stocked {
            return Ok(None);
        }
        let stock = loaders::of(ctx).load_one(StockOf(self.0.id)).await?;
        Ok(stock.map(|stock| StockAvailability {
            available: Quantity(stock.available),
            on_hand: Quantity(stock.on_hand),
            reserved: Quantity(stock.reserved),
            allocated: Quantity(stock.allocated),
        }))
    }
}

/// How much of a variant may be bought, counted over a cart.
#[derive(SimpleObject)]
pub struct QuantityLimits {
    /// At least.
    pub min: Option<Quantity>,
    /// At most per order.
    pub max: Option<Quantity>,
    /// In steps of.
    pub step: Option<Quantity>,
    /// At most per customer in 30 days.
    #[graphql(name = "maxPerCustomer30Days")]
    pub max_per_customer_30_days: Option<Quantity>,
}

/// A unit of measure.
#[derive(SimpleObject)]
pub struct Package {
    /// `case-of-24`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Units it holds.
    pub multiplier: Quantity,
}

/// A rung of a price ladder.
#[derive(SimpleObject)]
pub struct PriceTier {
    /// From this quantity on.
    pub min_quantity: Quantity,
    /// Price of one unit.
    pub unit_price: UnitPrice,
}

/// Stock of a variant. available = on hand − reserved − allocated.
#[derive(SimpleObject)]
pub struct StockAvailability {
    /// Can be sold.
    pub available: Quantity,
    /// There.
    pub on_hand: Quantity,
    /// Held for carts.
    pub reserved: Quantity,
    /// Assigned to orders.
    pub allocated: Quantity,
}

/// A node of the navigation tree.
#[derive(SimpleObject)]
pub struct Category {
    /// Its id.
    pub id: GlobalId<CategoryId>,
    /// Its parent.
    pub parent_id: Option<GlobalId<CategoryId>>,
    /// Unique.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Order among its siblings.
    pub position: i32,
}

/// Queries about the catalogue.
#[derive(Default)]
pub struct CatalogQuery;

#[Object]
impl CatalogQuery {
    /// A product; null when it does not exist or cannot be seen.
    async fn product(
        &self,
        ctx: &Context<'_>,
        id: GlobalId<ProductId>,
    ) -> async_graphql::Result<Option<Product>> {
        Ok(loaders::of(ctx).load_one(id.0).await?.map(Product))
    }

    /// A product by its slug.
    async fn product_by_slug(
        &self,
        ctx: &Context<'_>,
        slug: String,
    ) -> async_graphql::Result<Option<Product>> {
        let found = answer(ctx, ctx.services().products.find_by_slug(&ctx.caller().ctx, &slug).await)?;
        let visible = found.filter(|product| product.is_active || ctx.caller().ctx.is_staff());
        Ok(visible.map(|product| Product(Arc::new(product))))
    }

    /// Products, newest first.
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Words of name, description or SKU.")] text: Option<String>,
        #[graphql(desc = "In this category or below it.")] category_slug: Option<String>,
        #[graphql(desc = "Inactive ones too; staff only.", default)] with_inactive: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Product>> {
        let page = page_request(first, after)?;
        let with_inactive = if with_inactive { Activity::All } else { Activity::ActiveOnly };
        let filter = ProductFilter { text, category_slug, with_inactive };
        let found = answer(ctx, ctx.services().products.list(&ctx.caller().ctx, &filter, page).await)?;
        Ok(connection(page, found, |product| product.id.0, |product| Product(Arc::new(product))))
    }

    /// Variants by SKU, at most 1,000; those that do not exist or cannot be bought are left out.
    async fn variants_by_sku(
        &self,
        ctx: &Context<'_>,
        skus: Vec<String>,
    ) -> async_graphql::Result<Vec<ProductVariant>> {
        if skus.len() > 1_000 {
            return Err(bad_input("at most 1,000 SKUs at once"));
        }
        let found = answer(ctx, ctx.services().products.variants_by_sku(&ctx.caller().ctx, &skus).await)?;
        let staff = ctx.caller().ctx.is_staff();
        let visible = found.into_iter().filter(|variant| variant.is_active || staff);
        Ok(visible.map(|variant| ProductVariant(Arc::new(variant))).collect())
    }

    /// The whole navigation tree, by parent and position.
    async fn categories(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Category>> {
        let found = answer(ctx, ctx.services().products.categories(&ctx.caller().ctx).await)?;
        let category = |category: contract::Category| Category {
            id: GlobalId(category.id),
            parent_id: category.parent_id.map(GlobalId),
            slug: category.slug,
            name: category.name,
            position: category.position,
        };
        Ok(found.into_iter().map(category).collect())
    }
}
