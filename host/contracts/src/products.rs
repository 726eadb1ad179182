//! The catalogue: products, variants, categories, packages, quantity limits.

use async_trait::async_trait;
use serde_json::Value;
use vectis_kernel::ids::{CategoryId, ProductId, VariantId};
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Quantity};

/// What is presented.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// Unique, at most 500 characters.
    pub slug: String,
    /// At most 500 characters.
    pub name: String,
    /// Plain text.
    pub description: String,
    /// Categories it stands in.
    pub category_ids: Vec<CategoryId>,
    /// Key into the tax strategies' tables: `standard`.
    pub tax_category: String,
    /// Free fields of the merchant, a JSON object of at most 16 kB.
    pub custom_fields: Value,
    /// Inactive ones are staff's only and cannot be bought.
    pub is_active: bool,
    /// Changes with each write.
    pub version: i64,
}

/// What is bought.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// Its product.
    pub product_id: ProductId,
    /// The merchant's code, unique, at most 100 characters.
    pub sku: String,
    /// Name of the variant within the product; may be empty.
    pub name: String,
    /// Name of the product.
    pub product_name: String,
    /// Tax category of the product.
    pub tax_category: String,
    /// Slugs of the product's categories.
    pub category_slugs: Vec<String>,
    /// Decimal places a quantity may have, 0 to 3.
    pub precision: u32,
    /// What one may buy.
    pub limits: QuantityLimits,
    /// Packages it is sold in besides the piece.
    pub packages: Vec<Package>,
    /// Whether stock is counted.
    pub is_stocked: bool,
    /// Whether it may be bought without stock.
    pub allows_backorder: bool,
    /// Grams; 0 when unknown.
    pub weight_g: i64,
    /// Whether product and variant are active.
    pub is_active: bool,
}

/// How much of a variant may be bought, counted over all lines of a cart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuantityLimits {
    /// At least.
    pub min: Option<Quantity>,
    /// At most per order.
    pub max: Option<Quantity>,
    /// In steps of.
    pub step: Option<Quantity>,
    /// At most per customer (account or retail customer) in 30 days, in the channel's time zone.
    pub max_per_customer_30_days: Option<Quantity>,
}

/// A unit of measure a variant is sold in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// `case-of-24`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// How many units it holds, above zero.
    pub multiplier: Quantity,
}

/// A node of the navigation tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its parent.
    pub parent_id: Option<CategoryId>,
    /// Unique.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Order among its siblings.
    pub position: i32,
}

/// A product with its variants, to create or, where the slug exists, to replace. Variants are matched by SKU; those not
/// named stay.
#[derive(Clone, Debug)]
pub struct UpsertProduct {
    /// Unique.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Plain text.
    pub description: String,
    /// Slugs of categories, which must exist.
    pub category_slugs: Vec<String>,
    /// `standard`.
    pub tax_category: String,
    /// A JSON object.
    pub custom_fields: Value,
    /// Whether it can be seen.
    pub is_active: bool,
    /// Its variants, at least one for a new product.
    pub variants: Vec<UpsertVariant>,
}

/// A variant to create or replace.
#[derive(Clone, Debug)]
pub struct UpsertVariant {
    /// Unique.
    pub sku: String,
    /// May be empty.
    pub name: String,
    /// Decimal places of quantities, 0 to 3.
    pub precision: u32,
    /// What one may buy.
    pub limits: QuantityLimits,
    /// Packages: slug of a package in the catalogue, with the multiplier for this variant.
    pub packages: Vec<Package>,
    /// Whether stock is counted.
    pub is_stocked: bool,
    /// Whether it may be bought without stock.
    pub allows_backorder: bool,
    /// Grams.
    pub weight_g: i64,
    /// Whether it can be bought.
    pub is_active: bool,
}

/// What of a published product can be searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductFacts {
    /// Its id.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Plain text.
    pub description: String,
    /// Slugs of its categories.
    pub category_slugs: Vec<String>,
    /// Free fields of the merchant.
    pub custom_fields: Value,
    /// SKUs of its active variants, the first [`MOST_FACTS`] of them.
    pub skus: Vec<String>,
    /// Names of those variants, each once, without empty ones.
    pub variant_names: Vec<String>,
}

/// Variants of one product that [`ProductFacts`] tell of.
pub const MOST_FACTS: i64 = 10_000;

