//! Logs to standard error, metrics for Prometheus, traces to an OpenTelemetry collector.

mod ids;
mod traces;

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::filter::{FilterExt as _, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{Config, Log, LogFormat};
use traces::Traces;
pub(crate) use traces::{current_trace_id, of_request};

/// What a process keeps until it ends: the last spans leave when it is dropped.
#[must_use]
pub struct Telemetry {
    _traces: Option<Traces>,
}

type BoxedLayer = Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>;

/// Starts logs, and traces where they are configured. Fails on a filter or an address that does not parse; does nothing when
/// logging was started before (tests).
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let mut layers = vec![logs(&config.log)?];
    let traces = Traces::start(&config.traces)?;
    if let Some(traces) = &traces {
        layers.push(traces.layer());
    }
    // A second start in one process keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    Ok(Telemetry { _traces: traces })
}

/// Starts logs alone: for commands that nobody waits for.
pub fn start_logs(log: &Log) -> anyhow::Result<()> {
    let _ = tracing_subscriber::registry().with(logs(log)?).try_init();
    Ok(())
}

/// Spans are for traces: without a collector nobody takes note of them, and they cost nothing.
fn logs(log: &Log) -> anyhow::Result<BoxedLayer> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| anyhow::anyhow!("log.filter {:?} does not parse: {error}", log.filter))?;
    // Asked for every event: somebody who only asks whether an event were wanted, as sqlx does, leaves his answer behind, and the
    // next event of the thread would be taken for unwanted.
    let filter =
        filter.and(filter_fn(|metadata| metadata.is_event())).and(dynamic_filter_fn(|_, _| true));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    Ok(match log.format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    })
}

/// Starts collecting metrics; the handle renders them.
pub fn start_metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // A second start in one process (tests) renders only its own, empty, recorder.
    let _ = metrics::set_global_recorder(recorder);
    handle
}
