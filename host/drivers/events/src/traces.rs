//! An event's part of the trace of the request it came from: sent, then taken in by each consumer.
//!
//! An event knows its trace's id alone. So the ids of two spans follow from what is known: the root of a trace from the trace's
//! id, the span of sending an event from the event's. Whoever generates ids asks here.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue, global};
use uuid::Uuid;
use vectis_contracts::ports::event_log::{Record, header};

/// Whether anybody takes traces. To ask the subscriber would cost the next line of the log: its filters remember what they
/// were last asked.
static ARE_WANTED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static PLANNED: Cell<Option<SpanId>> = const { Cell::new(None) };
}

/// From now on the traces of events are told.
pub fn switch_on() {
    ARE_WANTED.store(true, Ordering::Relaxed);
}

/// The id that the next span begun on this thread must have, once.
pub fn planned_span() -> Option<SpanId> {
    PLANNED.take()
}

/// The id of a trace's first span. Not the trace's own digits: another system may begin its spans with those.
pub fn root_span(trace: TraceId) -> SpanId {
    let [.., a, b, c, d, e, f, g, h] = trace.to_bytes();
    SpanId::from(u64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_be_bytes(*b"vectis.1"))
}

/// W3C trace context of an event: its trace, and the span of sending it.
pub(crate) fn traceparent(trace_id: Uuid, event_id: Uuid) -> String {
    let event = event_id.simple().to_string();
    format!("00-{}-{}-01", trace_id.simple(), &event[16..])
}

/// The request a record came from, by its trace context.
pub(crate) fn trace_id(record: &Record) -> Option<Uuid> {
    record.headers.get(header::TRACEPARENT)?.split('-').nth(1)?.parse().ok()
}

/// Says that records were sent, each in the trace it came from.
pub(crate) fn sent<'a>(records: impl Iterator<Item = &'a Record>, since: SystemTime) {
    if !ARE_WANTED.load(Ordering::Relaxed) {
        return;
    }
    for record in records {
        let Some(parent) = parent(record) else { continue };
        PLANNED.set(Some(parent.span_id()));
        let root = SpanContext::new(
            parent.trace_id(),
            root_span(parent.trace_id()),
            TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        );
        say("publish", SpanKind::Producer, record, root, since);
        PLANNED.take();
    }
}

/// Says that a consumer took records in, each in the trace it came from.
pub(crate) fn taken<'a>(
    consumer: &'static str,
    records: impl Iterator<Item = &'a Record>,
    since: SystemTime,
) {
    if !ARE_WANTED.load(Ordering::Relaxed) {
        return;
    }
    for record in records {
        if let Some(parent) = parent(record) {
            say(consumer, SpanKind::Consumer, record, parent, since);
        }
    }
}

fn say(what: &str, kind: SpanKind, record: &Record, parent: SpanContext, since: SystemTime) {
    let header = |name: &str| record.headers.get(name).cloned().unwrap_or_default();
    let tracer = global::tracer("vectis-events");
    let attributes = [
        KeyValue::new("messaging.destination.name", record.topic.clone()),
        KeyValue::new("messaging.message.id", header(header::EVENT_ID)),
    ];
    let mut span = tracer
        .span_builder(format!("{what} {}", header(header::EVENT_TYPE)))
        .with_kind(kind)
        .with_start_time(since)
        .with_attributes(attributes)
        .start_with_context(&tracer, &Context::new().with_remote_span_context(parent));
    span.end();
}

fn parent(record: &Record) -> Option<SpanContext> {
    let mut parts = record.headers.get(header::TRACEPARENT)?.split('-').skip(1);
    let (trace, span) = (parts.next()?, parts.next()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
    context.is_valid().then_some(context)
}
