//! Events on the wire: a question and its answer as JSON. Events are JSON already, and a call waits for a network.

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
use crate::points::observer::{Event, Observer, ObserverCtx, Outcome};

/// A question. Grows by optional members only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub ctx: ObserverCtx,
    pub events: Vec<Event>,
}

#[sabi_trait]
pub trait ObserverWire: Send + Sync {
    /// A [`Question`] as JSON; the outcomes as a JSON array. `budget_ns` is how long the call may take; 0 for as long as it likes.
    #[sabi(last_prefix_field)]
    fn observe(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError>;
}

pub type ObserverObj = ObserverWire_TO<'static, RBox<()>>;

impl<T: Observer> ObserverWire for Guarded<T> {
    fn observe(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        self.call(|plugin| {
            let Question { mut ctx, events } = serde_json::from_str(question_json.as_str())
                .map_err(|error| Error::input(format!("the question cannot be read: {error}")))?;
            ctx.deadline = Deadline::after(budget_ns);
            let outcomes = plugin.observe(&ctx, &events)?;
            serde_json::to_string(&outcomes)
                .map(RString::from)
                .map_err(|error| Error::internal(format!("the answer cannot be written: {error}")))
        })
    }
}

/// Puts an observer behind its vtable and guard.
pub fn build<T: Observer>(config_json: &str, host: Host) -> Result<ObserverObj, Error> {
    let plugin = T::new(read_config(config_json)?, host)?;
    Ok(ObserverWire_TO::from_value(Guarded::new(plugin), TD_Opaque))
}

/// Asks a plugin; its answer as the JSON text it wrote.
pub fn observe_json(plugin: &ObserverObj, budget_ns: u64, question_json: &str) -> Result<String, Error> {
    Ok(plugin.observe(budget_ns, question_json.into()).into_result()?.into())
}

/// Asks a plugin.
pub fn observe(plugin: &ObserverObj, budget_ns: u64, question: &Question) -> Result<Vec<Outcome>, Error> {
    let question = serde_json::to_string(question).map_err(|error| Error::internal(error.to_string()))?;
    let answer = observe_json(plugin, budget_ns, &question)?;
    serde_json::from_str(&answer)
        .map_err(|error| Error::internal(format!("its answer is no list of outcomes: {error}")))
}

/// Events observed elsewhere.
pub trait RemoteObserver: Send + Sync + 'static {
    fn observe(&self, budget_ns: u64, question_json: &str) -> Result<String, Error>;
}

/// Contained like a plugin's own code: a panic that reaches a vtable ends the program.
struct Remote<T>(T);

impl<T: RemoteObserver> ObserverWire for Remote<T> {
    fn observe(&self, budget_ns: u64, question_json: RStr<'_>) -> RResult<RString, WireError> {
        contain(|| self.0.observe(budget_ns, question_json.as_str()).map(RString::from))
    }
}

/// Puts an observer of another process behind the vtable.
pub fn remote(remote: impl RemoteObserver) -> ObserverObj {
    ObserverWire_TO::from_value(Remote(remote), TD_Opaque)
}
