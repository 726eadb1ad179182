//! The envelope of a fact that leaves the platform through the outbox.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// A fact about one aggregate. The outbox adds id, sequence and time.
#[derive(Clone, Debug)]
pub struct Event {
    /// Full type: `vectis.orders.order_placed.v1`. A JSON Schema of the same name exists.
    pub event_type: &'static str,
    /// Kind of the aggregate: `order`.
    pub aggregate_kind: &'static str,
    /// Its id; also the broker key, so events of one aggregate stay in order.
    pub aggregate_id: Uuid,
    /// The facts. Money as decimal strings with a currency, never floats.
    pub payload: Value,
}

impl Event {
    /// An event from a serializable payload. Payload types are plain structs of strings, numbers and lists, so
    /// serialization cannot fail; if one ever does, the schema check at emit refuses the resulting null.
    pub fn new(
        event_type: &'static str,
        aggregate_kind: &'static str,
        aggregate_id: Uuid,
        payload: impl Serialize,
    ) -> Self {
        let payload = serde_json::to_value(payload).unwrap_or(Value::Null);
        Self { event_type, aggregate_kind, aggregate_id, payload }
    }

    /// The broker topic: `vectis.orders` of `vectis.orders.order_placed.v1`.
    pub fn topic(&self) -> &'static str {
        let second_dot = self.event_type.match_indices('.').nth(1).map(|(at, _)| at);
        second_dot.map_or(self.event_type, |at| &self.event_type[..at])
    }
}
