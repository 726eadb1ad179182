//! What becomes of an instance when it takes in what has happened. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::ports::process::{Command, Happening, Process, Run};

/// Something that an instance has still to take in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// Its id.
    pub(crate) id: Uuid,
    /// What happened.
    pub(crate) happening: Happening,
}

/// An instance as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// All it knows.
    pub(crate) state: Value,
    /// How much has happened to it.
    pub(crate) sequence: i64,
    /// What it waits for.
    pub(crate) timers: BTreeMap<String, DateTime<Utc>>,
}

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself.
    Completed(String),
    /// Because staff wanted it to.
    Canceled,
}

/// One happening and what it led to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) sequence: i64,
    pub(crate) happening: Happening,
    pub(crate) commands: Vec<Command>,
}

/// An instance afterwards, and what is to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Advanced {
    pub(crate) standing: Standing,
    /// Set when it is over.
    pub(crate) end: Option<End>,
    /// Why the definition failed; everything before counts.
    pub(crate) broken: Option<String>,
    /// Messages it needs no more.
    pub(crate) taken: Vec<Uuid>,
    pub(crate) steps: Vec<Step>,
    pub(crate) runs: Vec<Run>,
    /// Whether it forgets what was before.
    pub(crate) is_anew: bool,
}

/// Lets an instance take in its messages, the beginning first, the rest as they came; then the timers that are due.
pub(crate) fn advance(
    process: &dyn Process,
    standing: Standing,
    messages: Vec<Message>,
    now: DateTime<Utc>,
) -> Advanced {
    let mut advanced = Advanced {
        standing,
        end: None,
        broken: None,
        taken: Vec::new(),
        steps: Vec::new(),
        runs: Vec::new(),
        is_anew: false,
    };
    let (beginning, rest): (Vec<Message>, Vec<Message>) =
        messages.into_iter().partition(|message| matches!(message.happening, Happening::Started { .. }));
    for message in beginning.into_iter().chain(rest) {
        // A second beginning, or something that comes after the end.
        let is_late = advanced.end.is_some()
            || matches!(message.happening, Happening::Started { .. }) && advanced.standing.sequence > 0;
        if !is_late && !advanced.take_in(process, message.happening, now) {
            return advanced;
        }
        advanced.taken.push(message.id);
    }
    while let Some(timer) = advanced.next_due(now) {
        advanced.standing.timers.remove(&timer);
        if !advanced.take_in(process, Happening::TimerFired { timer }, now) {
            return advanced;
        }
    }
    advanced
}

impl Advanced {
    /// The timer that is due first.
    fn next_due(&self, now: DateTime<Utc>) -> Option<String> {
        if self.end.is_some() {
            return None;
        }
        let due = self.standing.timers.iter().filter(|(_, due_at)| **due_at <= now);
        due.min_by_key(|(name, due_at)| (**due_at, *name)).map(|(name, _)| name.clone())
    }

    /// False when the definition failed.
    fn take_in(&mut self, process: &dyn Process, happening: Happening, now: DateTime<Utc>) -> bool {
        let decision = match process.step(&self.standing.state, &happening, now) {
            Ok(decision) => decision,
            Err(error) => {
                if let Happening::TimerFired { timer } = happening {
                    // It is still due, should somebody mend the definition.
                    self.standing.timers.insert(timer, now);
                }
                self.broken = Some(error.to_string());
                return false;
            }
        };
        self.standing.state = decision.state;
        self.standing.sequence += 1;
        let mut anew = None;
        for command in &decision.commands {
            match command {
                Command::Run(run) => self.runs.push(run.clone()),
                Command::Wait { timer, until } => {
                    self.standing.timers.insert(timer.clone(), *until);
                }
                Command::Drop { timer } => {
                    self.standing.timers.remove(timer);
                }
                Command::Complete { outcome } => self.end = Some(End::Completed(outcome.clone())),
                Command::Cancel => self.end = Some(End::Canceled),
                Command::BeginAnew { input } => anew = Some(input.clone()),
            }
        }
        self.steps.push(Step { sequence: self.standing.sequence, happening, commands: decision.commands });
        if self.end.is_some() {
            self.standing.timers.clear();
            self.runs.clear();
        }
        match anew {
            Some(input) => self.begin_anew(process, input, now),
            None => true,
        }
    }

    fn begin_anew(&mut self, process: &dyn Process, input: Value, now: DateTime<Utc>) -> bool {
        if self.is_anew {
            self.broken = Some("begins anew over and over without waiting for anything".to_owned());
            return false;
        }
        self.is_anew = true;
        self.standing = Standing { state: Value::Null, sequence: 0, timers: BTreeMap::new() };
        self.steps.clear();
        self.runs.clear();
        self.take_in(process, Happening::Started { input }, now)
    }
}
