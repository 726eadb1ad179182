//! A stand-in for a Meilisearch server: the endpoints that the driver uses, with the answers that its documentation shows. It
//! knows no more of search than the promises that tests ask about: all words, the last one by its beginning, slips, neighbours
//! as one word, filters, facets, order. Tests run against a real one where `VECTIS_TEST_MEILISEARCH_URL` names it.

mod engine;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Json, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The key that the stand-in wants.
pub const KEY: &str = "a-key-of-tests";

/// An index.
#[derive(Clone, Default)]
struct Index {
    documents: BTreeMap<String, Value>,
    settings: Value,
}

#[derive(Default)]
struct Shelf {
    indexes: BTreeMap<String, Index>,
    tasks: Vec<Value>,
    /// How long every answer takes.
    delay: Duration,
    /// Answers 500 to everything.
    is_broken: bool,
    searches: usize,
}

/// A running stand-in.
pub struct Meilisearch {
    shelf: Arc<Mutex<Shelf>>,
    address: std::net::SocketAddr,
    running: JoinSet<()>,
}

impl Meilisearch {
    /// An empty one.
    pub async fn start() -> Self {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let mut server = Self { shelf, address, running: JoinSet::new() };
        server.listen(listener);
        server
    }

    fn listen(&mut self, listener: TcpListener) {
        let router = Router::new().fallback(answer).with_state(self.shelf.clone());
        self.running.spawn(async move {
            axum::serve(listener, router).await.expect("the stand-in serves");
        });
    }

    /// For `search.meilisearch_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; its documents stay.
    pub async fn stop(&mut self) {
        self.running.shutdown().await;
    }

