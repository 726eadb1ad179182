//! `query`: what plugins can read of the shop. Few models, named, without what is about people.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::orders::Order;
use vectis_contracts::plugin_services::{ServiceError, ServiceErrorKind};
use vectis_contracts::products::{Product, Variant};
use vectis_kernel::ids::{OrderId, ProductId};
use vectis_kernel::{Ctx, Money};

use crate::service::{ReadModels, refused};

/// Things of one question.
const MAX_KEYS: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByIds {
    ids: Vec<Uuid>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BySkus {
    skus: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ById {
    id: Uuid,
}

/// Asks a read model as the system: what a plugin may read is a matter of its capability, not of who shops.
pub(crate) async fn query(shop: &ReadModels, name: &str, parameters: Value) -> Result<Value, ServiceError> {
    let ctx = Ctx::system("plugin");
    match name {
        "products" => {
            let ByIds { ids } = read(name, parameters)?;
            require_few(ids.len())?;
            let ids: Vec<_> = ids.into_iter().map(ProductId).collect();
            let found = shop.products.products_by_id(&ctx, &ids).await.map_err(refused)?;
            Ok(found.iter().map(product).collect())
        }
        "variants" => {
            let BySkus { skus } = read(name, parameters)?;
            require_few(skus.len())?;
            let found = shop.products.variants_by_sku(&ctx, &skus).await.map_err(refused)?;
            Ok(found.iter().map(variant).collect())
        }
        "order" => {
            let ById { id } = read(name, parameters)?;
            let found = shop.orders.get_many(&ctx, &[OrderId(id)]).await.map_err(refused)?;
            Ok(found.first().map_or(Value::Null, order))
        }
        _ => {
            let why = format!("there is no read model {name:?}; there are products, variants, order");
            Err(ServiceError::new(ServiceErrorKind::Input, why))
        }
    }
}

fn read<T: DeserializeOwned>(name: &str, parameters: Value) -> Result<T, ServiceError> {
    serde_json::from_value(parameters)
        .map_err(|error| ServiceError::new(ServiceErrorKind::Input, format!("parameters of {name}: {error}")))
}

fn require_few(keys: usize) -> Result<(), ServiceError> {
    if keys <= MAX_KEYS {
        return Ok(());
    }
    let why = format!("{keys} things are asked for, at most {MAX_KEYS} are given");
    Err(ServiceError::new(ServiceErrorKind::Limit, why))
}

fn product(product: &Product) -> Value {
    json!({
        "id": product.id, "slug": product.slug, "name": product.name, "taxCategory": product.tax_category,
        "customFields": product.custom_fields, "isActive": product.is_active, "version": product.version,
    })
}

fn variant(variant: &Variant) -> Value {
    json!({
        "id": variant.id, "productId": variant.product_id, "sku": variant.sku, "name": variant.name,
        "productName": variant.product_name, "taxCategory": variant.tax_category,
        "categorySlugs": variant.category_slugs, "weightG": variant.weight_g, "isActive": variant.is_active,
    })
}

fn order(order: &Order) -> Value {
    let minor = |money: Money| money.minor;
    json!({
        "id": order.id, "number": order.number, "channelId": order.channel_id, "state": order.state,
        "currency": order.currency.code(), "lineCount": order.line_count,
        "linesNetMinor": minor(order.totals.lines_net), "taxTotalMinor": minor(order.totals.tax_total),
        "grandTotalMinor": minor(order.totals.grand_total), "paidMinor": minor(order.totals.paid),
        "placedAt": order.placed_at, "version": order.version,
    })
}
