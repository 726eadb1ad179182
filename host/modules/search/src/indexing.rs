//! The way of a product into the indexes: by its events, and by walking the whole catalogue.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use vectis_contracts::Tx;
use vectis_contracts::ports::search_index::{Copy, Document, IndexError, SearchIndex};
use vectis_contracts::products::Products;
use vectis_contracts::search::{IndexStatus, Progress, SearchCode, SearchIndexing};
use vectis_db::Db;
use vectis_kernel::ids::ProductId;
use vectis_kernel::{Ctx, Failure};

use crate::documents;
use crate::store::{self, State};

/// Products whose facts are read at once.
const AT_ONCE: usize = 500;

type Outcome<T> = Result<T, Failure<SearchCode>>;

/// Keeps the indexes.
pub(crate) struct Indexing {
    pub(crate) db: Db,
    pub(crate) products: Arc<dyn Products>,
    pub(crate) inside: Arc<dyn SearchIndex>,
    pub(crate) outside: Option<Arc<dyn SearchIndex>>,
    pub(crate) facets: Vec<String>,
}

fn failed(error: &IndexError) -> Failure<SearchCode> {
    Failure::refused(SearchCode::Unavailable, error.to_string())
}

/// One step of a re-index.
enum Step {
    Walked(u64),
    Swapped,
    /// By another process.
    Ended,
}

impl Indexing {
    /// Products have changed: the index inside takes it over, the one outside will. Whoever gave the unit of work commits.
    pub(crate) async fn products_changed(&self, tx: &mut Tx, ctx: &Ctx, ids: &[ProductId]) -> Outcome<()> {
        store::lock(tx, self.inside.name()).await?;
        self.take_over(tx, ctx, &*self.inside, ids).await?;
        if let Some(outside) = &self.outside {
            store::wait(tx, ctx, outside.name(), ids).await?;
        }
        Ok(())
    }

    /// Writes what products are now, to both copies of an index. Its lock is held.
    async fn take_over(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        index: &dyn SearchIndex,
        ids: &[ProductId],
    ) -> Outcome<()> {
        let rebuilding = store::state(tx, index.name()).await?.next_form.is_some();
        for ids in ids.chunks(AT_ONCE) {
            let documents = self.documents(ctx, ids).await?;
            let there: HashSet<ProductId> = documents.iter().map(|document| document.id).collect();
            let gone: Vec<ProductId> = ids.iter().copied().filter(|id| !there.contains(id)).collect();
            index.write(Copy::Live, &documents, &gone).await.map_err(|error| failed(&error))?;
            if rebuilding {
                match index.write(Copy::Next, &documents, &gone).await {
                    // The re-index has ended without telling, or was wiped: it begins anew, with what is there then.
                    Ok(()) | Err(IndexError::Missing(_)) => {}
                    Err(error) => return Err(failed(&error)),
                }
            }
        }
        Ok(())
    }

