//! Search: products by words and facets. The index says which; what they are and cost comes as everywhere else.

use std::sync::Arc;

use async_graphql::connection::PageInfo;
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use vectis_contracts::ports::search_index::{MOST_MATCHES, Order};
use vectis_contracts::products::Variant;
use vectis_contracts::search::{ProductQuery, matches_sku};

use crate::caller::ContextExt;
use crate::catalog::{Product, ProductVariant};
use crate::error::{answer, bad_input};
use crate::loaders::{self, AllOf};
use crate::policy::{Access, TypePolicy};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Public, "productSearch")]),
    (
        "ProductSearchConnection",
        &[(Access::Public, "nodes edges pageInfo totalCount totalIsExact facets degraded")],
    ),
    ("ProductSearchEdge", &[(Access::Public, "cursor node")]),
    ("ProductSearchHit", &[(Access::Public, "product matchedVariants")]),
    ("SearchFacet", &[(Access::Public, "facet values")]),
    ("SearchFacetValue", &[(Access::Public, "value count")]),
];

/// In which order products are found. There is none by price: prices are the caller's own, and no index knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Order")]
pub enum ProductSearchSort {
    /// What fits best comes first; without text as NAME.
    Relevance,
    /// By name, whatever its case and accents.
    Name,
    /// The newest product first.
    Newest,
}

/// One of some values of a facet.
#[derive(InputObject)]
pub struct ProductSearchFilter {
    /// `category`, with those below it; or a custom field that is a facet of this shop.
    pub facet: String,
    /// 1 to 100; one of them must be there.
    pub values: Vec<String>,
}

/// A product that was found.
#[derive(Clone)]
pub struct ProductSearchHit {
    product: Product,
    text: Arc<str>,
}

/// A product that was found.
#[Object]
impl ProductSearchHit {
    /// It.
    async fn product(&self) -> &Product {
        &self.product
    }
    /// Its variants on sale whose SKU begins as the text or a word of it, whatever stands between letters and digits.
    async fn matched_variants(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ProductVariant>> {
        let found = loaders::of(ctx).load_one(AllOf::<_, Variant>::new(self.product.0.id)).await?;
        let found = found.unwrap_or_default().into_iter();
        let matched = found.filter(|variant| variant.is_active && matches_sku(&self.text, &variant.sku));
        Ok(matched.map(ProductVariant).collect())
    }
}

/// A hit at its place.
#[derive(SimpleObject)]
pub struct ProductSearchEdge {
    /// For `after`.
    pub cursor: String,
    /// The hit.
    pub node: ProductSearchHit,
}

/// Matches by value.
#[derive(SimpleObject)]
pub struct SearchFacet {
    /// As asked for.
    pub facet: String,
    /// The most frequent first, at most 100.
    pub values: Vec<SearchFacetValue>,
}

/// A value of a facet.
#[derive(SimpleObject)]
pub struct SearchFacetValue {
    /// The value.
    pub value: String,
    /// Matches that have it.
    pub count: u32,
}

/// What was found.
#[derive(SimpleObject)]
pub struct ProductSearchConnection {
    /// The hits.
    pub nodes: Vec<ProductSearchHit>,
    /// The hits with their places.
    pub edges: Vec<ProductSearchEdge>,
    /// Whether there are more.
    pub page_info: PageInfo,
    /// All matches, 10,000 at most; at least these, where `totalIsExact` is false.
    pub total_count: u32,
    /// Whether there are no more than `totalCount`. Otherwise order, facets and pages are of that many matches only.
    pub total_is_exact: bool,
    /// The facets asked for, counted over all matches.
    pub facets: Vec<SearchFacet>,
    /// Whether the search engine did not answer and the database did in its place.
    pub degraded: bool,
}

/// Queries about search.
#[derive(Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Products by words, SKU and facets; published ones only.
    #[expect(clippy::too_many_arguments, reason = "they are the field's arguments")]
    async fn product_search(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Words of name, description, category or SKU, at most 500 characters: all must be found, the last one by its \
                    beginning. Everything when left out."
        )]
        text: Option<String>,
        #[graphql(desc = "All must hold.")] filters: Option<Vec<ProductSearchFilter>>,
        #[graphql(desc = "Facets to count.")] facets: Option<Vec<String>>,
        #[graphql(default_with = "ProductSearchSort::Relevance")] sort: ProductSearchSort,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<ProductSearchConnection> {
        let first = first.unwrap_or(20);
        let take = u32::try_from(first).ok().filter(|first| (1..=100).contains(first));
        let take = take.ok_or_else(|| bad_input(format!("first is 1 to 100, not {first}")))?;
        let place = |cursor: String| {
            let place = cursor.parse::<u32>().ok().filter(|place| *place <= MOST_MATCHES);
            place.ok_or_else(|| bad_input("after is not a cursor of this list"))
        };
        let skip = after.map(place).transpose()?.unwrap_or(0);
        let text = text.unwrap_or_default();
        let filters =
            filters.unwrap_or_default().into_iter().map(|filter| (filter.facet, filter.values)).collect();
        let facets = facets.unwrap_or_default();
        let query = ProductQuery { text: text.clone(), filters, facets, order: sort.into(), skip, take };
        let found = answer(ctx, ctx.services().search.search(&ctx.caller().ctx, query).await)?;
        connection(ctx, found, &text, skip).await
    }
}

/// The products found, as the caller may see them now: one that is not published any more is left out.
async fn connection(
    ctx: &Context<'_>,
    found: vectis_contracts::search::ProductsFound,
    text: &str,
    skip: u32,
) -> async_graphql::Result<ProductSearchConnection> {
    let products = loaders::of(ctx).load_many(found.ids.iter().copied()).await?;
    let text: Arc<str> = text.into();
    let mut edges = Vec::new();
    for (place, id) in (skip + 1..).zip(&found.ids) {
        if let Some(product) = products.get(id).filter(|product| product.is_active) {
            let node = ProductSearchHit { product: Product(product.clone()), text: text.clone() };
            edges.push(ProductSearchEdge { cursor: place.to_string(), node });
        }
    }
    let facet = |(facet, values): (String, Vec<(String, u32)>)| SearchFacet {
        facet,
        values: values.into_iter().map(|(value, count)| SearchFacetValue { value, count }).collect(),
    };
    // The end is where the page ends, whatever was left out of it.
    let end = skip + u32::try_from(found.ids.len()).unwrap_or(0);
    Ok(ProductSearchConnection {
        nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
        page_info: PageInfo {
            has_previous_page: skip > 0,
            has_next_page: found.has_next,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: (end > skip).then(|| end.to_string()),
        },
        edges,
        total_count: found.total,
        total_is_exact: found.total < MOST_MATCHES,
        facets: found.facets.into_iter().map(facet).collect(),
        degraded: found.degraded,
    })
}
