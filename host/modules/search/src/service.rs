//! A search: what may be asked, who may find what, which index answers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use vectis_contracts::ports::search_index::{
    CATEGORY, EVERYBODY, Found, IndexError, MOST_MATCHES, Query, SearchIndex,
};
use vectis_contracts::products::{Category, Products};
use vectis_contracts::search::{
    MAX_FILTERS, MAX_TEXT, MAX_VALUES, ProductQuery, ProductSearch, ProductsFound, SearchCode,
};
use vectis_db::Db;
use vectis_kernel::ids::CategoryId;
use vectis_kernel::{Ctx, Failure};

use crate::breaker::Breaker;
use crate::{Config, store};

/// Longest value of a filter.
const MAX_VALUE: usize = 500;

/// The index outside, and how far it is trusted.
pub(crate) struct Outside {
    index: Arc<dyn SearchIndex>,
    breaker: Breaker,
    budget: Duration,
    most_behind: Duration,
}

impl Outside {
    pub(crate) fn new(index: Arc<dyn SearchIndex>, config: &Config) -> Self {
        Self { index, breaker: Breaker::default(), budget: config.budget, most_behind: config.most_behind }
    }
}

/// Finds products.
pub(crate) struct Searching {
    pub(crate) db: Db,
    pub(crate) products: Arc<dyn Products>,
    pub(crate) inside: Arc<dyn SearchIndex>,
    pub(crate) outside: Option<Outside>,
    pub(crate) facets: Vec<String>,
}

/// Who the caller is to an index. Every channel shows every published product, and nobody finds others.
fn audience(_ctx: &Ctx) -> Vec<String> {
    vec![EVERYBODY.to_owned()]
}

impl Searching {
    fn check(&self, query: &ProductQuery) -> Result<(), Failure<SearchCode>> {
        let invalid =
            |field: &str, message: String| Err(Failure::at(SearchCode::InvalidInput, field, message));
        let length = query.text.chars().count();
        if length > MAX_TEXT || query.text.contains('\0') {
            let message =
                format!("A search has at most {MAX_TEXT} printable characters, this one has {length}.");
            return invalid("text", message);
        }
        if query.filters.len() > MAX_FILTERS {
            return invalid("filters", format!("A search has at most {MAX_FILTERS} filters."));
        }
        for (number, facet) in query.facets.iter().enumerate() {
            self.check_facet(&format!("facets.{number}"), facet)?;
        }
        for (number, (facet, values)) in query.filters.iter().enumerate() {
            self.check_facet(&format!("filters.{number}.facet"), facet)?;
            let is_fine = |value: &String| value.chars().count() <= MAX_VALUE && !value.contains('\0');
            if !(1..=MAX_VALUES).contains(&values.len()) || !values.iter().all(is_fine) {
                let message =
                    format!("A filter has 1 to {MAX_VALUES} values of at most {MAX_VALUE} characters.");
                return invalid(&format!("filters.{number}.values"), message);
            }
        }
        Ok(())
    }

    fn check_facet(&self, field: &str, facet: &str) -> Result<(), Failure<SearchCode>> {
        if facet == CATEGORY || self.facets.iter().any(|known| known == facet) {
            return Ok(());
        }
        let known: Vec<&str> =
            std::iter::once(CATEGORY).chain(self.facets.iter().map(String::as_str)).collect();
        let message = format!("There is no facet {facet:?}; there is {}.", known.join(", "));
        Err(Failure::at(SearchCode::InvalidInput, field, message))
    }

    /// The filters with categories below those named.
    async fn filters(
        &self,
        ctx: &Ctx,
        mut filters: Vec<(String, Vec<String>)>,
    ) -> Result<Vec<(String, Vec<String>)>, Failure<SearchCode>> {
        if filters.iter().any(|(facet, _)| facet == CATEGORY) {
            let tree = self.products.categories(ctx).await;
            let tree = tree.map_err(|failure| failure.map_code(|_| SearchCode::Unavailable))?;
            for (_, values) in filters.iter_mut().filter(|(facet, _)| facet == CATEGORY) {
                *values = with_below(values, &tree);
            }
        }
        Ok(filters)
    }

