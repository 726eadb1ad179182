//! An event of the outbox as a record of a log.

use std::collections::BTreeMap;

use uuid::Uuid;
use vectis_contracts::events::stem_and_version;
use vectis_contracts::ports::event_log::{Delivered, Record, header};
use vectis_db::outbox::OutboxEvent;

/// W3C trace context: the request's trace, and a span of the event's own.
fn traceparent(trace_id: Uuid, event_id: Uuid) -> String {
    let event = event_id.simple().to_string();
    format!("00-{}-{}-01", trace_id.simple(), &event[16..])
}

pub(crate) fn record(event: &OutboxEvent) -> Record {
    let version = stem_and_version(&event.event_type).map_or("1", |(_, version)| version);
    let headers = BTreeMap::from([
        (header::EVENT_ID.to_owned(), event.id.to_string()),
        (header::EVENT_TYPE.to_owned(), event.event_type.clone()),
        (header::SCHEMA_VERSION.to_owned(), version.to_owned()),
        (header::TRACEPARENT.to_owned(), traceparent(event.trace_id, event.id)),
    ]);
    Record {
        topic: event.topic.clone(),
        key: event.key(),
        headers,
        payload: event.payload.clone().into_bytes(),
    }
}

pub(crate) fn delivered(event: &OutboxEvent) -> Delivered {
    Delivered { record: record(event), partition: i32::from(event.lane), offset: event.position() }
}

/// The request a record came from, by its trace context.
pub(crate) fn trace_id(record: &Record) -> Option<Uuid> {
    record.headers.get(header::TRACEPARENT)?.split('-').nth(1)?.parse().ok()
}
