//! `/healthz`: the process lives. `/readyz`: it can serve, part by part. `/metrics`: figures for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use vectis_contracts::plugins::{PluginStatus, Plugins as _};
use vectis_kernel::Ctx;
use vectis_plugin_runtime::PluginRuntime;

use super::App;

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Asks every part at the same time; not ready when one does not answer within two seconds.
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let (database, plugins) = tokio::join!(database(&app), plugins(&app));
    let is_ready = database.is_ok() && plugins.is_ok();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let say = |part: Result<(), String>| part.map_or_else(|why| why, |()| "ok".to_owned());
    (status, Json(json!({ "ready": is_ready, "database": say(database), "plugins": say(plugins) })))
        .into_response()
}

async fn database(app: &App) -> Result<(), String> {
    let probe = async {
        let tx = app.host.db.begin().await?;
        tx.rollback().await
    };
    match tokio::time::timeout(Duration::from_secs(2), probe).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within two seconds".to_owned()),
    }
}

/// Required plugins must answer; others may be refused without harm to readiness.
async fn plugins(app: &App) -> Result<(), String> {
    let required = &app.host.config.plugins.required;
    if required.is_empty() {
        return Ok(());
    }
    let list =
        app.host.plugins.list(&Ctx::system("readyz")).await.map_err(|failure| format!("{failure:?}"))?;
    let missing: Vec<&str> = required
        .iter()
        .filter(|name| !list.iter().any(|p| p.name == **name && p.status == PluginStatus::Loaded))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("required plugins do not answer: {}", missing.join(", ")))
    }
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let pool = app.host.db.pool();
    metrics::gauge!("vectis_database_connections").set(f64_of(pool.size()));
    metrics::gauge!("vectis_requests_free_places")
        .set(f64_of(u32::try_from(app.places.available_permits()).unwrap_or(u32::MAX)));
    plugin_figures(&app.host.plugins);
    app.metrics.render().into_response()
}

/// Counted by the plugin runtime, handed on when asked for: a call costs nothing for being counted here.
fn plugin_figures(plugins: &PluginRuntime) {
    for (plugin, entry_points) in plugins.calls() {
        for calls in entry_points {
            let labels = [("plugin", plugin.clone()), ("point", calls.point), ("entry_point", calls.name)];
            metrics::counter!("vectis_plugin_calls_total", &labels).absolute(calls.calls);
            metrics::counter!("vectis_plugin_errors_total", &labels).absolute(calls.errors);
            metrics::gauge!("vectis_plugin_seconds_total", &labels).set(calls.total.as_secs_f64());
            for (quantile, duration) in [("0.5", calls.p50), ("0.99", calls.p99)] {
                let Some(duration) = duration else { continue };
                let [plugin, point, entry_point] = labels.clone();
                let labels = [plugin, point, entry_point, ("quantile", quantile.to_owned())];
                metrics::gauge!("vectis_plugin_call_seconds", &labels).set(duration.as_secs_f64());
            }
        }
    }
}

/// Prometheus counts in floating point; money never comes near it.
fn f64_of(count: u32) -> f64 {
    f64::from(count)
}
