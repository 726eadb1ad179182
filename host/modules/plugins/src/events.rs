//! Facts about plugins.

use serde::Serialize;
use vectis_contracts::plugin_releases::{Release, ReleaseAction};
use vectis_kernel::Event;

use crate::model::{plugin_id, word};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReleaseChanged<'a> {
    plugin: &'a str,
    action: &'static str,
    version: &'a str,
    sha256: &'a str,
    is_enabled: bool,
    revision: i64,
}

pub(crate) fn release_changed(action: ReleaseAction, release: &Release, revision: i64) -> Event {
    let payload = ReleaseChanged {
        plugin: &release.plugin,
        action: word(action),
        version: &release.in_force.version,
        sha256: &release.in_force.sha256,
        is_enabled: release.is_enabled,
        revision,
    };
    Event::new("vectis.plugins.release_changed.v1", "plugin", plugin_id(&release.plugin), payload)
}
