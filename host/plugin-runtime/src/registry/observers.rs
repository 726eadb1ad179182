//! `vectis.observer`: one instance of each entry point for the whole shop, because events belong to no channel.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use vectis_contracts::channels::StrategyBinding;

use super::{Plan, Slots, Started, Wanted, slug_of};
use crate::adapters::ObserverAdapter;
use crate::point::Point;

/// An instance, or why there is none.
type Told = Result<Started<ObserverAdapter>, String>;

/// Who is told, by plugin and entry point.
#[derive(Default)]
pub(crate) struct ObserverSlots {
    keeper: Slots<ObserverAdapter>,
    all: HashMap<(String, String), Told>,
}

impl ObserverSlots {
    /// The instance of an entry point.
    pub(crate) fn find(&self, plugin: &str, entry_point: &str) -> Result<Arc<ObserverAdapter>, String> {
        match self.all.get(&(plugin.to_owned(), entry_point.to_owned())) {
            Some(told) => told.as_ref().map(|started| started.in_force().clone()).map_err(Clone::clone),
            None => Err(format!("{plugin} is not loaded; put it back or switch it on")),
        }
    }

    /// The entry point of a plugin that runs without a configuration.
    pub(super) fn elsewhere(&self, plugin: &str) -> Option<&str> {
        self.keeper.elsewhere(plugin)
    }

    /// The instances of a plugin that are not told any more, a sentence each.
    pub(super) fn quarantined(&self, plugin: &str) -> Vec<String> {
        self.keeper.quarantined(plugin)
    }

    pub(super) fn build(plan: &mut Plan<'_>, old: &Self) -> Self {
        let mut slots = Self::default();
        let files = plan.files;
        for file in files {
            let Some(library) = &file.library else { continue };
            for entry in library.offers(Point::Observer) {
                let binding = binding(plan, library.name(), &entry.name);
                let told = match binding {
                    Some(binding) => {
                        let answering = slots.keeper.answer_binding(plan, &binding, &old.keeper);
                        answering.map_err(|error| error.to_string())
                    }
                    None => {
                        let wanted = Wanted { file, library, entry, config: &json!({}), channel: None };
                        slots.keeper.start_or_keep(plan, &wanted, &old.keeper).map_err(|fault| {
                            format!(
                                "{}/{} does not start without a configuration ({}); activate it with one in any channel",
                                library.name(),
                                entry.name,
                                fault.why
                            )
                        })
                    }
                };
                slots.all.insert((library.name().to_owned(), entry.name.clone()), told);
            }
        }
        slots
    }
}

/// The binding that counts: of the highest priority, among equals that of the channel whose slug comes first.
fn binding(plan: &Plan<'_>, plugin: &str, entry_point: &str) -> Option<StrategyBinding> {
    let bindings = plan.bindings.iter().filter(|binding| {
        binding.point == Point::Observer.group()
            && binding.plugin == plugin
            && binding.entry_point == entry_point
    });
    let rank =
        |binding: &&StrategyBinding| (Reverse(binding.priority), slug_of(plan.slugs, binding.channel_id));
    bindings.min_by_key(rank).cloned()
}
