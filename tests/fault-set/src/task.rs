//! Empties a table of rows that are due, a hundred at once.

use std::sync::atomic::{AtomicU32, Ordering};

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::json;
use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::{Error, ErrorCode, Host};

use crate::fall_over;

/// What a test sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub(crate) struct Config {
    bug: Bug,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", rename_all = "kebab-case")]
#[schemars(inline)]
enum Bug {
    None,
    PanicsOnAnotherSchedule,
    CutsScheduleByBytes,
    PanicsOnSecondAttempt,
    PanicsWhenLate,
    OverflowPanics,
    CountsAttempts,
    CountsCalls,
    PerInstance,
    UsesHostClock,
    EmptySummary,
    EndlessSummary,
    SummaryOfManyLines,
    EmptyError,
    TrustsTables,
    LogsEachRow,
    HalfWithoutTime,
    DeadlineNotRetryable,
}

pub(crate) struct FaultyTask {
    bug: Bug,
    host: Host,
    number: u32,
    calls: AtomicU32,
}

static INSTANCES: AtomicU32 = AtomicU32::new(0);

impl Task for FaultyTask {
    type Config = Config;

    fn new(Config { bug }: Config, host: Host) -> Result<Self, Error> {
        let number = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { bug, host, number, calls: AtomicU32::new(0) })
    }

    fn run(&self, ctx: &TaskCtx, run: &TaskRun) -> Result<TaskReport, Error> {
        self.refuse(run)?;
        let mut emptied = 0;
        for batch in 0..20 {
            match (self.bug, ctx.check()) {
                (Bug::HalfWithoutTime, Err(_)) => return Ok(TaskReport::new(emptied, "ran out of time")),
                (Bug::DeadlineNotRetryable, Err(_)) => {
                    return Err(Error::new(ErrorCode::INTERNAL, "out of time"));
                }
                (_, outcome) => outcome?,
            }
            let rows = self.host.sql("empty", &json!({ "due_ms": run.due_ms, "batch": batch }))?;
            if self.bug == Bug::TrustsTables {
                emptied += rows[0]["count"].as_u64().expect("a count");
            }
            emptied += rows.first().and_then(|row| row["count"].as_u64()).unwrap_or_default();
            if self.bug == Bug::LogsEachRow {
                (0..10).for_each(|row| self.host.info(format!("row {row} of batch {batch}")));
            }
        }
        let count = emptied + self.miscounted(run);
        Ok(TaskReport::new(count, self.summary(count)))
    }
}

impl FaultyTask {
    fn refuse(&self, run: &TaskRun) -> Result<(), Error> {
        match self.bug {
            Bug::PanicsOnAnotherSchedule if run.schedule != "nightly" => {
                fall_over("there is but one schedule")
            }
            Bug::CutsScheduleByBytes if run.schedule[..3].is_empty() => Ok(()),
            Bug::PanicsOnSecondAttempt if run.attempt > 1 => fall_over("once is enough"),
            Bug::PanicsWhenLate if run.is_late => fall_over("nobody is late"),
            Bug::OverflowPanics => {
                let days = u32::try_from(run.due_ms / 86_400_000).expect("a day after 1970");
                if days == u32::MAX { fall_over("the last day") } else { Ok(()) }
            }
            Bug::EmptyError if run.is_late => Err(Error::input("")),
            _ => Ok(()),
        }
    }

    fn miscounted(&self, run: &TaskRun) -> u64 {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match self.bug {
            Bug::CountsAttempts => u64::from(run.attempt),
            Bug::CountsCalls => u64::from(call),
            Bug::PerInstance => u64::from(self.number),
            Bug::UsesHostClock => u64::try_from(self.host.now_ms() / 86_400_000).unwrap_or_default(),
            _ => 0,
        }
    }

    fn summary(&self, count: u64) -> String {
        match self.bug {
            Bug::EmptySummary => " ".to_owned(),
            Bug::EndlessSummary => "row, ".repeat(200),
            Bug::SummaryOfManyLines => format!("{count} rows\nof them\nall emptied"),
            _ => format!("{count} rows emptied"),
        }
    }
}
