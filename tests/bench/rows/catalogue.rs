//! Looking at the catalogue.

use anyhow::Result;
use serde_json::json;
use vectis_tests::client::request;
use vectis_tests::shop::skus;

use super::row;
use crate::measure::Effort;
use crate::shop::{Call, Shop};
use crate::table::Row;

/// 100 variants with the buyer's prices.
pub(crate) async fn list(shop: &Shop, effort: Effort) -> Result<Row> {
    let query = "query($skus: [String!]!) { variantsBySku(skus: $skus) { \
                 id sku name productName precision price { amount currencyCode } } }";
    let body = request(query, json!({ "skus": skus(100) }));
    let call = Call {
        client: &shop.buyer,
        body: async || Ok(body.clone()),
        proof: "/variantsBySku/99/price/amount".to_owned(),
    };
    row(shop, effort, "list 100 variants with the buyer's prices", call).await
}
