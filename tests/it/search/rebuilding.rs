//! Indexes are written anew beside those that answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::ports::search_index::{Copy, Document, Found, IndexError, Query, SearchIndex};
use vectis_contracts::search::{ProductQuery, SearchIndexing};
use vectis_db::Db;
use vectis_kernel::Ctx;
use vectis_kernel::ids::ProductId;
use vectis_search_index::PgIndex;
use vectis_tests::{PluginFolder, TestHost};

use super::shop::put;

/// An index that ends with an error after so many writes of a re-index, until told otherwise.
struct Frail {
    index: PgIndex,
    writes_left: AtomicU64,
}

#[async_trait]
impl SearchIndex for Frail {
    fn name(&self) -> &'static str {
        self.index.name()
    }
    fn form(&self) -> String {
        self.index.form()
    }
    async fn search(&self, query: &Query) -> Result<Found, IndexError> {
        self.index.search(query).await
    }
    async fn write(&self, copy: Copy, documents: &[Document], gone: &[ProductId]) -> Result<(), IndexError> {
        if copy == Copy::Next {
            let left =
                self.writes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            left.map_err(|_| IndexError::Unavailable("it was killed".to_owned()))?;
        }
        self.index.write(copy, documents, gone).await
    }
    async fn count(&self, copy: Copy) -> Result<Option<u64>, IndexError> {
        self.index.count(copy).await
    }
    async fn prepare_next(&self) -> Result<(), IndexError> {
        self.index.prepare_next().await
    }
    async fn swap(&self) -> Result<(), IndexError> {
        self.index.swap().await
    }
}

struct Room {
    host: TestHost,
    built: vectis_search::Built,
    index: Arc<Frail>,
}

/// A shop of so many products, with nobody who takes events in but the test.
async fn room(products: usize, writes: u64) -> Room {
    let host = TestHost::start(PluginFolder::first_party(), true).await;
    sqlx::query("UPDATE products.product SET is_active = false").execute(host.db.pool()).await.unwrap();
    let staff = host.staff().await;
    let product = |number: usize| json!({ "slug": format!("toy-{number}"), "name": "Rubber duck", "variants": [{ "sku": format!("BATH-{number}") }] });
    let all: Vec<Value> = (0..products).map(product).collect();
    staff.mutate("productsUpsert", json!({ "products": all })).await.ok();
    let index = Arc::new(Frail { index: PgIndex::new(&host.db), writes_left: AtomicU64::new(writes) });
    let built = build(&host.db, index.clone());
    Room { host, built, index }
}

fn build(db: &Db, index: Arc<Frail>) -> vectis_search::Built {
    let audit = vectis_audit::build(vectis_audit::Deps { db: db.clone() }).audit;
    vectis_search::build(vectis_search::Deps {
        db: db.clone(),
        products: vectis_products::build(vectis_products::Deps { db: db.clone(), audit }).products,
        inside: index,
        outside: None,
        config: vectis_search::Config {
            facets: Vec::new(),
            budget: Duration::from_millis(300),
            most_behind: Duration::from_secs(30),
        },
    })
}

async fn ducks(room: &Room) -> u32 {
    let query = ProductQuery { text: "duck".to_owned(), take: 1, ..ProductQuery::default() };
    room.built.search.search(&Ctx::system("test"), query).await.unwrap().total
}

async fn reindex(room: &Room) -> Result<u64, String> {
    let indexing: &dyn SearchIndexing = &*room.built.indexing;
    indexing.reindex("postgres", &|_| {}).await.map_err(|failure| format!("{failure:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reindex_that_was_interrupted_goes_on_where_it_was_and_nobody_sees_half_of_it() {
    let room = room(1_700, 2).await;

    // Two parts of five hundred, then it breaks.
    assert!(reindex(&room).await.unwrap_err().contains("it was killed"));
    assert_eq!(ducks(&room).await, 0);
    assert_eq!(room.index.count(Copy::Next).await.unwrap(), Some(1_000));
    room.index.writes_left.store(2, Ordering::SeqCst);

    assert_eq!(reindex(&room).await, Ok(1_700));
    assert_eq!(ducks(&room).await, 1_700);
    assert_eq!(room.index.count(Copy::Next).await.unwrap(), None);
    room.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_during_a_reindex_is_in_both_copies() {
    let room = room(1_200, 2).await;
    assert!(reindex(&room).await.is_err());
    room.index.writes_left.store(100, Ordering::SeqCst);

    // Three that the re-index has read already: one new name, one gone; and a new one.
    let staff = room.host.staff().await;
    put(&staff, "toy-3", "Wooden swan", json!({})).await;
    sqlx::query("UPDATE products.product SET is_active = false WHERE slug = 'toy-4'")
        .execute(room.host.db.pool())
        .await
        .unwrap();
    put(&staff, "late", "Late duck", json!({})).await;
    take_in(&room, &["toy-3", "toy-4", "late"]).await;

    assert_eq!(reindex(&room).await, Ok(1_200));
    assert_eq!(ducks(&room).await, 1_199);
    let query = ProductQuery { text: "swan".to_owned(), take: 1, ..ProductQuery::default() };
    assert_eq!(room.built.search.search(&Ctx::system("test"), query).await.unwrap().total, 1);
    room.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_reindex_at_once_share_the_work() {
    let room = room(1_700, 1_000).await;

    let (one, other) = tokio::join!(reindex(&room), reindex(&room));

    assert_eq!((one, other), (Ok(1_700), Ok(1_700)));
    assert_eq!(ducks(&room).await, 1_700);
    // Four parts, each written once.
    assert_eq!(room.index.writes_left.load(Ordering::SeqCst), 996);
    room.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_late_twice_or_out_of_order_changes_nothing() {
    let room = room(3, 100).await;
    reindex(&room).await.unwrap();
    let staff = room.host.staff().await;
    put(&staff, "toy-1", "Wooden swan", json!({})).await;

    take_in(&room, &["toy-1"]).await;
    take_in(&room, &["toy-1", "toy-0", "toy-1"]).await;

    assert_eq!(ducks(&room).await, 2);
    assert_eq!(room.index.count(Copy::Live).await.unwrap(), Some(3));
    let status = room.built.indexing.status(&Ctx::system("test")).await.unwrap();
    assert!(status[0].is_current);
    assert_eq!((status[0].waiting, status[0].rebuilt), (0, None));
    room.host.stop().await;
}

/// Hands changes of products to the handler, as a consumer does.
async fn take_in(room: &Room, slugs: &[&str]) {
    use vectis_contracts::ports::event_handler::IncomingEvent;
    let mut events = Vec::new();
    for slug in slugs {
        let id: Uuid = sqlx::query_scalar("SELECT id FROM products.product WHERE slug = $1")
            .bind(*slug)
            .fetch_one(room.host.db.pool())
            .await
            .unwrap();
        events.push(IncomingEvent {
            id: Uuid::from_u128(events.len() as u128),
            event_type: "vectis.products.product_changed.v1".to_owned(),
            topic: "vectis.products".to_owned(),
            key: id.to_string(),
            envelope: json!({ "data": { "productId": id } }),
        });
    }
    let mut tx = room.host.db.begin().await.unwrap();
    room.built.handler.handle(&mut tx, &Ctx::system("test"), &events).await.unwrap();
    tx.commit().await.unwrap();
}
