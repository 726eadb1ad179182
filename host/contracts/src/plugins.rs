//! What staff and operators see of the plugins, and what they may do to them. Implemented by the plugin runtime.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Ctx, Failure};

use crate::plugin_releases::{PluginVersion, Replica};

/// Where the code of a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In the server's own process: fastest, and fully trusted.
    InProcess,
    /// In processes of its own, which may do little and are killed when they take too long.
    Process,
}

impl Isolation {
    /// As in configuration and lock file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::InProcess => "in-process",
            Self::Process => "process",
        }
    }
}

/// Whether a plugin answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginStatus {
    /// Loaded, its entry points can be activated.
    Loaded,
    /// Loaded, but an entry point failed too often and is not asked any more: which, why, and what answers instead.
    Quarantined(String),
    /// Not loaded: what, where, why, fix, in one sentence.
    Refused(String),
    /// Somebody switched it off; the sentence says how it is switched on.
    Disabled(String),
    /// The shop has decided on another version than this file; the sentence says which.
    Superseded(String),
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
    /// Why it may run: `pinned`, `trusted`, `signed` or `unsigned`; empty when it does not.
    pub standing: &'static str,
    /// Id of the key that signed it.
    pub signer: Option<String>,
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

/// Which version is to take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapPlugin {
    /// The plugin's name.
    pub plugin: String,
    /// A version, or the first digits of a SHA-256, of those that are installed.
    pub to: String,
    /// Whether it takes over although it answers differently than the version before.
    pub confirm_differences: bool,
}

/// What came of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The plugin's name.
    pub plugin: String,
    /// What was installed.
    pub version: PluginVersion,
    /// Whether it answers now. Otherwise another version does, until a swap.
    pub is_in_force: bool,
}

/// How a plugin does in this process.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginHealth {
    /// As listed.
    pub plugin: Plugin,
    /// Versions that are installed here and can be swapped to.
    pub installed: Vec<PluginVersion>,
    /// What a rollback goes back to.
    pub previous: Option<PluginVersion>,
    /// By entry point.
    pub calls: Vec<EntryPointCalls>,
    /// The last time that a version of it was refused here.
    pub last_refusal: Option<LastRefusal>,
}

/// When and why a version was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRefusal {
    /// When.
    pub at: DateTime<Utc>,
    /// What, where, why, fix.
    pub sentence: String,
}

/// What an entry point was asked since the process started.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPointCalls {
    /// `vectis.pricing`.
    pub point: String,
    /// Its name in the manifest.
    pub name: String,
    /// How often it was asked.
    pub calls: u64,
    /// How often it gave no answer, or one that broke a rule.
    pub errors: u64,
    /// Half of the calls took no longer; `None` before the first.
    pub p50: Option<Duration>,
    /// 99 of 100 calls took no longer.
    pub p99: Option<Duration>,
    /// All calls together.
    pub total: Duration,
    /// The last error, in one sentence.
    pub last_error: Option<String>,
}

/// How all plugins do.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginsHealth {
    /// Of the releases this process follows.
    pub revision: i64,
    /// In this process, by name.
    pub plugins: Vec<PluginHealth>,
    /// What every process says it runs.
    pub replicas: Vec<Replica>,
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

/// When a plugin works by itself, in its manifest's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleEntry {
    /// Unique among the plugin's.
    pub name: String,
    /// The entry point of `vectis.task`.
    pub task: String,
    /// `every 1h`, `cron 0 3 * * * Europe/Berlin`.
    pub timing: String,
    /// A sentence for staff; may be empty.
    pub description: String,
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
    /// In the manifest's order.
    pub schedules: Vec<ScheduleEntry>,
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
        /// No file of this name can be installed.
        FileNotFound = "FILE_NOT_FOUND": NotFound,
        /// No such version is installed, or several are meant.
        VersionNotFound = "VERSION_NOT_FOUND": NotFound,
        /// There is no version before this one.
        NothingToRollBackTo = "NOTHING_TO_ROLL_BACK_TO": Refused,
        /// The new version answers differently; confirm that it may.
        AnswersDiffer = "ANSWERS_DIFFER": Refused,
        /// Somebody else changed the plugins in the meantime.
        StaleRevision = "STALE_REVISION": Conflict,
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
    /// How all plugins do, here and in the other processes.
    async fn health(&self, ctx: &Ctx) -> Result<PluginsHealth, Failure<PluginCode>>;
    /// Takes a file of the inbox through all checks and keeps it. A plugin that was not there answers from now on; of one
    /// that was, the new version waits for a swap.
    async fn install(&self, ctx: &Ctx, file: &str) -> Result<Installed, Failure<PluginCode>>;
    /// Checks, constructs and self-tests an installed version as the channels want it, compares its answers, then lets it
    /// take over everywhere.
    async fn swap(&self, ctx: &Ctx, swap: SwapPlugin) -> Result<(), Failure<PluginCode>>;
    /// Lets the version before take over again.
    async fn rollback(&self, ctx: &Ctx, plugin: &str) -> Result<(), Failure<PluginCode>>;
    /// Switches a plugin on or off, everywhere.
    async fn set_enabled(&self, ctx: &Ctx, plugin: &str, is_enabled: bool)
    -> Result<(), Failure<PluginCode>>;
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
