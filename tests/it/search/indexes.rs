//! Both indexes, ready to be used, and goods to look for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;
use vectis_contracts::fold::sku_code;
use vectis_contracts::ports::search_index::{CATEGORY, Copy, Document, EVERYBODY, Found, Query, SearchIndex};
use vectis_db::{Db, PoolSettings};
use vectis_kernel::ids::ProductId;
use vectis_search_index::PgIndex;
use vectis_search_meilisearch::{Meilisearch, Settings};
use vectis_tests::{TestDatabase, meilisearch};

/// An index of a test's own, and what it stands on.
pub(super) struct Room {
    pub(super) index: Arc<dyn SearchIndex>,
    _database: Option<TestDatabase>,
    _server: Option<meilisearch::Meilisearch>,
}

/// Facets of all tests.
pub(super) const FACETS: [&str; 2] = ["brand", "color"];

pub(super) async fn postgres() -> Room {
    let database = TestDatabase::create().await;
    let pool = vectis_db::connect_url(database.url(), &PoolSettings::default()).await.unwrap();
    Room { index: Arc::new(PgIndex::new(&Db::new(pool))), _database: Some(database), _server: None }
}

/// On a real server if the environment names one, else on the stand-in.
#[expect(clippy::disallowed_methods, reason = "a test's outside settings, and a name that no other test has")]
pub(super) async fn meilisearch() -> Room {
    let real = std::env::var("VECTIS_TEST_MEILISEARCH_URL").ok();
    let (url, key, server) = match real {
        Some(url) => (url, std::env::var("VECTIS_TEST_MEILISEARCH_KEY").unwrap_or_default(), None),
        None => {
            eprintln!("skipped: a real Meilisearch (set VECTIS_TEST_MEILISEARCH_URL); a stand-in answers");
            let server = meilisearch::Meilisearch::start().await;
            (server.url(), meilisearch::KEY.to_owned(), Some(server))
        }
    };
    let index = format!("test-{}", Uuid::now_v7().simple());
    let facets = FACETS.map(str::to_owned).to_vec();
    let index = Meilisearch::new(Settings { url, key, index, facets }).unwrap();
    Room { index: Arc::new(index), _database: None, _server: server }
}

/// Runs cases against both.
macro_rules! on_both {
    ($($case:ident,)*) => {
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(&*crate::search::indexes::postgres().await.index).await;
            })*
        }

        mod on_meilisearch {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(&*crate::search::indexes::meilisearch().await.index).await;
            })*
        }
    };
}
pub(super) use on_both;

/// The id of a product, by number.
pub(super) fn id(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(number))
}

/// A product for everybody, with a SKU `P-<number>`.
pub(super) fn product(number: u128, name: &str) -> Document {
    Document {
        id: id(number),
        name: name.to_owned(),
        description: String::new(),
        skus: vec![format!("P-{number}")],
        variant_names: Vec::new(),
        facets: BTreeMap::from([(CATEGORY.to_owned(), BTreeSet::new())]),
        audience: vec![EVERYBODY.to_owned()],
    }
}

/// With a value in a facet more.
pub(super) fn with(mut document: Document, facet: &str, value: &str) -> Document {
    document.facets.entry(facet.to_owned()).or_default().insert(value.to_owned());
    document
}

/// With other SKUs.
pub(super) fn sold_as(document: Document, skus: &[&str]) -> Document {
    assert!(skus.iter().all(|sku| !sku_code(sku).is_empty()));
    Document { skus: skus.iter().map(|sku| (*sku).to_owned()).collect(), ..document }
}

/// Fills an index as a shop's first re-index does.
pub(super) async fn fill(index: &dyn SearchIndex, documents: &[Document]) {
    index.prepare_next().await.unwrap();
    index.write(Copy::Next, documents, &[]).await.unwrap();
    index.swap().await.unwrap();
}

/// A search of everybody for a text.
pub(super) fn text(text: &str) -> Query {
    Query { text: text.to_owned(), audience: vec![EVERYBODY.to_owned()], take: 100, ..Query::default() }
}

/// Numbers of the products found, in order.
pub(super) fn numbers(found: &Found) -> Vec<u128> {
    found.ids.iter().map(|id| id.0.as_u128()).collect()
}

/// Numbers of the products that a text finds, in order.
pub(super) async fn search(index: &dyn SearchIndex, words: &str) -> Vec<u128> {
    numbers(&index.search(&text(words)).await.unwrap())
}

/// The same, sorted.
pub(super) async fn search_any(index: &dyn SearchIndex, words: &str) -> Vec<u128> {
    let mut found = search(index, words).await;
    found.sort_unstable();
    found
}
