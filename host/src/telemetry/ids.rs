//! Ids of traces and spans. Random but for two kinds of spans that others must find by a trace's id alone: an event in the
//! outbox knows the trace it came from and nothing else of it.

use std::cell::Cell;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use vectis_events::traces::{planned_span, root_span};

thread_local! {
    /// The root of the trace that this thread has just begun.
    static ROOT: Cell<Option<SpanId>> = const { Cell::new(None) };
}

/// The SDK asks for a trace's id and then, on the same thread, for the id of its first span.
#[derive(Debug, Default)]
pub(super) struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        let trace = self.0.new_trace_id();
        ROOT.set(Some(root_span(trace)));
        trace
    }

    fn new_span_id(&self) -> SpanId {
        planned_span().or_else(|| ROOT.take()).unwrap_or_else(|| self.0.new_span_id())
    }
}
