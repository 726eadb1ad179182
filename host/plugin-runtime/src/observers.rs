//! Subscriptions of plugins: judged when a file is read, told when events come.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vectis_contracts::events::{SCHEMAS, topic_of};
use vectis_contracts::ports::event_handler::IncomingEvent;
use vectis_contracts::ports::event_observers::{
    Declared, EventObservers, Observed, Subscription, SubscriptionId, Untold,
};
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::subscriptions::{self as declared, Start, covers};

use crate::adapters::{Adapter as _, ObserverQuestion};
use crate::load::Library;
use crate::registry::PluginSet;
use crate::runtime::PluginRuntime;

/// The capability.
const EVENTS: &str = "events";

/// An event that never comes is a typing error.
pub(crate) fn check(manifest: &Manifest) -> Result<(), String> {
    for subscription in &manifest.subscriptions {
        for event in &subscription.events {
            check_event(event).map_err(|why| format!("[[subscriptions]] {}: {why}", subscription.name))?;
        }
    }
    Ok(())
}

fn check_event(event: &str) -> Result<(), String> {
    if SCHEMAS.iter().any(|(known, _)| covers(event, known)) {
        return Ok(());
    }
    let (what, known): (&str, Vec<String>) = match event.strip_suffix(".*") {
        Some(_) => (
            "no event is in the domain",
            SCHEMAS.iter().map(|(known, _)| format!("{}.*", topic_of(known))).collect(),
        ),
        None => ("there is no event type", SCHEMAS.iter().map(|(known, _)| (*known).to_owned()).collect()),
    };
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, event));
    let nearest = nearest.map(String::as_str).unwrap_or_default();
    Err(format!("{what} {event}; did you mean {nearest}? `vectis events schema` lists all"))
}

impl PluginRuntime {
    /// An event that it would be told of and was not granted.
    fn lacking(&self, library: &Library, subscription: &declared::Subscription) -> Option<String> {
        let granted = self.workshop.grants.of(library.name(), &library.sha256);
        let granted = granted.get(EVENTS).map(Vec::as_slice).unwrap_or_default();
        let is_granted = |event: &&String| granted.iter().any(|pattern| covers(pattern, event));
        subscription.events.iter().find(|event| !is_granted(event)).cloned()
    }

    /// Why a subscription is not told of anything now.
    fn waits(
        &self,
        set: &PluginSet,
        library: &Library,
        subscription: &declared::Subscription,
    ) -> Option<String> {
        let plugin = library.name();
        if let Some(lacking) = self.lacking(library, subscription) {
            return Some(format!(
                "{plugin} is not granted the events {lacking}; the operator can add events = [{lacking:?}] under \
                 [plugins.grants.{plugin}]"
            ));
        }
        match set.observers.find(plugin, &subscription.observer) {
            Ok(adapter) => adapter.given_up().map(|why| format!("{}: {why}", adapter.instance_name())),
            Err(why) => Some(why),
        }
    }
}

#[async_trait]
impl EventObservers for PluginRuntime {
    fn declared(&self) -> Declared {
        let set = self.current();
        let mut all = Declared::default();
        for library in set.files.iter().filter_map(|file| file.library.as_deref()) {
            all.plugins.insert(library.name().to_owned());
            all.subscriptions.extend(library.manifest.subscriptions.iter().map(|subscription| {
                Subscription {
                    id: SubscriptionId { plugin: library.name().to_owned(), name: subscription.name.clone() },
                    events: subscription.events.clone(),
                    from_beginning: subscription.start == Start::Beginning,
                    batch: subscription.batch,
                    is_granted: self.lacking(library, subscription).is_none(),
                    waits: self.waits(&set, library, subscription),
                }
            }));
        }
        all.subscriptions.sort_by(|one, other| one.id.cmp(&other.id));
        all
    }

    /// Always the set in force: a batch goes to whatever version answers when it is told.
    async fn tell(
        &self,
        id: &SubscriptionId,
        at: DateTime<Utc>,
        events: &[IncomingEvent],
    ) -> Result<Vec<Observed>, Untold> {
        let set = self.current();
        let library = set.plugin(&id.plugin);
        let found = library.and_then(|library| {
            let mut all = library.manifest.subscriptions.iter();
            Some((library, all.find(|subscription| subscription.name == id.name)?))
        });
        let Some((library, subscription)) = found else {
            return Err(Untold::Away(format!(
                "{} is not loaded, or has no subscription {}",
                id.plugin, id.name
            )));
        };
        if let Some(why) = self.waits(&set, library, subscription) {
            return Err(Untold::Away(why));
        }
        let adapter = set.observers.find(&id.plugin, &subscription.observer).map_err(Untold::Away)?;
        let question = ObserverQuestion { subscription: id.name.clone(), at, events: events.to_vec() };
        adapter.tell(question).await
    }
}
