//! Traces: which spans leave, where to, and how a request continues the trace of whoever sent it.

use std::collections::HashMap;

use anyhow::Context as _;
use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::Layer as _;
use uuid::Uuid;

use super::BoxedLayer;
use super::ids::Ids;
use crate::config;

/// The running exporter. What it still holds leaves when it is dropped.
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// `None` without a collector.
    pub(super) fn start(traces: &config::Traces) -> anyhow::Result<Option<Self>> {
        if traces.otlp_url.is_empty() {
            return Ok(None);
        }
        let endpoint = format!("{}/v1/traces", traces.otlp_url.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .with_timeout(traces.export_timeout)
            .build()
            .with_context(|| format!("traces.otlp_url {:?} is no address of a collector", traces.otlp_url))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            // By the trace's id alone, so that all processes of a shop keep or leave the same traces.
            .with_sampler(Sampler::TraceIdRatioBased(traces.ratio))
            .with_id_generator(Ids::default())
            .with_resource(Resource::builder().with_service_name(traces.service.clone()).build())
            .build();
        opentelemetry::global::set_tracer_provider(provider.clone());
        vectis_events::traces::switch_on();
        Ok(Some(Self(provider)))
    }

    /// What hands spans to it.
    pub(super) fn layer(&self) -> BoxedLayer {
        let tracer = self.0.tracer("vectis");
        tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).boxed()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last spans were not taken by the collector");
        }
    }
}

/// The span of a request; below the caller's when its `traceparent` is believed.
pub(crate) fn of_request(headers: &HeaderMap, traces: &config::Traces) -> Span {
    let span = tracing::info_span!(
        "graphql",
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        graphql.operation.name = tracing::field::Empty,
    );
    if traces.accept_traceparent {
        let one = |name: &str| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()));
        let carrier: HashMap<String, String> =
            ["traceparent", "tracestate"].into_iter().filter_map(one).collect();
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        if parent.has_active_span() {
            // Without a collector there is no span to put below it.
            let _ = span.set_parent(parent);
        }
    }
    span
}

/// The trace that the present span belongs to; `None` without a collector.
pub(crate) fn current_trace_id() -> Option<Uuid> {
    let context = Span::current().context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| Uuid::from_bytes(span.trace_id().to_bytes()))
}
