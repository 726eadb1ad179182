//! The batches an observer is told. It may not take any of them: the kit's other sides are no good.

use std::collections::BTreeSet;

use chrono::DateTime;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::events::{SCHEMAS, topic_of};
use vectis_contracts::ports::event_handler::IncomingEvent;

use crate::adapters::ObserverQuestion;
use crate::conformance::dice::{Dice, Words};
use crate::conformance::exam::Asked;

const RANDOM: usize = 30;
const PLACED: &str = "vectis.orders.order_placed.v1";
const MOVED: &str = "vectis.orders.order_state_changed.v1";
/// What no log may hold.
pub(super) const PRIVATE: [&str; 2] = ["PO-of-Erika-Mustermann", "erika@mustermann.example"];

pub(super) fn of(events: Vec<IncomingEvent>) -> ObserverQuestion {
    let at = DateTime::from_timestamp(1_768_478_400, 0).unwrap_or_default();
    ObserverQuestion { subscription: "conformance".to_owned(), at, events }
}

/// An event of an aggregate, both by number.
fn event(event_type: &str, aggregate: u128, sequence: i64, data: Value) -> IncomingEvent {
    let id = Uuid::from_u128(aggregate << 32 | u128::from(sequence.unsigned_abs()));
    let aggregate_id = Uuid::from_u128(aggregate);
    let mut envelope = json!({
        "id": id, "type": event_type, "aggregateKind": "order", "aggregateId": aggregate_id, "sequence": sequence,
        "occurredAt": "2026-01-15T11:59:00Z", "traceId": Uuid::from_u128(9),
    });
    envelope["data"] = data;
    IncomingEvent {
        id,
        event_type: event_type.to_owned(),
        topic: topic_of(event_type).to_owned(),
        key: aggregate_id.to_string(),
        envelope,
    }
}

fn placed(number: u128) -> Value {
    let money = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    json!({
        "orderId": Uuid::from_u128(number), "number": (1_000_000 + number).to_string(), "channelId": Uuid::from_u128(1),
        "cartId": Uuid::from_u128(2), "approvalRequestId": null, "accountId": Uuid::from_u128(3), "locationId": null,
        "employeeId": null, "customerId": null, "process": "b2b-order-process/b2b@1.0.0", "state": "Confirmed",
        "poNumber": "", "paymentTerms": "Net30", "currency": "EUR",
        "totals": { "net": money("100.00"), "tax": money("19.00"), "gross": money("119.00") },
        "lines": [{
            "lineId": Uuid::from_u128(4), "variantId": Uuid::from_u128(5), "sku": "A-1", "quantity": "2",
            "unitPrice": money("50.00"),
        }],
    })
}

/// Orders placed, each another.
pub(super) fn apart(count: usize) -> Vec<IncomingEvent> {
    (1..=count as u128).map(|number| event(PLACED, number, 1, placed(number))).collect()
}

/// Placed, and moved twice.
pub(super) fn of_one_order(number: u128) -> Vec<IncomingEvent> {
    let order = 1_000 + number;
    let moved = |from: &str, to: &str| json!({ "orderId": Uuid::from_u128(order), "from": from, "to": to });
    vec![
        event(PLACED, order, 1, placed(order)),
        event(MOVED, order, 2, moved("Confirmed", "Fulfilled")),
        event(MOVED, order, 3, moved("Fulfilled", "Completed")),
    ]
}

/// Whether each is about something else.
pub(super) fn are_apart(events: &[IncomingEvent]) -> bool {
    let keys: BTreeSet<_> = events.iter().map(|event| &event.key).collect();
    keys.len() == events.len()
}

pub(super) fn private() -> IncomingEvent {
    let mut data = placed(77);
    data["poNumber"] = PRIVATE[0].into();
    data["contact"] = json!({ "email": PRIVATE[1] });
    event(PLACED, 77, 1, data)
}

/// Events that nobody can have expected.
pub(super) fn strangers() -> Vec<(String, IncomingEvent)> {
    let mut envelopes: Vec<(&str, IncomingEvent)> = vec![
        ("an unknown type", event("vectis.gardens.tree_planted.v1", 500, 1, json!({ "tree": "oak" }))),
        ("a later version", event("vectis.orders.order_placed.v99", 501, 1, placed(501))),
        ("data that is null", event(PLACED, 502, 1, Value::Null)),
        ("data that is a list", event(PLACED, 503, 1, json!([1, [2, "3"]]))),
        ("data without members", event(PLACED, 504, 1, json!({}))),
        (
            "members of other kinds",
            event(PLACED, 505, 1, json!({ "orderId": 7, "number": {}, "totals": "much", "lines": 3 })),
        ),
        ("a type without words", event("", 506, 1, placed(506))),
        ("a type of other letters", event("🦀.\u{202e}מ.a'b\"\n\0", 507, 1, placed(507))),
        ("a sequence below zero", event(PLACED, 508, i64::MIN, placed(508))),
    ];
    let mut bare = event(PLACED, 509, 1, Value::Null);
    bare.envelope = json!({});
    envelopes.push(("an envelope without members", bare));
    envelopes.into_iter().map(|(name, event)| (name.to_owned(), event)).collect()
}

pub(super) fn all(words: &Words, dice: &mut Dice) -> Vec<Asked<ObserverQuestion>> {
    let mut all = vec![
        Asked::extreme("an order placed", of(apart(1))),
        Asked::extreme("ten orders placed", of(apart(10))),
        Asked::extreme("an order and what became of it", of(of_one_order(1))),
        Asked::extreme("an event and its copy", of(vec![apart(1).remove(0), apart(1).remove(0)])),
        Asked::extreme("no events", of(Vec::new())),
        Asked::extreme("an order of 10,000 lines", of(vec![large()])),
    ];
    for (name, stranger) in strangers() {
        all.push(Asked::extreme(name, of(vec![stranger])));
    }
    for (number, (event_type, _)) in SCHEMAS.iter().enumerate() {
        all.push(Asked::extreme(
            *event_type,
            of(vec![event(event_type, 600 + number as u128, 1, json!({}))]),
        ));
    }
    for word in words.texts.iter().take(20) {
        let mut data = placed(800);
        data["state"] = word.as_str().into();
        all.push(Asked::extreme(format!("an order in {word:?}"), of(vec![event(PLACED, 800, 1, data)])));
    }
    for number in 0..RANDOM {
        let some = (0..dice.below(8)).map(|_| {
            let order = u128::try_from(dice.between(900, 905)).unwrap_or_default();
            event(dice.pick(&[PLACED, MOVED]), order, dice.between(1, 1_000), placed(order))
        });
        all.push(Asked::extreme(format!("events by dice, {number}"), of(some.collect())));
    }
    all
}

fn large() -> IncomingEvent {
    let mut data = placed(700);
    let line = data["lines"][0].clone();
    data["lines"] = vec![line; 10_000].into();
    event(PLACED, 700, 1, data)
}
