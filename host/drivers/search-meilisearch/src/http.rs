//! Requests to the server, and what its answers mean.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use vectis_contracts::ports::search_index::IndexError;

/// Longest that one request may take. Searches are given less by those who ask.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A server.
pub(crate) struct Server {
    url: String,
    authorization: Option<HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Server {
    pub(crate) fn new(url: &str, key: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let url = url.trim_end_matches('/').to_owned();
        url.parse::<http::Uri>()?;
        let mut roots = rustls::RootCertStore::empty();
        // A certificate of the system that cannot be read is one that nobody will be trusted by.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let mut authorization =
            if key.is_empty() { None } else { Some(HeaderValue::from_str(&format!("Bearer {key}"))?) };
        authorization.iter_mut().for_each(|value| value.set_sensitive(true));
        Ok(Self { url, authorization, client })
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, IndexError> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Value, IndexError> {
        self.send(Method::DELETE, path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, IndexError> {
        self.send(Method::POST, path, body.to_string().into()).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, IndexError> {
        self.send(Method::PATCH, path, body.to_string().into()).await
    }

    /// Sends a request; its answer, unless that is an error.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<Value, IndexError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request =
            request.body(Full::new(body)).map_err(|error| IndexError::Refused(error.to_string()))?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| unavailable(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
            let body = body.map_err(|error| IndexError::Unavailable(error.to_string()))?.to_bytes();
            read(status, &body)
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(IndexError::Unavailable(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

/// The innermost cause says most: `Connection refused`.
fn unavailable(error: &(dyn Error + 'static)) -> IndexError {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    IndexError::Unavailable(cause.to_string())
}

/// `{"message": …, "code": "index_not_found", "type": "invalid_request", "link": …}` where something is wrong.
fn read(status: StatusCode, body: &[u8]) -> Result<Value, IndexError> {
    let answer: Option<Value> =
        if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() };
    match answer {
        Some(answer) if status.is_success() => Ok(answer),
        Some(answer) if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
            Err(refusal(&answer))
        }
        _ => Err(IndexError::Unavailable(format!("it answers {status}"))),
    }
}

/// What an error of the server, or of one of its tasks, means.
pub(crate) fn refusal(error: &Value) -> IndexError {
    let message = error["message"].as_str().unwrap_or("it does not say why").to_owned();
    match error["code"].as_str() {
        Some("index_not_found") => IndexError::Missing(message),
        Some("invalid_api_key" | "missing_authorization_header") => {
            IndexError::Refused(format!("{message} Set search.meilisearch_key."))
        }
        _ => IndexError::Refused(message),
    }
}
