//! The port on tables.

use async_trait::async_trait;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::fold::name_key;
use vectis_contracts::ports::search_index::{
    Copy, Document, Found, IndexError, MOST_FACET_VALUES, Query, SearchIndex,
};
use vectis_db::Db;
use vectis_kernel::ids::ProductId;

use crate::spelling;
use crate::store::{self, Matched, Pool};
use crate::text::{Near, Wanted, Words};

/// Changes when documents are cut or folded otherwise.
const FORM: &str = "1";
/// Documents written by one statement.
const AT_ONCE: usize = 1_000;
/// A search is begun anew when the slots were swapped under it; more than once is not to be expected.
const TRIES: usize = 3;

/// The index in Postgres.
pub struct PgIndex {
    pool: PgPool,
}

impl PgIndex {
    /// In the tables of a database.
    pub fn new(db: &Db) -> Self {
        Self { pool: db.pool().clone() }
    }

    /// Searches one slot; `None` when it is not the live one any more.
    async fn search_once(&self, query: &Query) -> Result<Option<Found>, sqlx::Error> {
        let mut pool = Pool::open(&self.pool).await?;
        let wanted = Wanted::of(&query.text);
        let mut matched = pool.search(query, &wanted, &Near::new()).await?;
        if matched.total == 0 && !wanted.is_empty() {
            let near = near(&mut pool, &wanted).await?;
            if !near.is_empty() {
                matched = pool.search(query, &wanted, &near).await?;
            }
        }
        Ok((matched.slot == pool.slot).then(|| found(matched, query)))
    }
}

/// What the words of a search may also have meant.
async fn near(pool: &mut Pool, wanted: &Wanted) -> Result<Near, sqlx::Error> {
    let mut near = Near::new();
    for word in wanted.words().filter(|word| spelling::slips(word) > 0) {
        let nearest = spelling::nearest(word, pool.similar(word).await?);
        if !nearest.is_empty() {
            near.insert(word.clone(), nearest);
        }
    }
    Ok(near)
}

fn found(matched: Matched, query: &Query) -> Found {
    let mut facets: Vec<(String, Vec<(String, u32)>)> =
        query.facets.iter().map(|facet| (facet.clone(), Vec::new())).collect();
    for (term, count) in matched.terms {
        let Some((name, value)) = term.split_once('=') else { continue };
        let values = facets.iter_mut().find(|(facet, _)| facet == name).map(|(_, values)| values);
        if let Some(values) = values.filter(|values| values.len() < MOST_FACET_VALUES) {
            values.push((value.to_owned(), count));
        }
    }
    for (_, values) in &mut facets {
        values.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    }
    Found { ids: matched.ids.into_iter().map(ProductId).collect(), total: matched.total, facets }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unavailable(error: sqlx::Error) -> IndexError {
    IndexError::Unavailable(error.to_string())
}

#[async_trait]
impl SearchIndex for PgIndex {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn form(&self) -> String {
        FORM.to_owned()
    }

    async fn search(&self, query: &Query) -> Result<Found, IndexError> {
        for _ in 0..TRIES {
            if let Some(found) = self.search_once(query).await.map_err(unavailable)? {
                return Ok(found);
            }
        }
        Err(IndexError::Unavailable("its slots are swapped again and again".to_owned()))
    }

    async fn write(&self, copy: Copy, documents: &[Document], gone: &[ProductId]) -> Result<(), IndexError> {
        let mut tx = self.pool.begin().await.map_err(unavailable)?;
        let slot = store::slot(&mut tx, copy).await.map_err(unavailable)?;
        let slot = slot.ok_or_else(|| IndexError::Missing("no re-index is under way".to_owned()))?;
        for documents in documents.chunks(AT_ONCE) {
            let mut columns = store::Columns::default();
            for document in documents {
                let words = Words::of(document);
                let facets = document.facets.iter();
                let terms = facets
                    .flat_map(|(facet, values)| values.iter().map(move |value| format!("{facet}={value}")));
                columns.product_ids.push(document.id.0);
                columns.name_keys.push(name_key(&document.name));
                columns.audiences.push(store::listed(document.audience.iter().cloned()));
                columns.terms.push(store::listed(terms));
                columns.words.push(words.to_tsvector());
                columns.spelled.extend(words.spelled().cloned());
            }
            store::put(&mut tx, slot, &columns).await.map_err(unavailable)?;
        }
        if !gone.is_empty() {
            let gone: Vec<Uuid> = gone.iter().map(|id| id.0).collect();
            store::delete(&mut tx, slot, &gone).await.map_err(unavailable)?;
        }
        tx.commit().await.map_err(unavailable)
    }

    async fn count(&self, copy: Copy) -> Result<Option<u64>, IndexError> {
        let mut tx = self.pool.begin().await.map_err(unavailable)?;
        let Some(slot) = store::slot(&mut tx, copy).await.map_err(unavailable)? else { return Ok(None) };
        let count = store::count(&mut tx, slot).await.map_err(unavailable)?;
        Ok(Some(count.unsigned_abs()))
    }

    async fn prepare_next(&self) -> Result<(), IndexError> {
        store::prepare_next(&self.pool).await.map_err(unavailable)
    }

    async fn swap(&self) -> Result<(), IndexError> {
        match store::swap(&self.pool).await.map_err(unavailable)? {
            true => Ok(()),
            false => Err(IndexError::Missing("no re-index is under way".to_owned())),
        }
    }
}
