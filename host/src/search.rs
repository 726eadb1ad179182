//! The wiring of search: which indexes there are, and who keeps them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use vectis_contracts::ports::search_index::SearchIndex;
use vectis_contracts::products::Products;
use vectis_contracts::search::SearchIndexing;
use vectis_db::Db;
use vectis_kernel::Ctx;
use vectis_search_index::PgIndex;
use vectis_search_meilisearch::{Meilisearch, Settings};

use crate::config::Config;
use crate::tasks::Tasks;

const KEEP_UP_EVERY: Duration = Duration::from_millis(250);

/// Search over the indexes that the configuration names.
pub(crate) fn build(
    config: &Config,
    db: &Db,
    products: Arc<dyn Products>,
) -> anyhow::Result<vectis_search::Built> {
    let search = &config.search;
    let outside = if search.meilisearch_url.is_empty() {
        None
    } else {
        let settings = Settings {
            url: search.meilisearch_url.clone(),
            key: search.meilisearch_key.expose().to_owned(),
            index: search.meilisearch_index.clone(),
            facets: search.facets.clone(),
        };
        let meilisearch = Meilisearch::new(settings).map_err(anyhow::Error::from_boxed);
        let meilisearch = meilisearch.context("search.meilisearch_url or its key cannot be used")?;
        Some(Arc::new(meilisearch) as Arc<dyn SearchIndex>)
    };
    Ok(vectis_search::build(vectis_search::Deps {
        db: db.clone(),
        products,
        inside: Arc::new(PgIndex::new(db)),
        outside,
        config: vectis_search::Config {
            facets: search.facets.clone(),
            budget: search.meilisearch_budget,
            most_behind: search.meilisearch_behind,
        },
    }))
}

/// Keeps the indexes: writes those anew that have to be, and takes changes to the one outside.
pub(crate) fn start_keeping_up(tasks: &Tasks, indexing: Arc<dyn SearchIndexing>) {
    tasks.every("search.keep_up", KEEP_UP_EVERY, move || {
        let indexing = indexing.clone();
        async move {
            let kept = indexing.keep_up(&Ctx::system("search")).await;
            kept.map_err(|failure| anyhow::anyhow!("{failure:?}"))
        }
    });
}
