//! Tasks on the wire: a question and its answer as JSON. A task is asked once in a while, so the cost of JSON does not count.

#![expect(unsafe_code, unused_qualifications, non_local_definitions, reason = "what #[sabi_trait] generates")]

use abi_stable::sabi_trait;
use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RBox, RResult, RStr, RString};
use serde::{Deserialize, Serialize};

use crate::abi::contain::{Guarded, contain};
use crate::abi::error::WireError;
use crate::abi::module::read_config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::host::Host;
use crate::points::task::{Task, TaskCtx, TaskReport, TaskRun};

/// A question. Grows by optional members only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub ctx: TaskCtx,
    pub run: TaskRun,
}

#[sabi_trait]
pub trait TaskWire: Send + Sync {
    /// A [`Question`] as JSON; the report as a JSON object. `budget_ns` is how long the run may take; 0 for as long as it likes.
    #[sabi(last_prefix_field)]
    fn run(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError>;
}

pub type TaskObj = TaskWire_TO<'static, RBox<()>>;

impl<T: Task> TaskWire for Guarded<T> {
    fn run(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        self.call(|plugin| {
            let Question { mut ctx, run } = serde_json::from_str(question_json.as_str())
                .map_err(|error| Error::input(format!("the question cannot be read: {error}")))?;
            ctx.deadline = Deadline::after(budget_ns);
            let report = plugin.run(&ctx, &run)?;
            serde_json::to_string(&report)
                .map(RString::from)
                .map_err(|error| Error::internal(format!("the answer cannot be written: {error}")))
        })
    }
}

/// Puts a task behind its vtable and guard.
pub fn build<T: Task>(config_json: &str, host: Host) -> Result<TaskObj, Error> {
    let plugin = T::new(read_config(config_json)?, host)?;
    Ok(TaskWire_TO::from_value(Guarded::new(plugin), TD_Opaque))
}

/// Asks a plugin; its answer as the JSON text it wrote.
pub fn run_json(plugin: &TaskObj, budget_ns: u64, question_json: &str) -> Result<String, Error> {
    Ok(plugin.run(budget_ns, question_json.into()).into_result()?.into())
}

/// Asks a plugin.
pub fn run(plugin: &TaskObj, budget_ns: u64, question: &Question) -> Result<TaskReport, Error> {
    let question = serde_json::to_string(question).map_err(|error| Error::internal(error.to_string()))?;
    let answer = run_json(plugin, budget_ns, &question)?;
    serde_json::from_str(&answer)
        .map_err(|error| Error::internal(format!("its answer is no report: {error}")))
}

/// A task elsewhere.
pub trait RemoteTask: Send + Sync + 'static {
    fn run(&self, budget_ns: u64, question_json: &str) -> Result<String, Error>;
}

/// Contained like a plugin's own code: a panic that reaches a vtable ends the program.
struct Remote<T>(T);

impl<T: RemoteTask> TaskWire for Remote<T> {
    fn run(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        contain(|| self.0.run(budget_ns, question_json.as_str()).map(RString::from))
    }
}

/// Puts a task of another process behind the vtable.
pub fn remote(remote: impl RemoteTask) -> TaskObj {
    TaskWire_TO::from_value(Remote(remote), TD_Opaque)
}
