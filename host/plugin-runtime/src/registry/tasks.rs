//! `vectis.task` in all channels. Every task runs by itself, so an instance is found by plugin, entry point and channel, and one
//! that does not start takes only its own runs with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::json;
use vectis_contracts::plugin_releases::PluginVersion;
use vectis_contracts::plugin_schedules::DeclaredSchedule;
use vectis_contracts::points::PointError;
use vectis_kernel::ids::ChannelId;

use super::{Plan, Slots, Started, Wanted};
use crate::adapters::TaskAdapter;
use crate::point::Point;

/// Plugin, entry point, channel; the shop as a whole without one.
type Place = (String, String, Option<ChannelId>);

/// Who runs what.
#[derive(Default)]
pub(crate) struct TaskSlots {
    keeper: Slots<TaskAdapter>,
    placed: HashMap<Place, Result<Started<TaskAdapter>, PointError>>,
    /// By plugin, name and channel.
    pub(crate) schedules: Vec<DeclaredSchedule>,
}

impl TaskSlots {
    /// The instance that runs a schedule's task.
    pub(crate) fn find(&self, declared: &DeclaredSchedule) -> Result<Arc<TaskAdapter>, PointError> {
        let DeclaredSchedule { plugin, task, channel_id, .. } = declared;
        match self.placed.get(&(plugin.clone(), task.clone(), *channel_id)) {
            Some(Ok(started)) => Ok(started.in_force().clone()),
            Some(Err(error)) => Err(error.clone()),
            None => Err(PointError::Failed {
                point: Point::Task.group(),
                plugin: format!("{plugin}/{task}"),
                message: "it is no longer loaded".to_owned(),
                retryable: true,
            }),
        }
    }

    /// An entry point of a plugin that runs for the whole shop.
    pub(super) fn elsewhere(&self, plugin: &str) -> Vec<&str> {
        let own = self
            .placed
            .iter()
            .filter(|((of, _, channel), started)| of == plugin && channel.is_none() && started.is_ok());
        own.map(|((_, entry, _), _)| entry.as_str()).collect()
    }

    /// The instances of a plugin that are not asked any more, a sentence each.
    pub(super) fn quarantined(&self, plugin: &str) -> Vec<String> {
        self.keeper.quarantined(plugin)
    }

    pub(super) fn build(plan: &mut Plan<'_>, old: &Self) -> Self {
        let mut slots = Self::default();
        for binding in plan.bindings.iter().filter(|binding| binding.point == Point::Task.group()) {
            let started = slots.keeper.answer_binding(plan, binding, &old.keeper);
            let place = (binding.plugin.clone(), binding.entry_point.clone(), Some(binding.channel_id));
            slots.placed.insert(place, started);
        }
        slots.start_elsewhere(plan, old);
        slots.declare(plan);
        slots
    }

    /// Tasks that are activated nowhere run for the whole shop, if they can do without a configuration.
    fn start_elsewhere(&mut self, plan: &mut Plan<'_>, old: &Self) {
        let bound: BTreeSet<(String, String)> =
            self.placed.keys().map(|(plugin, entry, _)| (plugin.clone(), entry.clone())).collect();
        let files = plan.files;
        for file in files {
            let Some(library) = &file.library else { continue };
            for entry in library.offers(Point::Task) {
                let name = (library.name().to_owned(), entry.name.clone());
                if bound.contains(&name) {
                    continue;
                }
                let wanted = Wanted { file, library, entry, config: &json!({}), channel: None };
                let started = self.keeper.start_or_keep(plan, &wanted, &old.keeper);
                let started = started.map_err(|fault| PointError::Failed {
                    point: Point::Task.group(),
                    plugin: format!("{}/{}", name.0, name.1),
                    message: format!(
                        "it is not activated in a channel and does not start without a configuration ({}); activate it with one",
                        fault.why
                    ),
                    retryable: false,
                });
                self.placed.insert((name.0, name.1, None), started);
            }
        }
    }

    fn declare(&mut self, plan: &Plan<'_>) {
        for library in plan.files.iter().filter_map(|file| file.library.as_ref()) {
            let version = PluginVersion {
                version: library.manifest.plugin.version.clone(),
                sha256: library.sha256.clone(),
            };
            for (schedule, timing) in &library.schedules {
                let places = self.placed.keys();
                let places = places.filter(|(of, task, _)| of == library.name() && *task == schedule.task);
                let declared = places.map(|(plugin, task, channel_id)| DeclaredSchedule {
                    plugin: plugin.clone(),
                    name: schedule.name.clone(),
                    channel_id: *channel_id,
                    task: task.clone(),
                    timing: timing.clone(),
                    description: schedule.description.clone(),
                    version: version.clone(),
                });
                self.schedules.extend(declared);
            }
        }
        self.schedules
            .sort_by(|a, b| (&a.plugin, &a.name, a.channel_id).cmp(&(&b.plugin, &b.name, b.channel_id)));
    }
}
