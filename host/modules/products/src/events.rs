//! The facts this module tells.

use serde::Serialize;
use vectis_kernel::Event;
use vectis_kernel::ids::{CategoryId, ProductId, VariantId};

const PRODUCT_CHANGED: &str = "vectis.products.product_changed.v1";
const CATEGORY_CHANGED: &str = "vectis.products.category_changed.v1";

/// Most variants in one event, so that no message outgrows a broker.
const VARIANTS_PER_EVENT: usize = 1000;

/// A product as it was written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedProduct {
    pub(crate) product_id: ProductId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) tax_category: String,
    pub(crate) is_active: bool,
    pub(crate) version: i64,
}

/// A variant as it was written.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedVariant {
    pub(crate) variant_id: VariantId,
    pub(crate) sku: String,
    pub(crate) is_active: bool,
}

#[derive(Serialize)]
struct ProductChanged<'a> {
    #[serde(flatten)]
    product: &'a ChangedProduct,
    variants: &'a [ChangedVariant],
}

/// A product was written with these variants: one event, more where there are very many.
pub(crate) fn product_changed(product: &ChangedProduct, variants: &[ChangedVariant]) -> Vec<Event> {
    let event = |variants: &[ChangedVariant]| {
        Event::new(PRODUCT_CHANGED, "product", product.product_id.0, ProductChanged { product, variants })
    };
    if variants.is_empty() {
        return vec![event(&[])];
    }
    variants.chunks(VARIANTS_PER_EVENT).map(event).collect()
}

/// A category as it was written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedCategory<'a> {
    pub(crate) category_id: CategoryId,
    pub(crate) slug: &'a str,
    pub(crate) name: &'a str,
    pub(crate) parent_id: Option<CategoryId>,
    pub(crate) position: i32,
}

/// A category was written.
pub(crate) fn category_changed(category: &ChangedCategory<'_>) -> Event {
    Event::new(CATEGORY_CHANGED, "category", category.category_id.0, category)
}
