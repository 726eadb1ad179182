//! `[plugins]`: where they are, which may run, how they are looked after.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vectis_plugin_runtime::{RuntimeOptions, TrustOptions, Unsigned, lock_file_beside};

/// `[plugins]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plugins {
    /// The plugins folder: every `.so` in it is looked at.
    pub folder: PathBuf,
    /// Plugins, by name, without which the shop must not start.
    pub required: Vec<String>,
    /// Which files may run; written by `vectis plugins trust`, `pin` and `revoke`. `<folder>.lock` when left out.
    pub lock_file: Option<PathBuf>,
    /// Minisign public keys whose signatures count.
    pub keys: Vec<String>,
    /// What a file may do that is neither signed by one of the keys nor in the lock file.
    pub unsigned: UnsignedPlugins,
    /// The only place that plugins are installed from; `<folder>/inbox` when left out.
    pub inbox: Option<PathBuf>,
    /// Where installed versions are kept; `<folder>/versions` when left out.
    pub versions: Option<PathBuf>,
    /// Whether the folder is looked into by itself when something in it has changed.
    pub watch: bool,
    /// Questions of each entry point that are kept in memory, to be put to a new version before it takes over.
    pub record_calls: usize,
    /// How often activations and versions decided by other processes are looked for.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub refresh_interval: Duration,
    /// How long one call of a plugin may take; the plugin is asked to stop by then.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub call_budget: Duration,
}

/// What unsigned and unlisted files may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnsignedPlugins {
    /// Run, with a warning.
    #[default]
    Allow,
    /// Nothing.
    Refuse,
}

impl Default for Plugins {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data/plugins"),
            required: Vec::new(),
            lock_file: None,
            keys: Vec::new(),
            unsigned: UnsignedPlugins::Allow,
            inbox: None,
            versions: None,
            watch: false,
            record_calls: 0,
            refresh_interval: Duration::from_secs(2),
            call_budget: Duration::from_secs(1),
        }
    }
}

impl Plugins {
    /// How the plugins of a process are run.
    pub fn runtime_options(&self) -> RuntimeOptions {
        let defaults = RuntimeOptions::of_folder(&self.folder);
        RuntimeOptions {
            versions: self.versions.clone().unwrap_or(defaults.versions),
            inbox: self.inbox.clone().unwrap_or(defaults.inbox),
            required: self.required.clone(),
            trust: self.trust_options(),
            call_budget: self.call_budget,
            record_calls: self.record_calls,
            ..defaults
        }
    }

    /// Which files may run.
    pub fn trust_options(&self) -> TrustOptions {
        TrustOptions {
            lock_file: self.lock_file.clone().unwrap_or_else(|| lock_file_beside(&self.folder)),
            keys: self.keys.clone(),
            unsigned: match self.unsigned {
                UnsignedPlugins::Allow => Unsigned::Allow,
                UnsignedPlugins::Refuse => Unsigned::Refuse,
            },
        }
    }
}
