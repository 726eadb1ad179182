//! An event of the outbox as a record of a log.

use std::collections::BTreeMap;

use vectis_contracts::events::stem_and_version;
use vectis_contracts::ports::event_log::{Delivered, Record, header};
use vectis_db::outbox::OutboxEvent;

use crate::traces::traceparent;

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
