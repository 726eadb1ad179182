//! `vectis.observer`: told of events outside of any request. A call runs on a thread of its own, which is given up at the
//! deadline.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::events::stem_and_version;
use vectis_contracts::points::PointError;
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::event_observers::{Observed, Untold};
use vectis_plugin_api::abi::host::HostObj;
use vectis_plugin_api::abi::module::PluginModRef;
use vectis_plugin_api::abi::observer::{ObserverObj, Question, observe, remote};
use vectis_plugin_api::observer::{Event, ObserverCtx, Outcome};
use vectis_plugin_api::{Error, ErrorCode, Id};

use crate::adapters::waiting::{MAX_CALLS, Unanswered, Waiting};
use crate::adapters::{Adapter, id};
use crate::lifecycle::{Construct, Instance, PROCESS_FAULT, Recipe};
use crate::point::Point;
use crate::refusal::{Fault, cut};

/// After its budget a call is given this long to say so itself; a process is killed within.
const GRACE: Duration = Duration::from_millis(200);

/// What an observer is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObserverQuestion {
    /// The subscription's name.
    pub(crate) subscription: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) events: Vec<IncomingEvent>,
}

pub(crate) struct ObserverAdapter {
    instance: Instance<ObserverObj>,
    waiting: Waiting,
}

/// The object behind the wire.
const CONSTRUCT: Construct<ObserverObj> = Construct { here: construct, apart: |instance| remote(instance) };

/// Plugins built with 1.1 have none.
pub(crate) fn construct(
    module: PluginModRef,
    name: &str,
    config_json: &str,
    host: HostObj,
) -> Result<ObserverObj, Error> {
    let constructor = module.new_observer().ok_or_else(|| {
        Error::new(ErrorCode::UNSUPPORTED, "it is built with a plugin API before 1.2, which has no observers")
    })?;
    Ok(constructor(name.into(), config_json.into(), host).into_result()?)
}

impl Adapter for ObserverAdapter {
    const POINT: Point = Point::Observer;

    /// There is no first question: it would pass a made-up event on.
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

impl ObserverAdapter {
    /// Tells the plugin. Whoever drops the future breaks off what the plugin waits for.
    pub(crate) async fn tell(self: Arc<Self>, question: ObserverQuestion) -> Result<Vec<Observed>, Untold> {
        if let Some(why) = self.given_up() {
            return Err(Untold::Away(format!("{}: {why}", self.instance_name())));
        }
        let adapter = self.clone();
        let failed = |reason: String| Untold::Failed { reason, has_crashed: false };
        let name = self.instance_name();
        match self.waiting.answer(move || adapter.ask_and_look(&question)).await {
            Ok((Ok(outcomes), _)) => Ok(outcomes),
            Ok((Err(error), has_crashed)) => Err(Untold::Failed { reason: error.to_string(), has_crashed }),
            Err(Unanswered::Full) => Err(Untold::Away(format!(
                "{MAX_CALLS} calls of {name} have not come back; reload the plugins"
            ))),
            Err(Unanswered::BrokenOff) => Err(failed("the host broke off the call".to_owned())),
            Err(Unanswered::Late) => {
                let within = self.waiting.budget().as_millis();
                Err(failed(format!("{name} did not answer within {within} ms")))
            }
        }
    }

    /// Asks on this thread, and says whether it was the end of instance or process.
    fn ask_and_look(&self, question: &ObserverQuestion) -> (Result<Vec<Observed>, PointError>, bool) {
        let has_crashed = Cell::new(false);
        let wire = wire_question(question);
        let budget = self.instance.budget_ns();
        let answer = self.instance.ask(|plugin| {
            observe(plugin, budget, &wire).inspect_err(|error| {
                has_crashed.set(matches!(error.code, ErrorCode::PANICKED | PROCESS_FAULT));
            })
        });
        let checked = answer
            .and_then(|outcomes| checked(&wire.events, outcomes).map_err(|what| self.instance.lied(what)));
        (checked, has_crashed.get())
    }

    /// Asks on this thread.
    pub(crate) fn ask(&self, question: &ObserverQuestion) -> Result<Vec<Observed>, PointError> {
        self.ask_and_look(question).0
    }
}

/// An answer for each event, reasons where there must be some, and none taken that overtook another.
pub(super) fn checked(events: &[Event], outcomes: Vec<Outcome>) -> Result<Vec<Observed>, String> {
    if outcomes.len() != events.len() {
        return Err(format!("it gives {} answers to {} events", outcomes.len(), events.len()));
    }
    let mut held_back = BTreeSet::new();
    let mut observed = Vec::with_capacity(outcomes.len());
    for (event, outcome) in events.iter().zip(outcomes) {
        let aggregate = event.aggregate_id.known();
        observed.push(match outcome {
            Outcome::Taken if aggregate.is_some_and(|aggregate| held_back.contains(&aggregate)) => {
                let (id, kind) = (event.id, &event.aggregate_kind);
                return Err(format!(
                    "it takes {id} before an earlier event of the same {kind} that it wants again"
                ));
            }
            Outcome::Taken => Observed::Taken,
            Outcome::Retry { reason, .. } => {
                held_back.extend(aggregate);
                Observed::Retry(sentence(event, reason)?)
            }
            Outcome::GiveUp { reason, .. } => Observed::GiveUp(sentence(event, reason)?),
            _ => return Err(format!("its answer to {} has no meaning here", event.id)),
        });
    }
    Ok(observed)
}

fn sentence(event: &Event, reason: String) -> Result<String, String> {
    if reason.trim().is_empty() {
        return Err(format!("it does not take {} and does not say why", event.id));
    }
    Ok(cut(reason))
}

fn wire_question(question: &ObserverQuestion) -> Question {
    let ObserverQuestion { subscription, at, events } = question;
    let ctx = ObserverCtx::new(subscription.as_str(), at.timestamp_millis());
    Question { ctx, events: events.iter().map(wire_event).collect() }
}

/// What another system sent in need not say all of it.
fn wire_event(incoming: &IncomingEvent) -> Event {
    let IncomingEvent { id: event_id, event_type, envelope, .. } = incoming;
    let text = |name: &str| envelope.get(name).and_then(Value::as_str).unwrap_or_default();
    let version = stem_and_version(event_type).and_then(|(_, version)| version.parse().ok());
    let happened: Option<DateTime<Utc>> = text("occurredAt").parse().ok();
    let mut event = Event::default();
    event.id = id(*event_id);
    event.event_type.clone_from(event_type);
    event.schema_version = version.unwrap_or_default();
    text("aggregateKind").clone_into(&mut event.aggregate_kind);
    event.aggregate_id = text("aggregateId").parse::<Uuid>().map_or(Id::NIL, id);
    event.sequence = envelope.get("sequence").and_then(Value::as_i64).unwrap_or_default();
    event.occurred_at_ms = happened.map_or(0, |at| at.timestamp_millis());
    event.data = envelope.get("data").cloned().unwrap_or_default();
    event
}