/// Which products to list.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// Words of name, description or SKU; prefix and word match.
    pub text: Option<String>,
    /// In this category or below it.
    pub category_slug: Option<String>,
    /// Inactive ones too; needs `products.read`.
    pub with_inactive: Activity,
}

/// Whether inactive things are meant too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Only what can be bought.
    #[default]
    ActiveOnly,
    /// Everything.
    All,
}

vectis_kernel::refusal_codes! {
    /// Why a catalogue command was refused.
    ProductCode {
        /// Needs `products.write` (or `products.read`).
        Forbidden = "FORBIDDEN": Forbidden,
        /// No such product.
        ProductNotFound = "PRODUCT_NOT_FOUND": NotFound,
        /// No such category.
        CategoryNotFound = "CATEGORY_NOT_FOUND": NotFound,
        /// The SKU belongs to another product.
        SkuTaken = "SKU_TAKEN": Conflict,
        /// The slug is taken.
        SlugTaken = "SLUG_TAKEN": Conflict,
        /// The same slug or SKU stands twice in the input.
        Duplicate = "DUPLICATE": Invalid,
        /// A field is out of its range; the field is named.
        InvalidInput = "INVALID_INPUT": Invalid,
        /// More than 10,000 in one call.
        TooMany = "TOO_MANY": Invalid,
        /// Somebody else wrote in between.
        StaleVersion = "STALE_VERSION": Conflict,
        /// A category cannot stand below itself.
        Cycle = "CYCLE": Invalid,
    }
}

/// The catalogue.
#[async_trait]
pub trait Products: Send + Sync {
    /// Variants by id, inactive ones included; missing ones are left out. One statement.
    async fn variants_by_id(
        &self,
        ctx: &Ctx,
        ids: &[VariantId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>>;
    /// Variants by SKU, exact; inactive ones included; missing ones are left out. One statement.
    async fn variants_by_sku(&self, ctx: &Ctx, skus: &[String])
    -> Result<Vec<Variant>, Failure<ProductCode>>;
    /// Variants of products, by SKU; inactive ones only for staff.
    async fn variants_of(
        &self,
        ctx: &Ctx,
        product_ids: &[ProductId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>>;
    /// Products by id; missing ones are left out, inactive ones too unless the caller is staff.
    async fn products_by_id(
        &self,
        ctx: &Ctx,
        ids: &[ProductId],
    ) -> Result<Vec<Product>, Failure<ProductCode>>;
    /// A product by slug.
    async fn find_by_slug(&self, ctx: &Ctx, slug: &str) -> Result<Option<Product>, Failure<ProductCode>>;
    /// What can be searched for of products; those missing or inactive are left out. One statement.
    async fn facts_by_id(
        &self,
        ctx: &Ctx,
        ids: &[ProductId],
    ) -> Result<Vec<ProductFacts>, Failure<ProductCode>>;
    /// Ids of active products behind one of them, the oldest first, at most so many. One statement.
    async fn active_after(
        &self,
        ctx: &Ctx,
        after: Option<ProductId>,
        most: u32,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>>;
    /// Products, newest first.
    async fn list(
        &self,
        ctx: &Ctx,
        filter: &ProductFilter,
        page: PageRequest,
    ) -> Result<Page<Product>, Failure<ProductCode>>;
    /// All categories, by parent and position; at most 10,000.
    async fn categories(&self, ctx: &Ctx) -> Result<Vec<Category>, Failure<ProductCode>>;
    /// Creates or replaces products with their variants, at most 10,000 products and 10,000 variants a call, all or
    /// nothing, in a constant number of statements. The ids in the order of the input.
    async fn products_upsert(
        &self,
        ctx: &Ctx,
        products: Vec<UpsertProduct>,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>>;
    /// Switches a product on or off.
    async fn product_activate(
        &self,
        ctx: &Ctx,
        id: ProductId,
        version: i64,
        activity: ProductActivity,
    ) -> Result<(), Failure<ProductCode>>;
    /// Creates a category, or replaces the one with this slug.
    async fn category_upsert(
        &self,
        ctx: &Ctx,
        slug: &str,
        name: &str,
        parent_slug: Option<&str>,
        position: i32,
    ) -> Result<CategoryId, Failure<ProductCode>>;
}

/// Whether a product can be seen and bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductActivity {
    /// It can.
    Active,
    /// It cannot.
    Inactive,
}
