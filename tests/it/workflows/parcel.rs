//! A process to try drivers with: a parcel is packed, waits for a word, and is sent; or it is too late, or packing is refused and undone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::process::{
    ActivityError, Command, Decision, Happening, Heard, Process, Retry, Run, StepError,
};
use vectis_kernel::Ctx;

/// What an activity does next time.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Fail(&'static str),
    Refuse(&'static str),
    Hang,
}

/// The world that parcels are in.
#[derive(Default)]
pub(super) struct World {
    /// What was done, by key of the run.
    pub(super) done: Mutex<Vec<String>>,
    /// What is to happen instead of doing it, one after the other, by activity.
    pub(super) plans: Mutex<BTreeMap<&'static str, Vec<Act>>>,
    /// Whether the definition fails over the word "go".
    pub(super) is_broken: Mutex<bool>,
}

impl World {
    pub(super) fn plan(&self, activity: &'static str, acts: &[Act]) {
        let reversed = acts.iter().rev().cloned().collect();
        self.plans.lock().unwrap().insert(activity, reversed);
    }

    pub(super) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
}

/// The definition.
pub(super) struct Parcel {
    pub(super) world: Arc<World>,
    pub(super) version: u32,
    /// How often it tries.
    pub(super) attempts: u32,
    /// How long it waits for the word.
    pub(super) patience: Duration,
}

impl Parcel {
    pub(super) fn new(world: &Arc<World>, version: u32, patience: Duration) -> Self {
        Self { world: world.clone(), version, attempts: 3, patience }
    }

    fn run(&self, activity: &str) -> Command {
        let retry = Retry { attempts: self.attempts, first_wait_ms: 1, longest_wait_ms: 5 };
        Command::Run(Run { key: activity.to_owned(), activity: activity.to_owned(), input: json!({}), retry })
    }
}

fn complete(outcome: &str) -> Vec<Command> {
    vec![Command::Complete { outcome: outcome.to_owned() }]
}

#[async_trait]
impl Process for Parcel {
    fn name(&self) -> &'static str {
        "parcel"
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn event_types(&self) -> Vec<&'static str> {
        vec!["vectis.test.parcel_made.v1", "vectis.test.parcel_told.v1"]
    }

    fn hear(&self, event: &IncomingEvent) -> Result<Heard, String> {
        let key = event.key.clone();
        Ok(match event.event_type.as_str() {
            "vectis.test.parcel_made.v1" => Heard::Start { key, input: json!({}) },
            _ => Heard::Signal { key, name: "go".to_owned(), payload: Value::Null },
        })
    }

    fn step(&self, state: &Value, happening: &Happening, at: DateTime<Utc>) -> Result<Decision, StepError> {
        let words = state["words"].as_u64().unwrap_or(0);
        let is_packed = state["isPacked"] == true;
        let mut next = json!({ "words": words, "isPacked": is_packed, "by": self.version });
        let commands = match happening {
            Happening::Started { .. } => vec![
                self.run("pack"),
                Command::Wait {
                    timer: "patience".to_owned(),
                    until: at + TimeDelta::from_std(self.patience).unwrap(),
                },
            ],
            Happening::Signaled { .. } if *self.world.is_broken.lock().unwrap() => {
                return Err(StepError("nobody thought of this".to_owned()));
            }
            Happening::Signaled { .. } => {
                next["words"] = json!(words + 1);
                if is_packed { vec![self.run("send")] } else { Vec::new() }
            }
            Happening::TimerFired { .. } => complete("late"),
            Happening::ActivityDone { key, .. } | Happening::ActivitySkipped { key, .. } => {
                match key.as_str() {
                    "pack" => {
                        next["isPacked"] = json!(true);
                        if words > 0 { vec![self.run("send")] } else { Vec::new() }
                    }
                    "send" => complete(&format!("sent after {words} words")),
                    "unpack-and-end" => vec![Command::Cancel],
                    _ => complete("given back"),
                }
            }
            Happening::ActivityRefused { .. } => vec![self.run("unpack")],
            Happening::CancelRequested { .. } => vec![self.run("unpack-and-end")],
        };
        Ok(Decision { state: next, commands })
    }

    async fn act(&self, ctx: &Ctx, run: &Run) -> Result<Value, ActivityError> {
        assert!(ctx.idempotency.is_some());
        let planned = {
            let mut plans = self.world.plans.lock().unwrap();
            plans.get_mut(run.activity.as_str()).and_then(Vec::pop)
        };
        match planned {
            Some(Act::Fail(reason)) => return Err(ActivityError::Failed(reason.to_owned())),
            Some(Act::Refuse(reason)) => return Err(ActivityError::Refused(reason.to_owned())),
            Some(Act::Hang) => std::future::pending().await,
            None => {}
        }
        self.world.done.lock().unwrap().push(run.key.clone());
        Ok(json!({ "by": self.version }))
    }
}
