//! The one event: a plugin told something.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use vectis_contracts::extensions::Emit;
use vectis_kernel::Event;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    plugin: &'a str,
    name: &'a str,
    subject_id: Uuid,
    facts: &'a Value,
}

pub(crate) fn plugin_told(plugin: &str, emit: &Emit<'_>) -> Event {
    let told = Told { plugin, name: emit.name, subject_id: emit.subject_id, facts: &emit.facts };
    Event::new("vectis.extensions.plugin_told.v1", "plugin_subject", emit.subject_id, told)
}
