use std::fmt::Display;

use super::{LogLine, NOW_MS, TestHost, construct};
use crate::abi::task::{self as wire, Question, TaskObj, build};
use crate::error::Error;
use crate::points::task::{Task, TaskCtx, TaskReport, TaskRun};

/// A task behind its vtable.
pub struct TaskHarness {
    object: TaskObj,
    host: TestHost,
}

/// Constructs a task from its configuration, a JSON text or a [`serde_json::Value`].
///
/// # Errors
/// What the host would be told: the configuration is wrong, or the constructor failed or panicked.
pub fn task<T: Task>(config_json: impl Display) -> Result<TaskHarness, Error> {
    task_on::<T>(&TestHost::default(), config_json)
}

/// The same with a host whose services the test plays.
///
/// # Errors
/// What the host would be told.
pub fn task_on<T: Task>(host: &TestHost, config_json: impl Display) -> Result<TaskHarness, Error> {
    let host = host.clone();
    Ok(TaskHarness { object: construct(build::<T>, config_json, &host)?, host })
}

/// The first attempt of the schedule `nightly`, due [now](NOW_MS); change what matters to the test.
pub fn task_run(change: impl FnOnce(&mut TaskRun)) -> TaskRun {
    let mut run = TaskRun::new("nightly", NOW_MS);
    change(&mut run);
    run
}

impl TaskHarness {
    /// Has it run for the whole shop, with as much time as it takes.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn run(&self, run: &TaskRun) -> Result<TaskReport, Error> {
        self.run_within(0, run)
    }

    /// Has it run with a time budget in nanoseconds.
    ///
    /// # Errors
    /// What the host would be told.
    pub fn run_within(&self, budget_ns: u64, run: &TaskRun) -> Result<TaskReport, Error> {
        let question = Question { ctx: TaskCtx::new(None, NOW_MS), run: run.clone() };
        wire::run(&self.object, budget_ns, &question)
    }

    /// What it logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.host.logs()
    }
}
