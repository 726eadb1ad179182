//! What staff and operators see of the plugins, and what they may do to them. Implemented by the plugin runtime.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Ctx, Failure};

/// Where the code of a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In the server's own process: fastest, and fully trusted.
    InProcess,
    /// In processes of its own, which may do little and are killed when they take too long.
    Process,
}

/// Whether a plugin answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginStatus {
    /// Loaded, its entry points can be activated.
    Loaded,
    /// Not loaded: what, where, why, fix, in one sentence.
    Refused(String),
}

/// One answer to an extension point that a plugin offers.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPoint {
    /// `vectis.pricing`.
    pub point: String,
    /// Its name in the manifest.
    pub name: String,
    /// JSON Schema of its configuration, if it has one.
    pub config_schema: Option<Value>,
    /// Channels it is activated in by a binding.
    pub active_in: Vec<ChannelId>,
}

/// A file in the plugins folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// Name in the manifest, or the file's name when the manifest could not be read.
    pub name: String,
    /// Version in the manifest; empty when unread.
    pub version: String,
    /// From the manifest.
    pub description: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Whether it answers.
    pub status: PluginStatus,
    /// Where it runs; `None` when it was refused.
    pub isolation: Option<Isolation>,
    /// Its processes, when it has some.
    pub processes: Option<PluginProcesses>,
    /// What it offers.
    pub entry_points: Vec<EntryPoint>,
}

/// The processes of a plugin that runs apart, in this server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginProcesses {
    /// Those that run.
    pub pids: Vec<u32>,
    /// How many have ended and were replaced.
    pub restarts: u64,
    /// Calls they did not answer: they died, or they were killed.
    pub faults: u64,
    /// Memory they use, all together.
    pub memory_bytes: u64,
}

/// What to activate where.
#[derive(Clone, Debug)]
pub struct ActivateStrategy {
    /// The channel.
    pub channel_id: ChannelId,
    /// `vectis.pricing`.
    pub point: String,
    /// The plugin's name.
    pub plugin: String,
    /// The entry point; may be left out when the plugin offers one for the point.
    pub entry_point: Option<String>,
    /// Higher first among several.
    pub priority: i32,
    /// Configuration; checked against the entry point's schema and by its constructor.
    pub config: Value,
}

/// A place in the navigation of clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NavigationEntry {
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes.
    pub path: String,
    /// Name of an icon.
    pub icon: Option<String>,
}

/// A command of clients' palettes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEntry {
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes.
    pub path: String,
    /// Further words it is found by.
    pub keywords: Vec<String>,
}

/// How clients show the configuration of an entry point.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigScreen {
    /// `vectis.pricing`.
    pub point: String,
    /// Its name in the manifest.
    pub entry_point: String,
    /// What a person reads.
    pub title: String,
    /// JSON Schema of the configuration.
    pub schema: Value,
    /// Order of the settings and what edits them.
    pub hints: Value,
}

/// What one plugin gives to clients.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The plugin's name.
    pub plugin: String,
    /// In the manifest's order.
    pub navigation: Vec<NavigationEntry>,
    /// In the manifest's order.
    pub commands: Vec<CommandEntry>,
    /// By entry point.
    pub screens: Vec<ConfigScreen>,
    /// Language → key → text.
    pub translations: BTreeMap<String, BTreeMap<String, String>>,
}

vectis_kernel::refusal_codes! {
    /// Why a plugin command was refused.
    PluginCode {
        /// Needs `plugins.write`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// No plugin of this name is loaded.
        PluginNotFound = "PLUGIN_NOT_FOUND": NotFound,
        /// The plugin offers no such entry point, or several and none was named.
        EntryPointNotFound = "ENTRY_POINT_NOT_FOUND": NotFound,
        /// No such extension point.
        UnknownPoint = "UNKNOWN_POINT": Invalid,
        /// No such channel.
        ChannelNotFound = "CHANNEL_NOT_FOUND": NotFound,
        /// The configuration does not fit; the field is a JSON pointer.
        InvalidConfig = "INVALID_CONFIG": Invalid,
        /// The plugin refused to start or failed its self-test.
        PluginFailed = "PLUGIN_FAILED": Refused,
    }
}

/// The plugins of this process.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// What the plugins of the request's set give to clients: what the caller may use of it, by plugin.
    fn contributions(&self, ctx: &Ctx) -> Vec<Contribution>;
    /// All files of the plugins folder, loaded or refused, by name.
    async fn list(&self, ctx: &Ctx) -> Result<Vec<Plugin>, Failure<PluginCode>>;
    /// Looks into the folder again: new files are loaded, changed ones replace the old version atomically, missing
    /// ones are taken out. Returns the list.
    async fn reload(&self, ctx: &Ctx) -> Result<Vec<Plugin>, Failure<PluginCode>>;
    /// Checks, constructs and self-tests the entry point with the configuration, then activates it.
    async fn strategy_activate(
        &self,
        ctx: &Ctx,
        activate: ActivateStrategy,
    ) -> Result<(), Failure<PluginCode>>;
    /// Takes the activation away.
    async fn strategy_deactivate(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        point: &str,
        plugin: &str,
    ) -> Result<(), Failure<PluginCode>>;
}