    /// Begins again, at the same place.
    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the port is still free");
        self.listen(listener);
    }

    /// Forgets everything.
    pub fn wipe(&self) {
        self.change(|shelf| shelf.indexes.clear());
    }

    /// Lets every answer take so long.
    pub fn slow_down(&self, delay: Duration) {
        self.change(|shelf| shelf.delay = delay);
    }

    /// Lets every answer be an error.
    pub fn break_down(&self, is_broken: bool) {
        self.change(|shelf| shelf.is_broken = is_broken);
    }

    /// Searches answered so far.
    pub fn searches(&self) -> usize {
        self.change(|shelf| shelf.searches)
    }

    /// Documents of an index, if it is there.
    pub fn documents(&self, index: &str) -> Option<Vec<Value>> {
        self.change(|shelf| Some(shelf.indexes.get(index)?.documents.values().cloned().collect()))
    }

    /// Settings of an index, if it is there.
    pub fn settings(&self, index: &str) -> Option<Value> {
        self.change(|shelf| Some(shelf.indexes.get(index)?.settings.clone()))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Shelf) -> T) -> T {
        change(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn answer(
    State(shelf): State<Arc<Mutex<Shelf>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (delay, is_broken) = {
        let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
        (shelf.delay, shelf.is_broken)
    };
    tokio::time::sleep(delay).await;
    if is_broken {
        return (StatusCode::INTERNAL_SERVER_ERROR, "internal").into_response();
    }
    if headers.get("authorization").is_none_or(|key| key != &format!("Bearer {KEY}")) {
        let message = "The provided API key is invalid.";
        return error(StatusCode::FORBIDDEN, "invalid_api_key", message);
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let path: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    match (method.as_str(), path.as_slice()) {
        ("GET", ["tasks", number]) => {
            let task = number.parse::<usize>().ok().and_then(|number| shelf.tasks.get(number).cloned());
            task.map_or_else(
                || error(StatusCode::NOT_FOUND, "task_not_found", "Task not found."),
                |task| Json(task).into_response(),
            )
        }
        ("GET", ["indexes", uid]) => found(&shelf, uid, |_| json!({ "uid": uid, "primaryKey": "id" })),
        ("GET", ["indexes", uid, "stats"]) => found(
            &shelf,
            uid,
            |index| json!({ "numberOfDocuments": index.documents.len(), "isIndexing": false, "fieldDistribution": {} }),
        ),
        ("POST", ["indexes", uid, "search"]) => {
            shelf.searches += 1;
            match shelf
                .indexes
                .get(*uid)
                .map(|index| engine::search(&index.documents, &index.settings, &body))
            {
                Some(Ok(answer)) => Json(answer).into_response(),
                Some(Err(message)) => error(StatusCode::BAD_REQUEST, "invalid_search_filter", &message),
                None => not_found(uid),
            }
        }
        (_, path) => match shelf.perform(method.as_str(), path, &body) {
            Some(outcome) => shelf.enqueue(outcome),
            None => error(StatusCode::NOT_FOUND, "not_found", "The stand-in does not know this."),
        },
    }
}

fn found(shelf: &Shelf, uid: &str, say: impl FnOnce(&Index) -> Value) -> Response {
    shelf.indexes.get(uid).map_or_else(|| not_found(uid), |index| Json(say(index)).into_response())
}

fn not_found(uid: &str) -> Response {
    error(StatusCode::NOT_FOUND, "index_not_found", &format!("Index `{uid}` not found."))
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let link = format!("https://docs.meilisearch.com/errors#{code}");
    let error = json!({ "message": message, "code": code, "type": "invalid_request", "link": link });
    (status, Json(error)).into_response()
}

impl Shelf {
    /// What the server does later, in order, done at once; an error where the task fails. `None` for what is not known.
    fn perform(&mut self, method: &str, path: &[&str], body: &Value) -> Option<Result<(), Value>> {
        let missing =
            |uid: &str| json!({ "message": format!("Index `{uid}` not found."), "code": "index_not_found" });
        match (method, path) {
            ("POST", ["indexes"]) => {
                let index = Index { settings: json!({}), ..Index::default() };
                self.indexes.entry(body["uid"].as_str()?.to_owned()).or_insert(index);
            }
            ("DELETE", ["indexes", uid]) => {
                if self.indexes.remove(*uid).is_none() {
                    return Some(Err(missing(uid)));
                }
            }
            ("PATCH", ["indexes", uid, "settings"]) => {
                self.indexes.entry((*uid).to_owned()).or_default().settings = body.clone();
            }
            // An index that is not there is made, without settings.
            ("POST", ["indexes", uid, "documents"]) => {
                let index = self.indexes.entry((*uid).to_owned()).or_default();
                for document in body.as_array()? {
                    index.documents.insert(document["id"].as_str()?.to_owned(), document.clone());
                }
            }
            ("POST", ["indexes", uid, "documents", "delete-batch"]) => {
                let Some(index) = self.indexes.get_mut(*uid) else { return Some(Err(missing(uid))) };
                body.as_array()?
                    .iter()
                    .filter_map(Value::as_str)
                    .for_each(|id| drop(index.documents.remove(id)));
            }
            ("POST", ["swap-indexes"]) => {
                for pair in body.as_array()? {
                    let (one, other) = (pair["indexes"][0].as_str()?, pair["indexes"][1].as_str()?);
                    let (Some(first), Some(second)) =
                        (self.indexes.get(one).cloned(), self.indexes.get(other).cloned())
                    else {
                        return Some(Err(missing(one)));
                    };
                    self.indexes.insert(one.to_owned(), second);
                    self.indexes.insert(other.to_owned(), first);
                }
            }
            _ => return None,
        }
        Some(Ok(()))
    }

    fn enqueue(&mut self, outcome: Result<(), Value>) -> Response {
        let number = self.tasks.len();
        let (status, error) = match outcome {
            Ok(()) => ("succeeded", Value::Null),
            Err(error) => ("failed", error),
        };
        self.tasks.push(json!({ "uid": number, "status": status, "error": error }));
        let enqueued = json!({ "taskUid": number, "indexUid": null, "status": "enqueued", "type": "documentAdditionOrUpdate",
                               "enqueuedAt": "2026-01-01T00:00:00.000000Z" });
        (StatusCode::ACCEPTED, Json(enqueued)).into_response()
    }
}