    async fn documents(&self, ctx: &Ctx, ids: &[ProductId]) -> Outcome<Vec<Document>> {
        let facts = self.products.facts_by_id(ctx, ids).await;
        let facts = facts.map_err(|failure| failure.map_code(|_| SearchCode::Unavailable))?;
        Ok(facts.into_iter().map(|facts| documents::document(facts, &self.facets)).collect())
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn SearchIndex>> {
        std::iter::once(&self.inside).chain(&self.outside)
    }

    fn named(&self, name: &str) -> Outcome<&Arc<dyn SearchIndex>> {
        let names = || self.indexes().join(", ");
        self.all().find(|index| index.name() == name).ok_or_else(|| {
            let message = format!("There is no search index {name:?}; there is {}.", names());
            Failure::refused(SearchCode::IndexNotFound, message)
        })
    }

    /// Stands for all that decides what documents look like.
    fn form(&self, index: &dyn SearchIndex) -> String {
        format!("{}/{}", index.form(), self.facets.join(","))
    }

    /// Opens the next copy, or finds the one that a re-index before has not finished.
    async fn begin(&self, ctx: &Ctx, index: &dyn SearchIndex) -> Outcome<()> {
        let form = self.form(index);
        let mut tx = self.db.begin().await?;
        store::lock(&mut tx, index.name()).await?;
        let state = store::state(&mut tx, index.name()).await?;
        let is_begun = state.next_form.as_ref() == Some(&form)
            && index.count(Copy::Next).await.map_err(|error| failed(&error))?.is_some();
        if !is_begun {
            index.prepare_next().await.map_err(|error| failed(&error))?;
            let state = State { next_form: Some(form), walked_to: None, ..state };
            store::put_state(&mut tx, ctx, index.name(), &state).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The next products into the next copy; behind the last one, the copies are swapped. Several processes that do this at
    /// once share the work.
    async fn step(&self, ctx: &Ctx, index: &dyn SearchIndex) -> Outcome<Step> {
        let form = self.form(index);
        let mut tx = self.db.begin().await?;
        store::lock(&mut tx, index.name()).await?;
        let state = store::state(&mut tx, index.name()).await?;
        if state.next_form.as_ref() != Some(&form) {
            return Ok(Step::Ended);
        }
        let after = state.walked_to.map(ProductId);
        let ids = self.products.active_after(ctx, after, AT_ONCE as u32).await;
        let ids = ids.map_err(|failure| failure.map_code(|_| SearchCode::Unavailable))?;
        let (step, state) = if let Some(last) = ids.last() {
            let documents = self.documents(ctx, &ids).await?;
            index.write(Copy::Next, &documents, &[]).await.map_err(|error| failed(&error))?;
            (Step::Walked(documents.len() as u64), State { walked_to: Some(last.0), ..state })
        } else {
            index.swap().await.map_err(|error| failed(&error))?;
            (Step::Swapped, State { live_form: Some(form), next_form: None, walked_to: None })
        };
        store::put_state(&mut tx, ctx, index.name(), &state).await?;
        tx.commit().await?;
        Ok(step)
    }

    /// Takes changes to the index outside, unless somebody else is at it.
    async fn pass_on(&self, ctx: &Ctx, index: &dyn SearchIndex) -> Outcome<()> {
        loop {
            let mut tx = self.db.begin().await?;
            if !store::try_lock(&mut tx, index.name()).await? {
                return Ok(());
            }
            let waiting = store::waiting(&mut tx, index.name(), AT_ONCE as i64).await?;
            if waiting.is_empty() {
                return Ok(());
            }
            let ids: Vec<ProductId> = waiting.iter().map(|one| ProductId(one.product_id)).collect();
            self.take_over(&mut tx, ctx, index, &ids).await?;
            store::passed_on(&mut tx, index.name(), &waiting).await?;
            tx.commit().await?;
        }
    }

    /// Whether searches of an index are answered from documents of the form in force.
    async fn is_current(&self, index: &dyn SearchIndex) -> Outcome<bool> {
        let mut tx = self.db.begin().await?;
        let state = store::state(&mut tx, index.name()).await?;
        tx.rollback().await?;
        if state.live_form != Some(self.form(index)) {
            return Ok(false);
        }
        if index.name() == self.inside.name() {
            return Ok(true); // Its tables are always there, and counting them is not for every other moment.
        }
        Ok(index.count(Copy::Live).await.map_err(|error| failed(&error))?.is_some())
    }

    async fn status_of(&self, ctx: &Ctx, index: &dyn SearchIndex) -> Outcome<IndexStatus> {
        let mut tx = self.db.begin().await?;
        let state = store::state(&mut tx, index.name()).await?;
        tx.rollback().await?;
        let documents = index.count(Copy::Live).await.map_err(|error| error.to_string());
        let is_there = matches!(documents, Ok(Some(_)));
        let rebuilt = match state.next_form {
            Some(_) => index.count(Copy::Next).await.ok().flatten(),
            None => None,
        };
        let backlog = store::backlog(self.db.pool(), ctx, index.name()).await?;
        Ok(IndexStatus {
            index: index.name(),
            documents,
            is_current: is_there && state.live_form == Some(self.form(index)),
            rebuilt,
            waiting: backlog.count.unsigned_abs(),
            behind_s: u64::try_from(backlog.seconds).unwrap_or(0),
        })
    }
}

#[async_trait]
impl SearchIndexing for Indexing {
    fn indexes(&self) -> Vec<&'static str> {
        self.all().map(|index| index.name()).collect()
    }

    async fn reindex(&self, index: &str, progress: Progress<'_>) -> Outcome<u64> {
        let index = self.named(index)?;
        let ctx = Ctx::system("search");
        self.begin(&ctx, &**index).await?;
        let mut written = index.count(Copy::Next).await.map_err(|error| failed(&error))?.unwrap_or(0);
        loop {
            match self.step(&ctx, &**index).await? {
                Step::Walked(documents) => {
                    written += documents;
                    progress(written);
                }
                Step::Swapped | Step::Ended => break,
            }
            if self.outside.as_ref().is_some_and(|outside| outside.name() == index.name()) {
                self.pass_on(&ctx, &**index).await?;
            }
        }
        Ok(index.count(Copy::Live).await.map_err(|error| failed(&error))?.unwrap_or(0))
    }

    async fn status(&self, ctx: &Ctx) -> Outcome<Vec<IndexStatus>> {
        let mut all = Vec::new();
        for index in self.all() {
            all.push(self.status_of(ctx, &**index).await?);
        }
        Ok(all)
    }

    async fn keep_up(&self, ctx: &Ctx) -> Outcome<()> {
        for index in self.all() {
            if !self.is_current(&**index).await? {
                tracing::info!(index = index.name(), "a search index is written anew");
                let written = self.reindex(index.name(), &|_| {}).await?;
                tracing::info!(index = index.name(), documents = written, "a search index was written anew");
            }
        }
        match &self.outside {
            Some(outside) => self.pass_on(ctx, &**outside).await,
            None => Ok(()),
        }
    }
}
