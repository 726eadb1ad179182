//! Logs to standard error, metrics for Prometheus, traces to an OpenTelemetry collector.

mod ids;
mod traces;
mod wanted;

use std::io::IsTerminal as _;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use crate::config::{Config, Log, LogFormat};
use traces::Traces;
pub(crate) use traces::{current_trace_id, of_request};
use wanted::Wanted;

/// What a process keeps until it ends: the last spans leave when it is dropped.
#[must_use]
pub struct Telemetry {
    _traces: Option<Traces>,
}

type BoxedLayer = Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync>;

/// Starts logs, and traces where they are configured. Fails on a filter or an address that does not parse; does nothing when
/// logging was started before (tests).
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let traces = Traces::start(&config.traces)?;
    subscribe(&config.log, traces.as_ref())?;
    Ok(Telemetry { _traces: traces })
}

/// Starts logs alone: for commands that nobody waits for.
pub fn start_logs(log: &Log) -> anyhow::Result<()> {
    subscribe(log, None)
}

/// One filter in front of everything. A filter for each layer remembers what it was last asked, and libraries that ask whether
/// a line is wanted and then write none would cost the next line of the log.
fn subscribe(log: &Log, traces: Option<&Traces>) -> anyhow::Result<()> {
    let events = EnvFilter::try_new(&log.filter)
        .map_err(|error| anyhow::anyhow!("log.filter {:?} does not parse: {error}", log.filter))?;
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines: BoxedLayer = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let mut layers = vec![lines];
    layers.extend(traces.map(Traces::layer));
    let wanted = Wanted { events, with_spans: traces.is_some() };
    // A second start in one process keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(layers).with(wanted).try_init();
    Ok(())
}

/// Starts collecting metrics; the handle renders them.
pub fn start_metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    // A second start in one process (tests) renders only its own, empty, recorder.
    let _ = metrics::set_global_recorder(recorder);
    handle
}
