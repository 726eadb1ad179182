//! What the operator lets plugins have of the host's services: by name in the configuration, by content in the lock file.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use vectis_contracts::plugin_services::{Capabilities, Grants};

use crate::trust::Trust;

/// Both words of the operator. A change of the lock file counts for the next question.
pub(crate) struct GrantBook {
    by_name: Grants,
    /// By SHA-256.
    by_content: ArcSwap<BTreeMap<String, Capabilities>>,
}

impl GrantBook {
    pub(crate) fn new(by_name: Grants) -> Self {
        Self { by_name, by_content: ArcSwap::default() }
    }

    /// Takes over what the lock file says now.
    pub(crate) fn follow(&self, trust: &Trust) {
        self.by_content.store(Arc::new(trust.granted()));
    }

    /// What a plugin is granted: both words together.
    pub(crate) fn of(&self, plugin: &str, sha256: &str) -> Capabilities {
        let mut granted = Grants::default();
        granted.add(plugin, &self.by_name.of(plugin));
        if let Some(more) = self.by_content.load().get(sha256) {
            granted.add(plugin, more);
        }
        granted.of(plugin)
    }
}

#[cfg(test)]
mod tests;
