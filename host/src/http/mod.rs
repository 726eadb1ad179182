//! HTTP: the API at `/graphql`, probes and metrics. Limits stand in front of everything.

mod caller;
mod graphql;
mod probes;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::compose::Host;

/// What every request handler reaches.
pub struct App {
    /// The host.
    pub host: Host,
    metrics: PrometheusHandle,
    places: Semaphore,
}

/// A server that listens.
pub struct Server {
    /// Where it listens; tells the port when 0 was asked for.
    pub address: SocketAddr,
    listener: TcpListener,
    app: Arc<App>,
}

impl Server {
    /// Binds the configured address.
    pub async fn bind(host: Host, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let listen = host.config.server.listen.clone();
        let listener = TcpListener::bind(&listen)
            .await
            .with_context(|| format!("cannot listen on server.listen {listen:?}"))?;
        let address = listener.local_addr()?;
        let places = Semaphore::new(host.config.server.concurrent_requests);
        Ok(Self { address, listener, app: Arc::new(App { host, metrics, places }) })
    }

    /// The host behind it.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Serves until `stop` is ready, lets running requests end, then stops the host.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let router = router(self.app.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // Answers are written in one go; waiting for more to send would only add to them.
        let listener = self.listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
        if let Some(app) = Arc::into_inner(self.app) {
            app.host.stop().await;
        }
        Ok(())
    }
}

fn router(app: Arc<App>) -> Router {
    let server = &app.host.config.server;
    let body_limit = server.body_limit_kb * 1024;
    Router::new()
        .route("/graphql", post(graphql::execute).get(graphql::graphiql))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, server.request_timeout))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(body_limit))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| panicked()))
        .with_state(app)
}

/// A bug of ours; the panic's message is already in the log and nobody else's business.
fn panicked() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "something broke on our side").into_response()
}
