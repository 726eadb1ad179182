//! Work that comes round again and again, for ever: one at a time in the whole shop, whoever does it. A failure is tried again until it
//! works; nobody can cancel it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use vectis_kernel::Ctx;

use crate::ports::event_handler::IncomingEvent;
use crate::ports::process::{
    ActivityError, Command, Decision, Happening, Heard, Process, Retry, Run, StepError,
};

/// Rounds after which the past is forgotten.
const ROUNDS: u64 = 100;

/// Tries of a round: for ever, by the measure of people.
const TRIES: u32 = 1_000_000;

/// What one round does.
pub type Work =
    Box<dyn Fn(Ctx) -> Pin<Box<dyn Future<Output = Result<Value, ActivityError>> + Send>> + Send + Sync>;

/// Such work.
pub struct Recurring {
    name: &'static str,
    every: Duration,
    work: Work,
}

impl Recurring {
    /// Under a name, with this long between the end of one round and the beginning of the next.
    pub fn new<F, Fut>(name: &'static str, every: Duration, work: F) -> Self
    where
        F: Fn(Ctx) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, ActivityError>> + Send + 'static,
    {
        Self { name, every, work: Box::new(move |ctx| Box::pin(work(ctx))) }
    }

    fn round(number: u64, longest_wait_ms: u64) -> Command {
        Command::Run(Run {
            key: format!("round-{number}"),
            activity: "round".to_owned(),
            input: json!({ "round": number }),
            retry: Retry { attempts: TRIES, first_wait_ms: 500, longest_wait_ms },
        })
    }
}

#[async_trait]
impl Process for Recurring {
    fn name(&self) -> &'static str {
        self.name
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

    fn perpetual(&self) -> Option<Value> {
        Some(json!({}))
    }

    /// The state is the number of the round.
    fn step(&self, state: &Value, happening: &Happening, at: DateTime<Utc>) -> Result<Decision, StepError> {
        let round = state["round"].as_u64().unwrap_or(0);
        let wait_ms = u64::try_from(self.every.as_millis()).unwrap_or(u64::MAX);
        let every = TimeDelta::from_std(self.every).map_err(|error| StepError(error.to_string()))?;
        let (next, commands) = match happening {
            Happening::Started { .. } => (0, vec![Self::round(0, wait_ms)]),
            Happening::TimerFired { .. } if round + 1 >= ROUNDS => {
                (round, vec![Command::BeginAnew { input: json!({}) }])
            }
            Happening::TimerFired { .. } => (round + 1, vec![Self::round(round + 1, wait_ms)]),
            Happening::ActivityDone { .. }
            | Happening::ActivityRefused { .. }
            | Happening::ActivitySkipped { .. } => {
                (round, vec![Command::Wait { timer: "next".to_owned(), until: at + every }])
            }
            Happening::Signaled { .. } | Happening::CancelRequested { .. } => (round, Vec::new()),
        };
        Ok(Decision { state: json!({ "round": next }), commands })
    }

    async fn act(&self, ctx: &Ctx, _run: &Run) -> Result<Value, ActivityError> {
        (self.work)(ctx.clone()).await
    }
}
