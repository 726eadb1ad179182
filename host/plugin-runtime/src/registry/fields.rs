//! `vectis.fields` in all channels. Every plugin answers its own fields, so an instance is found by plugin and channel, and
//! one that does not start takes only its own fields with it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use vectis_contracts::plugin_fields::{AddedSdl, Additions};
use vectis_contracts::points::PointError;
use vectis_kernel::ids::ChannelId;

use super::{Plan, Slots, Started, Wanted};
use crate::adapters::FieldsAdapter;
use crate::files::FileState;
use crate::point::Point;

type Answering = Result<Started<FieldsAdapter>, PointError>;

/// Who answers the fields of which plugin.
#[derive(Default)]
pub(crate) struct FieldSlots {
    keeper: Slots<FieldsAdapter>,
    bound: HashMap<(ChannelId, String), Answering>,
    /// Where nothing is activated: with the empty configuration.
    unbound: HashMap<String, Answering>,
}

impl FieldSlots {
    /// The instance that answers a plugin's fields in a channel.
    pub(crate) fn find(
        &self,
        plugin: &str,
        channel: Option<ChannelId>,
    ) -> Result<Arc<FieldsAdapter>, PointError> {
        let bound = channel.and_then(|channel| self.bound.get(&(channel, plugin.to_owned())));
        let Some(answering) = bound.or_else(|| self.unbound.get(plugin)) else {
            return Err(PointError::Failed {
                point: Point::Fields.group(),
                plugin: plugin.to_owned(),
                message: "it is no longer loaded".to_owned(),
                retryable: false,
            });
        };
        answering.as_ref().map(|started| started.in_force().clone()).map_err(Clone::clone)
    }

    /// The entry point of a plugin that answers wherever nothing is activated.
    pub(super) fn elsewhere(&self, plugin: &str) -> Option<&str> {
        self.keeper.elsewhere(plugin)
    }

    /// The instances of a plugin that are not asked any more, a sentence each.
    pub(super) fn quarantined(&self, plugin: &str) -> Vec<String> {
        self.keeper.quarantined(plugin)
    }

    pub(super) fn build(plan: &mut Plan<'_>, old: &Self) -> Self {
        let mut slots = Self::default();
        for binding in plan.bindings.iter().filter(|binding| binding.point == Point::Fields.group()) {
            let answering = slots.keeper.answer_binding(plan, binding, &old.keeper);
            let place = (binding.channel_id, binding.plugin.clone());
            slots.bound.insert(place, answering);
        }
        let files = plan.files;
        for file in files {
            let Some(library) = &file.library else { continue };
            let Some(entry) = library.offers(Point::Fields).next() else { continue };
            let wanted = Wanted { file, library, entry, config: &json!({}), channel: None };
            let answering = slots.keeper.start_or_keep(plan, &wanted, &old.keeper);
            let answering = answering.map_err(|fault| PointError::Failed {
                point: Point::Fields.group(),
                plugin: format!("{}/{}", library.name(), entry.name),
                message: format!(
                    "it is not activated in the channel and does not start without a configuration ({}); activate it with one",
                    fault.why
                ),
                retryable: false,
            });
            slots.unbound.insert(library.name().to_owned(), answering);
        }
        slots
    }
}

/// What the files' plugins add, the same as before if it is.
pub(super) fn additions(files: &[FileState], old: &Arc<Additions>) -> Arc<Additions> {
    let libraries = files.iter().filter_map(|file| file.library.as_ref());
    let plugins: Vec<AddedSdl> = libraries.filter_map(|library| library.added.clone()).collect();
    if plugins == old.plugins {
        return old.clone();
    }
    Arc::new(Additions { generation: old.generation + 1, plugins })
}
