//! Which version of which plugin is in force in the shop, what each replica runs, and the trail of it. Kept by the module
//! `plugins`; the plugin runtime of every process follows it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vectis_kernel::{Ctx, Failure};

use crate::plugins::Isolation;

/// A version of a plugin: the content of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginVersion {
    /// In its manifest.
    pub version: String,
    /// Of the file, lower-case hex.
    pub sha256: String,
}

/// What the shop has decided about a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The plugin's name.
    pub plugin: String,
    /// The version that answers.
    pub in_force: PluginVersion,
    /// The version that answered before; a rollback goes back to it.
    pub previous: Option<PluginVersion>,
    /// Whether it answers at all.
    pub is_enabled: bool,
}

/// All decisions at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Releases {
    /// Changes with every write.
    pub revision: i64,
    /// By plugin. A plugin without a release runs as its file lies in the plugins folder.
    pub all: Vec<Release>,
}

/// Why a release changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseAction {
    /// A plugin that did not run before.
    Install,
    /// Another version takes over.
    Swap,
    /// The version before takes over again.
    Rollback,
    /// It stops answering.
    Disable,
    /// It answers again.
    Enable,
}

/// A plugin as a replica runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningPlugin {
    /// The plugin's name.
    pub plugin: String,
    /// What answers; `None` when nothing of it does.
    pub running: Option<PluginVersion>,
    /// Why that is not what the shop wants, in one sentence.
    pub problem: Option<String>,
}

/// A process and what it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// New with every start.
    pub id: Uuid,
    /// For people: machine and process.
    pub name: String,
    /// The revision of the releases it follows.
    pub revision: i64,
    /// By plugin.
    pub running: Vec<RunningPlugin>,
    /// When it said so.
    pub reported_at: DateTime<Utc>,
}

/// Something that happened to a plugin in a process, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginFact {
    /// A file was taken in and can be swapped to.
    Installed {
        /// The plugin's name.
        plugin: String,
        /// Which.
        version: PluginVersion,
        /// `pinned`, `trusted`, `signed`, `unsigned`.
        standing: &'static str,
    },
    /// A file's code answers from now on.
    Loaded {
        /// The plugin's name.
        plugin: String,
        /// Which.
        version: PluginVersion,
        /// `pinned`, `trusted`, `signed`, `unsigned`.
        standing: &'static str,
    },
    /// A file's code answers on terms of the lock file that are new.
    Granted {
        /// The plugin's name.
        plugin: String,
        /// Which.
        version: PluginVersion,
        /// `pinned` or `trusted`.
        standing: &'static str,
        /// Where it runs.
        isolation: Isolation,
        /// What it may use, with the limits of each.
        capabilities: BTreeMap<String, Vec<String>>,
    },
    /// A file may not run.
    Refused {
        /// The plugin's name, or the file's when the manifest could not be read.
        plugin: String,
        /// Of the file; empty when it could not be read.
        sha256: String,
        /// What, where, why, fix.
        sentence: String,
    },
}

vectis_kernel::refusal_codes! {
    /// Why a release was not changed.
    ReleaseCode {
        /// Needs `plugins.write`.
        Forbidden = "FORBIDDEN": Forbidden,
        /// Somebody else changed a release in between.
        StaleRevision = "STALE_REVISION": Conflict,
    }
}

/// The releases.
#[async_trait]
pub trait PluginReleases: Send + Sync {
    /// All, with their revision.
    async fn releases(&self) -> Result<Releases, Failure<ReleaseCode>>;
    /// The revision alone, for replicas that watch.
    async fn revision(&self) -> Result<i64, Failure<ReleaseCode>>;
    /// Writes a release, provided that nothing has changed since `seen`; the new revision.
    async fn put(
        &self,
        ctx: &Ctx,
        seen: i64,
        action: ReleaseAction,
        release: &Release,
    ) -> Result<i64, Failure<ReleaseCode>>;
    /// Writes to the audit trail what happened.
    async fn record(&self, ctx: &Ctx, facts: &[PluginFact]) -> Result<(), Failure<ReleaseCode>>;
    /// Says what a replica runs; forgets those that stopped reporting.
    async fn report(&self, replica: &Replica) -> Result<(), Failure<ReleaseCode>>;
    /// Takes a replica out: it stops.
    async fn retire(&self, replica: Uuid) -> Result<(), Failure<ReleaseCode>>;
    /// All that reported of late, by name.
    async fn replicas(&self) -> Result<Vec<Replica>, Failure<ReleaseCode>>;
}
