//! The articles: one product with one variant each.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::client::Call;
use crate::desk::Desk;
use crate::mine::Article;
use crate::progress::bar;
use crate::row::Sku;
use crate::source::Source;

const UPSERT: &str = "mutation Products($input: ProductsUpsertInput!) { productsUpsert(input: $input) { \
    userErrors { code field message } } }";

/// Articles in one call.
const ARTICLES_A_CALL: usize = 1_000;

/// Makes or replaces all articles.
pub(super) async fn make(desk: &Desk, source: &Source) -> anyhow::Result<()> {
    let progress = bar(source.plan.articles.len(), "articles");
    for batch in source.plan.articles.chunks(ARTICLES_A_CALL) {
        let products: Vec<Value> = batch.iter().map(product).collect();
        let call = Call::new(UPSERT, json!({ "input": { "products": products } }));
        desk.command::<Value>(&call).await.context("the articles cannot be made")?;
        progress.inc(batch.len() as u64);
    }
    progress.finish();
    Ok(())
}

fn product(article: &Article) -> Value {
    json!({
        "slug": slug(&article.sku),
        "name": article.name,
        "variants": [{ "sku": article.sku.as_str() }],
    })
}

/// A slug of its own for every SKU: lower case, and everything but letters and digits by number.
pub(crate) fn slug(sku: &Sku) -> String {
    sku.as_str().chars().fold(String::new(), |mut slug, letter| {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else {
            write!(slug, "-{:x}-", u32::from(letter)).expect("writing to a string cannot fail");
        }
        slug
    })
}
