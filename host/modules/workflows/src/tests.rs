//! What becomes of an instance, without a database. With one, and with workers: `tests/it/workflows`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::process::{
    ActivityError, Command, Decision, Happening, Heard, Process, Run, StepError,
};
use vectis_kernel::Ctx;

use crate::advance::{Advanced, End, Message, Standing, advance};

/// Remembers all that happened to it, and answers a signal with the commands in its payload.
struct Parrot;

#[async_trait]
impl Process for Parrot {
    fn name(&self) -> &'static str {
        "parrot"
    }

    fn version(&self) -> u32 {
        1
    }

    fn event_types(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn hear(&self, _event: &IncomingEvent) -> Result<Heard, String> {
        Ok(Heard::Nothing)
    }

    fn step(&self, state: &Value, happening: &Happening, _at: DateTime<Utc>) -> Result<Decision, StepError> {
        let mut heard = state.as_array().cloned().unwrap_or_default();
        let (word, commands) = match happening {
            Happening::Started { .. } => ("started".to_owned(), Vec::new()),
            Happening::Signaled { name, .. } if name == "choke" => {
                return Err(StepError("choked".to_owned()));
            }
            Happening::Signaled { name, payload } => (name.clone(), serde_json::from_value(payload.clone())?),
            Happening::TimerFired { timer } => (timer.clone(), Vec::new()),
            other => (format!("{other:?}"), Vec::new()),
        };
        heard.push(json!(word));
        Ok(Decision { state: json!(heard), commands })
    }

    async fn act(&self, _ctx: &Ctx, _run: &Run) -> Result<Value, ActivityError> {
        Ok(Value::Null)
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn started() -> Message {
    Message { id: Uuid::from_u128(1), happening: Happening::Started { input: Value::Null } }
}

fn signal(id: u128, name: &str, commands: &[Command]) -> Message {
    let happening = Happening::Signaled { name: name.to_owned(), payload: json!(commands) };
    Message { id: Uuid::from_u128(id), happening }
}

fn wait(timer: &str, seconds: i64) -> Command {
    Command::Wait { timer: timer.to_owned(), until: now() + TimeDelta::seconds(seconds) }
}

fn fresh() -> Standing {
    Standing { state: Value::Null, sequence: 0, timers: BTreeMap::new() }
}

fn told(messages: Vec<Message>) -> Advanced {
    advance(&Parrot, fresh(), messages, now())
}

#[test]
fn the_beginning_comes_first_whatever_came_before_it() {
    let advanced = told(vec![signal(2, "a", &[]), started(), signal(3, "b", &[])]);

    assert_eq!(advanced.standing.state, json!(["started", "a", "b"]));
    assert_eq!(advanced.standing.sequence, 3);
    assert_eq!(advanced.taken, [1, 2, 3].map(Uuid::from_u128));
}

#[test]
fn a_second_beginning_is_none() {
    let standing = Standing { state: json!(["started"]), sequence: 1, timers: BTreeMap::new() };

    let advanced = advance(&Parrot, standing.clone(), vec![started()], now());

    assert_eq!(advanced.standing, standing);
    assert_eq!((advanced.taken.len(), advanced.steps.len()), (1, 0));
}

#[test]
fn timers_that_are_due_fire_in_order_and_those_dropped_do_not() {
    let commands = [wait("late", -1), wait("early", -2), wait("never", -3), wait("later", 1)];
    let drop = Command::Drop { timer: "never".to_owned() };

    let advanced = told(vec![started(), signal(2, "set", &commands), signal(3, "drop", &[drop])]);

    assert_eq!(advanced.standing.state, json!(["started", "set", "drop", "early", "late"]));
    assert_eq!(advanced.standing.timers.keys().collect::<Vec<_>>(), ["later"]);
}

#[test]
fn a_timer_set_anew_fires_at_its_new_time() {
    let anew = [wait("due", 5)];

    let advanced = told(vec![started(), signal(2, "set", &[wait("due", -5)]), signal(3, "anew", &anew)]);

    assert_eq!(advanced.standing.state, json!(["started", "set", "anew"]));
    assert_eq!(advanced.standing.timers["due"], now() + TimeDelta::seconds(5));
}

#[test]
fn after_the_end_nothing_happens_and_nothing_is_left() {
    let end = [wait("due", -1), Command::Complete { outcome: "good".to_owned() }];

    let advanced = told(vec![started(), signal(2, "end", &end), signal(3, "late", &[])]);

    assert_eq!(advanced.end, Some(End::Completed("good".to_owned())));
    assert_eq!(advanced.standing.state, json!(["started", "end"]));
    assert_eq!((advanced.standing.timers.len(), advanced.taken.len()), (0, 3));
}

#[test]
fn what_breaks_the_definition_is_not_taken_and_what_came_before_counts() {
    let advanced = told(vec![started(), signal(2, "a", &[]), signal(3, "choke", &[]), signal(4, "b", &[])]);

    assert_eq!(advanced.broken.as_deref(), Some("choked"));
    assert_eq!(advanced.standing.state, json!(["started", "a"]));
    assert_eq!(advanced.taken, [1, 2].map(Uuid::from_u128));
}

#[test]
fn beginning_anew_forgets_what_was() {
    let anew = [wait("due", 5), Command::BeginAnew { input: Value::Null }];

    let advanced = told(vec![started(), signal(2, "anew", &anew)]);

    assert!(advanced.is_anew);
    assert_eq!(
        advanced.standing,
        Standing { state: json!(["started"]), sequence: 1, timers: BTreeMap::new() }
    );
    assert_eq!(advanced.steps.len(), 1);
}
