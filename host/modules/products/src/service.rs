//! The contract: who may ask, how much at once, and where the answer is made.

use async_trait::async_trait;
use vectis_contracts::products::{
    Activity, Category, Product, ProductActivity, ProductCode, ProductFacts, ProductFilter, Products,
    UpsertProduct, Variant,
};
use vectis_db::retrying;
use vectis_kernel::ids::{CategoryId, ProductId, VariantId};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Page, PageRequest, Permission};

use crate::category::UpsertCategory;
use crate::store::{VariantKeys, Wanted};
use crate::{Deps, activate, category, check, model, store, upsert};

/// Longest text to search for.
const MAX_SEARCH: usize = 500;

/// The catalogue in Postgres.
pub(crate) struct PgProducts {
    deps: Deps,
}

impl PgProducts {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { deps }
    }

    async fn variants(
        &self,
        keys: VariantKeys,
        activity: Activity,
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        for count in [keys.ids.len(), keys.skus.len(), keys.product_ids.len()] {
            check_count(count)?;
        }
        Ok(store::variants(self.deps.db.pool(), keys, activity).await?)
    }
}

fn require(ctx: &Ctx, permission: &Permission) -> Result<(), Failure<ProductCode>> {
    if ctx.may(permission) {
        return Ok(());
    }
    Err(Failure::refused(ProductCode::Forbidden, format!("You need the permission {permission}.")))
}

fn check_count(count: usize) -> Result<(), Failure<ProductCode>> {
    if count <= check::MAX_BULK {
        return Ok(());
    }
    let message = format!("{count} asked for in one call; at most {} are.", check::MAX_BULK);
    Err(Failure::refused(ProductCode::TooMany, message))
}

/// Postgres takes no NUL, not even to say that there is no such text.
fn can_exist(text: &str) -> bool {
    !text.contains('\0')
}

/// What the caller sees without asking for more.
fn visible(ctx: &Ctx) -> Activity {
    if ctx.is_staff() { Activity::All } else { Activity::ActiveOnly }
}

#[async_trait]
impl Products for PgProducts {
    async fn variants_by_id(
        &self,
        _ctx: &Ctx,
        ids: &[VariantId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        let ids = ids.iter().map(|id| id.0).collect();
        self.variants(VariantKeys { ids, ..VariantKeys::default() }, Activity::All).await
    }

    async fn variants_by_sku(
        &self,
        _ctx: &Ctx,
        skus: &[String],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        let skus = skus.iter().filter(|sku| can_exist(sku)).cloned().collect();
        self.variants(VariantKeys { skus, ..VariantKeys::default() }, Activity::All).await
    }

    async fn variants_of(
        &self,
        ctx: &Ctx,
        product_ids: &[ProductId],
    ) -> Result<Vec<Variant>, Failure<ProductCode>> {
        let product_ids = product_ids.iter().map(|id| id.0).collect();
        let keys = VariantKeys { product_ids, ..VariantKeys::default() };
        let mut variants = self.variants(keys, visible(ctx)).await?;
        variants.sort_by(|one, other| one.sku.cmp(&other.sku));
        Ok(variants)
    }

    async fn products_by_id(
        &self,
        ctx: &Ctx,
        ids: &[ProductId],
    ) -> Result<Vec<Product>, Failure<ProductCode>> {
        check_count(ids.len())?;
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        Ok(store::products(self.deps.db.pool(), &ids, &[], visible(ctx)).await?)
    }

    async fn find_by_slug(&self, ctx: &Ctx, slug: &str) -> Result<Option<Product>, Failure<ProductCode>> {
        if !can_exist(slug) {
            return Ok(None);
        }
        let found = store::products(self.deps.db.pool(), &[], &[slug.to_owned()], visible(ctx)).await?;
        Ok(found.into_iter().next())
    }

    async fn facts_by_id(
        &self,
        _ctx: &Ctx,
        ids: &[ProductId],
    ) -> Result<Vec<ProductFacts>, Failure<ProductCode>> {
        check_count(ids.len())?;
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        Ok(store::facts(self.deps.db.pool(), &ids).await?)
    }

    async fn active_after(
        &self,
        _ctx: &Ctx,
        after: Option<ProductId>,
        most: u32,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        Ok(store::active_after(self.deps.db.pool(), after, most).await?)
    }

    async fn list(
        &self,
        ctx: &Ctx,
        filter: &ProductFilter,
        page: PageRequest,
    ) -> Result<Page<Product>, Failure<ProductCode>> {
        if filter.with_inactive == Activity::All {
            require(ctx, &staff::PRODUCTS_READ)?;
        }
        let category_slug = filter.category_slug.as_deref();
        if !category_slug.is_none_or(can_exist) {
            return Ok(Page { items: Vec::new(), has_next: false });
        }
        let wanted = Wanted { category_slug, activity: filter.with_inactive, page };
        let pool = self.deps.db.pool();
        let found = match filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => store::list(pool, &wanted).await?,
            Some(text) => {
                check_search(text)?;
                store::search(pool, &model::prefix_query(text), text, &wanted).await?
            }
        };
        Ok(Page::from_fetched(found, &page))
    }

    async fn categories(&self, _ctx: &Ctx) -> Result<Vec<Category>, Failure<ProductCode>> {
        Ok(store::categories(self.deps.db.pool()).await?)
    }

    async fn products_upsert(
        &self,
        ctx: &Ctx,
        products: Vec<UpsertProduct>,
    ) -> Result<Vec<ProductId>, Failure<ProductCode>> {
        require(ctx, &staff::PRODUCTS_WRITE)?;
        check::check_products(&products)?;
        retrying(|| upsert::upsert(&self.deps, ctx, &products)).await
    }

    async fn product_activate(
        &self,
        ctx: &Ctx,
        id: ProductId,
        version: i64,
        activity: ProductActivity,
    ) -> Result<(), Failure<ProductCode>> {
        require(ctx, &staff::PRODUCTS_WRITE)?;
        retrying(|| activate::activate(&self.deps, ctx, id, version, activity)).await
    }

    async fn category_upsert(
        &self,
        ctx: &Ctx,
        slug: &str,
        name: &str,
        parent_slug: Option<&str>,
        position: i32,
    ) -> Result<CategoryId, Failure<ProductCode>> {
        require(ctx, &staff::PRODUCTS_WRITE)?;
        check::check_category(slug, name)?;
        let category = UpsertCategory { slug, name, parent_slug, position };
        retrying(|| category::upsert(&self.deps, ctx, category)).await
    }
}

fn check_search(text: &str) -> Result<(), Failure<ProductCode>> {
    let length = text.chars().count();
    if length <= MAX_SEARCH && can_exist(text) {
        return Ok(());
    }
    let message = format!("A search has at most {MAX_SEARCH} printable characters, this one has {length}.");
    Err(Failure::at(ProductCode::InvalidInput, "text", message))
}
