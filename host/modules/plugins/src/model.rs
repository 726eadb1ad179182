//! Names of things in the trail.

use sha2::{Digest, Sha256};
use uuid::Uuid;
use vectis_contracts::plugin_releases::ReleaseAction;

/// The plugin as a subject of the audit trail: its name alone decides, so that what happened before its first release and
/// in other shops has the same.
pub(crate) fn plugin_id(name: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// In events.
pub(crate) const fn word(action: ReleaseAction) -> &'static str {
    match action {
        ReleaseAction::Install => "install",
        ReleaseAction::Swap => "swap",
        ReleaseAction::Rollback => "rollback",
        ReleaseAction::Disable => "disable",
        ReleaseAction::Enable => "enable",
    }
}

/// In the audit trail.
pub(crate) const fn audit_action(action: ReleaseAction) -> &'static str {
    match action {
        ReleaseAction::Install => "plugin.release",
        ReleaseAction::Swap => "plugin.swap",
        ReleaseAction::Rollback => "plugin.rollback",
        ReleaseAction::Disable => "plugin.disable",
        ReleaseAction::Enable => "plugin.enable",
    }
}
