//! The port on a server.

use std::collections::VecDeque;
use std::error::Error;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use vectis_contracts::ports::search_index::{Copy, Document, Found, IndexError, Query, SearchIndex};
use vectis_kernel::ids::ProductId;

use crate::http::Server;
use crate::shape;
use crate::tasks::{ended, number};

/// Bytes of documents sent at once.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Tasks of a re-index that may be under way: the server does many at a time better than one after the other.
const MOST_UNDER_WAY: usize = 32;

/// Where the server is, and what of it is ours.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `http://127.0.0.1:7700`
    pub url: String,
    /// A key that may search, write documents and settings, swap indexes and see tasks; empty for a server without keys.
    pub key: String,
    /// Name of the index; the one of a re-index has `-next` behind it.
    pub index: String,
    /// Facets beside the categories.
    pub facets: Vec<String>,
}

/// An index in Meilisearch.
pub struct Meilisearch {
    server: Server,
    index: String,
    facets: Vec<String>,
    under_way: Mutex<VecDeque<u64>>,
}

impl Meilisearch {
    /// Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let server = Server::new(&settings.url, &settings.key)?;
        let Settings { index, facets, .. } = settings;
        Ok(Self { server, index, facets, under_way: Mutex::default() })
    }

    fn uid(&self, copy: Copy) -> String {
        match copy {
            Copy::Live => self.index.clone(),
            Copy::Next => format!("{}-next", self.index),
        }
    }

    async fn create(&self, uid: &str) -> Result<(), IndexError> {
        let index = json!({ "uid": uid, "primaryKey": "id" });
        ended(&self.server, number(&self.server.post("/indexes", &index).await?)?).await?;
        let path = format!("/indexes/{uid}/settings");
        let task = self.server.patch(&path, &shape::settings(&self.facets)).await?;
        ended(&self.server, number(&task)?).await
    }

    /// Removes an index, if it is there.
    async fn remove(&self, uid: &str) -> Result<(), IndexError> {
        let removed = match self.server.delete(&format!("/indexes/{uid}")).await {
            Ok(task) => ended(&self.server, number(&task)?).await,
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) | Err(IndexError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends documents, in parts that the server takes.
    async fn send(&self, uid: &str, documents: &[Document]) -> Result<Vec<u64>, IndexError> {
        let path = format!("/indexes/{uid}/documents?primaryKey=id");
        let mut tasks = Vec::new();
        let mut body = String::new();
        for (place, document) in documents.iter().enumerate() {
            body.push(if body.is_empty() { '[' } else { ',' });
            body.push_str(&shape::document(document).to_string());
            if body.len() > MOST_BYTES || place + 1 == documents.len() {
                body.push(']');
                let part = Bytes::from(std::mem::take(&mut body));
                tasks.push(number(&self.server.send(Method::POST, &path, part).await?)?);
            }
        }
        Ok(tasks)
    }

    /// Waits for tasks of a re-index until so many may still be under way.
    async fn settle(&self, most: usize, more: Vec<u64>) -> Result<(), IndexError> {
        let mut under_way = self.under_way.lock().await;
        under_way.extend(more);
        while under_way.len() > most {
            let Some(first) = under_way.front().copied() else { break };
            ended(&self.server, first).await?;
            under_way.pop_front();
        }
        Ok(())
    }
}

#[async_trait]
impl SearchIndex for Meilisearch {
    fn name(&self) -> &'static str {
        "meilisearch"
    }

    fn form(&self) -> String {
        shape::FORM.to_owned()
    }

    async fn search(&self, query: &Query) -> Result<Found, IndexError> {
        // To the server, an empty list of audiences would be no condition at all.
        if query.audience.is_empty() {
            let facets = query.facets.iter().map(|facet| (facet.clone(), Vec::new())).collect();
            return Ok(Found { facets, ..Found::default() });
        }
        let path = format!("/indexes/{}/search", self.index);
        let answer = self.server.post(&path, &shape::search(query)).await?;
        shape::found(&answer, query)
    }

    async fn write(&self, copy: Copy, documents: &[Document], gone: &[ProductId]) -> Result<(), IndexError> {
        let uid = self.uid(copy);
        // Documents for an index that is not there would make one, without settings.
        self.server.get(&format!("/indexes/{uid}")).await?;
        let mut tasks = self.send(&uid, documents).await?;
        if !gone.is_empty() {
            let ids: Vec<_> = gone.iter().map(|id| id.0).collect();
            let task =
                self.server.post(&format!("/indexes/{uid}/documents/delete-batch"), &json!(ids)).await?;
            tasks.push(number(&task)?);
        }
        match copy {
            Copy::Next => self.settle(MOST_UNDER_WAY, tasks).await,
            Copy::Live => {
                for task in tasks {
                    ended(&self.server, task).await?;
                }
                Ok(())
            }
        }
    }

    async fn count(&self, copy: Copy) -> Result<Option<u64>, IndexError> {
        let stats: Value = match self.server.get(&format!("/indexes/{}/stats", self.uid(copy))).await {
            Ok(stats) => stats,
            Err(IndexError::Missing(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let count = stats["numberOfDocuments"].as_u64();
        count
            .map(Some)
            .ok_or_else(|| IndexError::Unavailable("it does not say how many documents".to_owned()))
    }

    async fn prepare_next(&self) -> Result<(), IndexError> {
        self.under_way.lock().await.clear();
        let next = self.uid(Copy::Next);
        self.remove(&next).await?;
        self.create(&next).await
    }

    async fn swap(&self) -> Result<(), IndexError> {
        self.settle(0, Vec::new()).await?;
        let (live, next) = (self.uid(Copy::Live), self.uid(Copy::Next));
        match self.server.get(&format!("/indexes/{live}")).await {
            Ok(_) => {}
            Err(IndexError::Missing(_)) => self.create(&live).await?,
            Err(error) => return Err(error),
        }
        let task = self.server.post("/swap-indexes", &json!([{ "indexes": [live, next] }])).await?;
        ended(&self.server, number(&task)?).await?;
        self.remove(&next).await
    }
}