    /// The index outside if it can be relied on, else the one inside; and whether that was the second choice.
    async fn ask(&self, ctx: &Ctx, query: &Query) -> Result<(Found, bool), Failure<SearchCode>> {
        if let Some(outside) = &self.outside {
            match self.ask_outside(ctx, outside, query).await {
                Ok(found) => return Ok((found, false)),
                Err(error) => {
                    tracing::debug!(index = outside.index.name(), %error, "the index inside the database answers instead");
                }
            }
        }
        let found = self.inside.search(query).await;
        let found = found.map_err(|error| Failure::refused(SearchCode::Unavailable, error.to_string()))?;
        Ok((found, self.outside.is_some()))
    }

    async fn ask_outside(&self, ctx: &Ctx, outside: &Outside, query: &Query) -> Result<Found, IndexError> {
        let unavailable = |why: &str| IndexError::Unavailable(why.to_owned());
        if !outside.breaker.allows(Instant::now()) {
            return Err(unavailable("it has failed again and again; it is left alone for some seconds"));
        }
        let name = outside.index.name();
        let both = async {
            tokio::join!(
                outside.index.search(query),
                store::has_waited(self.db.pool(), ctx, name, outside.most_behind)
            )
        };
        let (found, is_behind) = match tokio::time::timeout(outside.budget, both).await {
            Ok((found, is_behind)) => (found, is_behind),
            Err(_) => (Err(unavailable("it does not answer in time")), Ok(false)),
        };
        match &found {
            Ok(_) => outside.breaker.succeeded(),
            Err(error) => {
                tracing::warn!(index = name, %error, "a search index did not answer");
                outside.breaker.failed(Instant::now());
            }
        }
        match is_behind {
            Ok(false) => found,
            Ok(true) => Err(unavailable("it is too far behind the catalogue")),
            Err(error) => Err(IndexError::Unavailable(error.to_string())),
        }
    }
}

/// Categories with all that stand below them.
fn with_below(slugs: &[String], tree: &[Category]) -> Vec<String> {
    let mut children: HashMap<CategoryId, Vec<&Category>> = HashMap::new();
    for category in tree {
        if let Some(parent) = category.parent_id {
            children.entry(parent).or_default().push(category);
        }
    }
    let mut all: BTreeSet<&str> = slugs.iter().map(String::as_str).collect();
    let mut open: Vec<&Category> =
        tree.iter().filter(|category| all.contains(category.slug.as_str())).collect();
    while let Some(category) = open.pop() {
        for child in children.remove(&category.id).unwrap_or_default() {
            all.insert(&child.slug);
            open.push(child);
        }
    }
    all.into_iter().map(str::to_owned).collect()
}

#[async_trait]
impl ProductSearch for Searching {
    async fn search(&self, ctx: &Ctx, query: ProductQuery) -> Result<ProductsFound, Failure<SearchCode>> {
        self.check(&query)?;
        let nothing = || ProductsFound {
            ids: Vec::new(),
            has_next: false,
            total: 0,
            facets: query.facets.iter().map(|facet| (facet.clone(), Vec::new())).collect(),
            degraded: false,
        };
        let text = query.text.trim();
        // Signs without a letter among them are no word: engines take them for a search without text, which finds everything.
        if !text.is_empty() && !text.contains(char::is_alphanumeric) {
            return Ok(nothing());
        }
        let take = query.take.clamp(1, 100);
        if query.skip >= MOST_MATCHES {
            return Ok(nothing());
        }
        let wanted = Query {
            text: text.to_owned(),
            audience: audience(ctx),
            filters: self.filters(ctx, query.filters.clone()).await?,
            facets: query.facets.clone(),
            order: query.order,
            skip: query.skip,
            take: take + 1,
        };
        let (mut found, degraded) = self.ask(ctx, &wanted).await?;
        let degraded_label = if degraded { "true" } else { "false" };
        metrics::counter!("vectis_searches_total", "degraded" => degraded_label).increment(1);
        let has_next = found.ids.len() > take as usize && query.skip + take < MOST_MATCHES;
        found.ids.truncate(take as usize);
        let ids = found.ids;
        Ok(ProductsFound { ids, has_next, total: found.total, facets: found.facets, degraded })
    }
}
