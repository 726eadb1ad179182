//! From a record to an event, without believing the sender.

use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::event_log::{Delivered, header};

/// A record that is no event, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEvent {
    /// The id it claims to have, or one made from its place: the same place always makes the same.
    pub id: Uuid,
    /// Why.
    pub reason: String,
}

/// The type of a record, from its headers or its payload, without reading further.
pub fn event_type(delivered: &Delivered) -> Option<String> {
    if let Some(event_type) = delivered.record.headers.get(header::EVENT_TYPE) {
        return Some(event_type.clone());
    }
    let envelope: Value = serde_json::from_slice(&delivered.record.payload).ok()?;
    Some(envelope.get("type")?.as_str()?.to_owned())
}

/// Reads the record. Id and type may stand in the headers, in the envelope, or in both.
pub fn read(delivered: &Delivered) -> Result<IncomingEvent, NoEvent> {
    let record = &delivered.record;
    let header = |name: &str| record.headers.get(name).map(String::as_str);
    let id_of = |text: Option<&str>| text.and_then(|text| text.parse::<Uuid>().ok());
    let from_header = id_of(header(header::EVENT_ID));
    let no_event = |reason: &str| NoEvent {
        id: from_header.unwrap_or_else(|| id_of_place(delivered)),
        reason: reason.to_owned(),
    };
    let envelope: Value = serde_json::from_slice(&record.payload)
        .map_err(|error| no_event(&format!("the payload is not JSON: {error}")))?;
    let text = |name: &str| envelope.get(name).and_then(Value::as_str);
    let id = from_header.or_else(|| id_of(text("id")));
    let id = id.ok_or_else(|| no_event("neither header nor envelope has an id that is a UUID"))?;
    let event_type = header(header::EVENT_TYPE).or_else(|| text("type"));
    let event_type = event_type.ok_or_else(|| no_event("neither header nor envelope has a type"))?;
    Ok(IncomingEvent {
        id,
        event_type: event_type.to_owned(),
        topic: record.topic.clone(),
        key: record.key.clone(),
        envelope,
    })
}

/// A UUID of the custom kind (version 8) from topic, partition and offset.
fn id_of_place(delivered: &Delivered) -> Uuid {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in delivered.record.topic.bytes().chain(delivered.partition.to_be_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&hash.to_be_bytes());
    bytes[8..].copy_from_slice(&delivered.offset.to_be_bytes());
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
