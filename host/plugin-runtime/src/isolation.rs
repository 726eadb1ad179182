//! Where the code of a plugin runs, and how much of the machine it gets when that is a process of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use vectis_contracts::plugins::Isolation;

use crate::process::{Limits, ProcessSettings};

/// How long a process may take to load the plugin, or an instance to be constructed in it.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Which plugin runs where. The operator's word for one plugin goes first, then the list of those trusted, then the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsolationPolicy {
    /// By plugin name.
    pub by_plugin: BTreeMap<String, Isolation>,
    /// Names of plugins that may run in process.
    pub trusted: BTreeSet<String>,
    /// For all others.
    pub default: Isolation,
}

impl Default for IsolationPolicy {
    /// A stranger's code runs in a process of its own.
    fn default() -> Self {
        Self { by_plugin: BTreeMap::new(), trusted: BTreeSet::new(), default: Isolation::Process }
    }
}

impl IsolationPolicy {
    /// Every plugin there.
    pub fn all(isolation: Isolation) -> Self {
        Self { default: isolation, ..Self::default() }
    }

    /// Where a plugin runs.
    pub fn of(&self, plugin: &str) -> Isolation {
        match self.by_plugin.get(plugin) {
            Some(chosen) => *chosen,
            None if self.trusted.contains(plugin) => Isolation::InProcess,
            None => self.default,
        }
    }
}

/// The processes of a plugin that does not run in the server's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOptions {
    /// The program that [`crate::run_plugin_process`] is called in. As a rule the server's own, whatever file has taken its
    /// place on disk since.
    pub program: PathBuf,
    /// What tells it to.
    pub arguments: Vec<OsString>,
    /// How many calls of one plugin are answered at the same time, each by a process.
    pub workers: usize,
    /// Processes beside them, ready to take the place of one that ends.
    pub spares: usize,
    /// How long after the call budget a process is killed.
    pub kill_grace: Duration,
    /// Memory of one process beside that of the program itself.
    pub memory_mib: u64,
    /// Processor time of one process. It is replaced without a fault at half of it, and killed at the whole.
    pub cpu: Duration,
    /// Open descriptors of one process.
    pub descriptors: u64,
    /// User id taken on when the server runs as root.
    pub uid: u32,
    /// Group id taken on when the server runs as root.
    pub gid: u32,
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![OsString::from("plugin-process")],
            workers: 2,
            spares: 1,
            kill_grace: Duration::from_millis(100),
            memory_mib: 512,
            cpu: Duration::from_secs(600),
            descriptors: 32,
            // nobody and nogroup wherever Linux has them.
            uid: 65_534,
            gid: 65_534,
        }
    }
}

impl ProcessOptions {
    pub(crate) fn settings(self, log_lines_per_second: u32) -> ProcessSettings {
        ProcessSettings {
            program: self.program,
            arguments: self.arguments,
            workers: self.workers,
            spares: self.spares,
            start_timeout: START_TIMEOUT,
            kill_grace: self.kill_grace,
            limits: Limits {
                memory_bytes: self.memory_mib.saturating_mul(1 << 20),
                cpu_seconds: self.cpu.as_secs().max(2),
                descriptors: self.descriptors,
                uid: self.uid,
                gid: self.gid,
            },
            log_lines_per_second,
        }
    }
}

/// When an entry point is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// So many panics, deaths or overruns …
    pub faults: usize,
    /// … within this time.
    pub window: Duration,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self { faults: 3, window: Duration::from_secs(60) }
    }
}
