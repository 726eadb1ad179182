//! `vectis.task`: work that waits, and that nobody waits for but the scheduler. A run has a thread of its own, which is given up
//! at the deadline.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use vectis_contracts::plugin_schedules::{TakenRun, TaskReport};
use vectis_contracts::points::PointError;
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::task::{Question, TaskObj, remote, run};
use vectis_plugin_api::task::{TaskCtx, TaskReport as Answer, TaskRun};
use vectis_plugin_api::{Error, ErrorCode};

use crate::adapters::waiting::{MAX_CALLS, Unanswered, Waiting};
use crate::adapters::{Adapter, id};
use crate::lifecycle::{Construct, Instance, Recipe};
use crate::point::Point;
use crate::refusal::Fault;

/// Letters of a summary.
const MAX_LETTERS: usize = 500;
/// After its budget a run is given this long to say so itself; a process is killed within.
const GRACE: Duration = Duration::from_millis(500);

pub(crate) struct TaskAdapter {
    instance: Instance<TaskObj>,
    waiting: Waiting,
}

/// The object behind the wire.
const CONSTRUCT: Construct<TaskObj> = Construct { here: construct, apart: |instance| remote(instance) };

/// Plugins built with 1.0 and 1.1 have none.
pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<TaskObj, Error> {
    let constructor = module.new_task().ok_or_else(|| {
        Error::new(ErrorCode::UNSUPPORTED, "it is built with a plugin API before 1.2, which has no tasks")
    })?;
    Ok(constructor(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for TaskAdapter {
    const POINT: Point = Point::Task;

    /// There is no first question: it would do work that is not due.
    fn start(recipe: Recipe) -> Result<Self, Fault> {
        let waiting = Waiting::new(recipe.budget, GRACE);
        Ok(Self { instance: Instance::start(Self::POINT, recipe, CONSTRUCT)?, waiting })
    }

    fn has_given_up(&self) -> bool {
        self.instance.has_given_up()
    }

    fn given_up(&self) -> Option<String> {
        self.instance.given_up()
    }

    fn instance_name(&self) -> &str {
        self.instance.name()
    }
}

impl TaskAdapter {
    /// Has the plugin run. Whoever drops the future breaks off what the plugin waits for.
    pub(crate) async fn run(
        self: Arc<Self>,
        taken: TakenRun,
        now: DateTime<Utc>,
    ) -> Result<TaskReport, PointError> {
        let failed = |message: String| PointError::Failed {
            point: Self::POINT.group(),
            plugin: self.instance.name().to_owned(),
            message,
            retryable: true,
        };
        let adapter = self.clone();
        match self.waiting.answer(move || adapter.ask(&taken, now)).await {
            Ok(report) => report,
            Err(Unanswered::Full) => {
                Err(failed(format!("{MAX_CALLS} of its runs have not come back; reload the plugins")))
            }
            Err(Unanswered::BrokenOff) => Err(failed("the host broke off the run".to_owned())),
            Err(Unanswered::Late) => {
                Err(failed(format!("it did not end within {} ms", self.waiting.budget().as_millis())))
            }
        }
    }

    /// Asks on this thread.
    pub(crate) fn ask(&self, taken: &TakenRun, now: DateTime<Utc>) -> Result<TaskReport, PointError> {
        let question = wire_question(taken, now);
        let answer = self.instance.ask(|plugin| run(plugin, self.instance.budget_ns(), &question))?;
        checked(answer).map_err(|what| self.instance.lied(what))
    }
}

fn checked(Answer { count, summary, .. }: Answer) -> Result<TaskReport, String> {
    if summary.trim().is_empty() {
        return Err("its report has no summary".to_owned());
    }
    if summary.chars().count() > MAX_LETTERS {
        return Err(format!("the summary of its report has more than {MAX_LETTERS} letters"));
    }
    if i64::try_from(count).is_err() {
        return Err(format!("it counts {count} things, more than there can be"));
    }
    Ok(TaskReport { count, summary })
}

fn wire_question(taken: &TakenRun, now: DateTime<Utc>) -> Question {
    let mut run = TaskRun::new(&taken.declared.name, taken.slot_at.timestamp_millis());
    run.attempt = taken.attempt;
    run.is_late = taken.is_late;
    Question { ctx: TaskCtx::new(taken.declared.channel_id.map(id), now.timestamp_millis()), run }
}
