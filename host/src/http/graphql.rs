//! `POST /graphql`: one JSON request, one JSON answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use async_graphql::Response as Answer;
use async_graphql::http::GraphiQLSource;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::{Instrument as _, Span};
use vectis_graphql::refused;

use super::App;
use super::caller::{NoCaller, resolve};
use crate::telemetry::of_request;

/// Runs a request. Only `application/json` is taken: a browser sends it across origins only after asking first.
pub(super) async fn execute(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let started = Instant::now();
    let Ok(_place) = app.places.try_acquire() else {
        let mut response =
            answer(StatusCode::SERVICE_UNAVAILABLE, &refused("OVERLOADED", "too busy; try again"));
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    };
    let span = of_request(&headers, &app.host.config.traces);
    let (status, response) = run(&app, &headers, peer, &body).instrument(span.clone()).await;
    let outcome = if response.errors.is_empty() { "ok" } else { "error" };
    span.record("otel.status_code", outcome);
    drop(span);
    metrics::counter!("vectis_graphql_requests_total", "outcome" => outcome).increment(1);
    metrics::histogram!("vectis_graphql_request_seconds").record(started.elapsed());
    answer(status, &response)
}

async fn run(app: &App, headers: &HeaderMap, peer: SocketAddr, body: &Bytes) -> (StatusCode, Answer) {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        let message = "send the request as application/json";
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, refused("BAD_REQUEST", message));
    }
    let request = match serde_json::from_slice::<async_graphql::Request>(body) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("the body is not one GraphQL request in JSON: {error}");
            return (StatusCode::BAD_REQUEST, refused("BAD_REQUEST", &message));
        }
    };
    if let Some(name) = &request.operation_name {
        Span::current().record("graphql.operation.name", shortened(name));
    }
    match resolve(app, headers, peer).await {
        Ok(caller) => (StatusCode::OK, app.host.api.execute(request, Arc::new(caller)).await),
        Err(NoCaller::InvalidToken) => {
            let message = "the access token is not valid; sign in or refresh it";
            (StatusCode::UNAUTHORIZED, refused("UNAUTHENTICATED", message))
        }
        Err(NoCaller::BadHeader(message)) => (StatusCode::BAD_REQUEST, refused("BAD_REQUEST", &message)),
        Err(NoCaller::Unavailable) => (
            StatusCode::SERVICE_UNAVAILABLE,
            refused("UNAVAILABLE", "the database does not answer; try again"),
        ),
    }
}

/// A name is the client's own, and not all clients mean well.
fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(100)]
}

fn answer(status: StatusCode, response: &Answer) -> Response {
    let Ok(body) = serde_json::to_vec(response) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-store")];
    (status, headers, body).into_response()
}

/// GraphiQL, when the configuration shows it.
pub(super) async fn graphiql(State(app): State<Arc<App>>) -> Response {
    if app.host.config.server.graphiql {
        Html(GraphiQLSource::build().endpoint("/graphql").title("Vectis").finish()).into_response()
    } else {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
    }
}
