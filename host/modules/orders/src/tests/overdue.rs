//! What time does to an approval request: what the process decides, and what that does to request, cart and stock.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::process::{ActivityError, Command, Happening, Heard, Retry, Run};
use vectis_kernel::ids::ApprovalRequestId;

use super::approving::{approve, decide, submitted};
use super::{Room, new_id, room, with_key};

const OPENED: &str = "2026-03-01T12:00:00Z";

fn opened() -> DateTime<Utc> {
    OPENED.parse().unwrap()
}

fn event(event_type: &str, data: &Value) -> IncomingEvent {
    IncomingEvent {
        id: new_id(),
        event_type: event_type.to_owned(),
        topic: "vectis.approvals".to_owned(),
        key: String::new(),
        envelope: json!({ "occurredAt": OPENED, "data": data }),
    }
}

/// The process of a request that was just opened.
struct Watched<'a> {
    room: &'a Room,
    state: Value,
}

impl<'a> Watched<'a> {
    /// What it asks for when the request opens goes along.
    fn begin(room: &'a Room, id: ApprovalRequestId) -> (Self, Vec<String>) {
        let requested = event("vectis.approvals.approval_requested.v1", &json!({ "requestId": id }));
        let Heard::Start { key, input } = room.approval_process.hear(&requested).unwrap() else {
            unreachable!("a request begins the process");
        };
        assert_eq!(key, id.to_string());
        let mut watched = Self { room, state: Value::Null };
        let asked = watched.after(0, &Happening::Started { input });
        (watched, asked)
    }

    /// What it asks for when something happens so many hours after the opening, in a word each.
    fn after(&mut self, hours: i64, happening: &Happening) -> Vec<String> {
        let at = opened() + TimeDelta::hours(hours);
        let decision = self.room.approval_process.step(&self.state, happening, at).unwrap();
        self.state = decision.state;
        decision.commands.iter().map(word).collect()
    }

    fn fired(&mut self, hours: i64, timer: &str) -> Vec<String> {
        self.after(hours, &Happening::TimerFired { timer: timer.to_owned() })
    }

    fn heard(&mut self, hours: i64, event_type: &str, data: &Value) -> Vec<String> {
        let Heard::Signal { name, payload, .. } =
            self.room.approval_process.hear(&event(event_type, data)).unwrap()
        else {
            unreachable!("it is a signal");
        };
        self.after(hours, &Happening::Signaled { name, payload })
    }
}

fn word(command: &Command) -> String {
    match command {
        Command::Run(run) => format!("run {}", run.key),
        Command::Wait { timer, until } => format!("{timer} in {} h", (*until - opened()).num_hours()),
        Command::Drop { timer } => format!("drop {timer}"),
        Command::Complete { outcome } => format!("complete: {outcome}"),
        Command::Cancel => "cancel".to_owned(),
        Command::BeginAnew { .. } => "begin anew".to_owned(),
    }
}

#[sqlx::test(migrations = false)]
async fn nobody_decides(pool: PgPool) {
    let room = room(pool).await;

    let (mut watched, asked) = Watched::begin(&room, new_id());

    assert_eq!(asked, ["remind in 24 h", "escalate in 72 h", "expire in 336 h"]);
    assert_eq!(watched.fired(24, "remind"), ["run remind-1", "remind in 48 h"]);
    assert_eq!(watched.fired(50, "remind"), ["run remind-2", "remind in 74 h"]);
    assert_eq!(watched.fired(72, "escalate"), ["run escalate"]);
    assert_eq!(watched.fired(74, "remind"), ["run remind-3"]);
    assert_eq!(watched.fired(336, "expire"), ["drop remind", "run expire"]);
    let done = Happening::ActivityDone { key: "expire".to_owned(), result: Value::Null };
    assert_eq!(watched.after(336, &done), ["complete: expired"]);
}

#[sqlx::test(migrations = false)]
async fn the_next_step_is_reminded_of_anew_and_the_last_ends_it(pool: PgPool) {
    let room = room(pool).await;
    let id: ApprovalRequestId = new_id();
    let (mut watched, _) = Watched::begin(&room, id);
    watched.fired(24, "remind");
    let decided = |status: &str| json!({ "requestId": id, "status": status });
    let event = "vectis.approvals.approval_decided.v1";

    assert_eq!(watched.heard(30, event, &decided("pending")), ["remind in 54 h"]);
    assert_eq!(watched.fired(54, "remind"), ["run remind-2", "remind in 78 h"]);
    assert_eq!(watched.heard(60, event, &decided("approved")), ["complete: approved"]);
}

#[sqlx::test(migrations = false)]
async fn a_request_taken_back_a_rule_against_it_or_staff_end_it(pool: PgPool) {
    let room = room(pool).await;
    let id: ApprovalRequestId = new_id();
    let begun = || Watched::begin(&room, id).0;
    let canceled = "vectis.approvals.approval_canceled.v1";
    let refused =
        |key: &str| Happening::ActivityRefused { key: key.to_owned(), reason: "it is approved".to_owned() };
    let cancel = Happening::CancelRequested { reason: "x".to_owned() };

    assert_eq!(begun().heard(1, canceled, &json!({ "requestId": id })), ["complete: canceled"]);
    assert_eq!(begun().after(1, &refused("expire")), ["complete: decided"]);
    assert_eq!(begun().after(1, &refused("remind-1")), Vec::<String>::new());
    assert_eq!(begun().after(1, &cancel), ["cancel"]);
}

/// Does a run of the process, under a key.
async fn act(room: &Room, key: &str, activity: &str, id: ApprovalRequestId) -> Result<Value, ActivityError> {
    let run = Run {
        key: activity.to_owned(),
        activity: activity.to_owned(),
        input: json!({ "requestId": id }),
        retry: Retry::default(),
    };
    room.approval_process.act(&with_key(&room.system(), key), &run).await
}

#[sqlx::test(migrations = false)]
async fn expiry_closes_the_request_and_gives_cart_and_stock_back_once(pool: PgPool) {
    let room = room(pool).await;
    let (cart, id) = submitted(&room).await;

    act(&room, "a", "remind", id).await.unwrap();
    assert_eq!(room.cart_status(&cart).await, "submitted");
    for _ in 0..2 {
        act(&room, "b", "expire", id).await.unwrap();
    }

    assert_eq!(room.cart_status(&cart).await, "open");
    let again = act(&room, "c", "expire", id).await;
    assert!(matches!(again, Err(ActivityError::Refused(_))), "{again:?}");
}

#[sqlx::test(migrations = false)]
async fn time_does_nothing_to_a_request_that_was_decided(pool: PgPool) {
    let room = room(pool).await;
    let (cart, id) = submitted(&room).await;
    decide(&room, &room.acting(&room.approver), approve(id)).await.unwrap();

    for activity in ["remind", "escalate", "expire"] {
        let refused = act(&room, activity, activity, id).await;
        assert!(matches!(refused, Err(ActivityError::Refused(_))), "{refused:?}");
    }

    assert_eq!(room.cart_status(&cart).await, "placed");
}
