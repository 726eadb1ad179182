//! `[plugins]`: where they are, which may run and where, how they are looked after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vectis_contracts::plugin_schedules::ScheduleTerms;
use vectis_contracts::plugin_services::Grants;
use vectis_contracts::plugins::Isolation;
use vectis_plugin_runtime as runtime;
use vectis_plugin_services::Limits;

use crate::config::Secret;

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
    /// Plugins, by name, that run in the server's own process unless `isolation` says otherwise.
    pub trusted: BTreeSet<String>,
    /// Where all others run: `process` or `in-process`.
    #[schemars(with = "IsolationWord")]
    pub default_isolation: Isolation,
    /// The operator's word for a single plugin, by name; it goes before `trusted` and `default_isolation`.
    #[schemars(with = "BTreeMap<String, IsolationWord>")]
    pub isolation: BTreeMap<String, Isolation>,
    /// What answers a point in place of an entry point that was given up: a plugin, by name, or `previous version`. The
    /// operation fails when nothing is named.
    pub fallback: BTreeMap<String, String>,
    /// How long one call may take that waits for services of the host.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub waiting_budget: Duration,
    /// What a plugin, by name, may ask of the host: capability → values, and `addresses`.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, Vec<String>>>")]
    pub grants: Grants,
    /// Secrets for plugins, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Files that hold secrets, by name; used for those that are not set.
    pub secret_files: BTreeMap<String, PathBuf>,
    /// The HTTP requests of each plugin.
    pub http: Http,
    /// The processes of plugins that run apart.
    pub process: Process,
    /// When an entry point is given up.
    pub quarantine: Quarantine,
    /// Tasks that run at times of their own.
    pub schedules: Schedules,
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

/// The values of [`Isolation`], for the schema.
#[derive(JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only its schema is used")]
enum IsolationWord {
    /// In the server's own process.
    InProcess,
    /// In processes of its own.
    Process,
}

/// `[plugins.process]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Process {
    /// Calls of one plugin that are answered at the same time, each by a process.
    pub workers: usize,
    /// Processes kept ready beside them.
    pub spares: usize,
    /// How long after the call budget a process is killed.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub kill_grace: Duration,
    /// Memory of one process.
    pub memory_mib: u64,
    /// Processor time after which a process is replaced.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub cpu: Duration,
    /// Open descriptors of one process.
    pub descriptors: u64,
    /// User taken on when the server runs as root.
    pub uid: u32,
    /// Group taken on when the server runs as root.
    pub gid: u32,
}

/// `[plugins.http]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The longest that one request may take; less when less is left of the call.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Requests under way at the same time; more wait for their turn.
    pub concurrent: usize,
    /// Largest body sent, in kilobytes.
    pub request_kb: usize,
    /// Largest body taken, in kilobytes.
    pub response_kb: usize,
}

impl Default for Http {
    fn default() -> Self {
        let Limits { http_timeout, http_concurrent, http_request_bytes, http_response_bytes } =
            Limits::default();
        Self {
            timeout: http_timeout,
            concurrent: http_concurrent,
            request_kb: http_request_bytes / 1024,
            response_kb: http_response_bytes / 1024,
        }
    }
}

/// `[plugins.quarantine]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Quarantine {
    /// So many panics, deaths or overruns …
    pub faults: usize,
    /// … within this time.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub window: Duration,
}

/// `[plugins.schedules]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schedules {
    /// Whether `vectis serve` and `vectis up` run tasks that are due.
    pub run_in_server: bool,
    /// How often it is looked for tasks that are due.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub look_interval: Duration,
    /// How long one run of a task may take; the plugin is asked to stop by then.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub run_budget: Duration,
    /// Runs under way at the same time in one process.
    pub concurrent: usize,
    /// How long nothing has to be heard of a process before others take up what it ran.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub lease: Duration,
    /// How often a run is attempted before it has failed.
    pub attempts: u32,
    /// Wait after the first attempt; doubled after each, up to an hour.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retry_wait: Duration,
}

impl Default for Schedules {
    fn default() -> Self {
        Self {
            run_in_server: true,
            look_interval: Duration::from_secs(5),
            run_budget: runtime::RuntimeOptions::default().run_budget,
            concurrent: 4,
            lease: Duration::from_secs(30),
            attempts: 5,
            retry_wait: Duration::from_secs(30),
        }
    }
}

impl Schedules {
    /// How schedules are kept.
    pub fn terms(&self) -> ScheduleTerms {
        ScheduleTerms { lease: self.lease, attempts: self.attempts, retry_wait: self.retry_wait }
    }
}

/// The rules Vectis is shipped with. `carrier-rate` is not among them: it talks to the outside, so it runs apart.
const FIRST_PARTY: [&str; 6] = [
    "approval-rules",
    "b2b-order-process",
    "product-warranty",
    "retail-order-process",
    "tax-table",
    "tiered-pricing",
];

/// What the plugins Vectis is shipped with need to work as their pages say.
fn first_party_grants() -> Grants {
    let own_tables = BTreeMap::from([("tables".to_owned(), vec!["own".to_owned()])]);
    Grants { by_plugin: BTreeMap::from([("product-warranty".to_owned(), own_tables)]) }
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
            trusted: FIRST_PARTY.map(str::to_owned).into(),
            default_isolation: Isolation::Process,
            isolation: BTreeMap::new(),
            fallback: BTreeMap::new(),
            waiting_budget: runtime::RuntimeOptions::default().waiting_budget,
            grants: first_party_grants(),
            secrets: BTreeMap::new(),
            secret_files: BTreeMap::new(),
            http: Http::default(),
            process: Process::default(),
            quarantine: Quarantine::default(),
            schedules: Schedules::default(),
        }
    }
}

impl Default for Process {
    fn default() -> Self {
        let runtime::ProcessOptions { workers, spares, kill_grace, memory_mib, cpu, .. } =
            runtime::ProcessOptions::default();
        let runtime::ProcessOptions { descriptors, uid, gid, .. } = runtime::ProcessOptions::default();
        Self { workers, spares, kill_grace, memory_mib, cpu, descriptors, uid, gid }
    }
}

impl Default for Quarantine {
    fn default() -> Self {
        let runtime::Quarantine { faults, window } = runtime::Quarantine::default();
        Self { faults, window }
    }
}

impl Plugins {
    /// How much a plugin gets of the host's services.
    pub fn service_limits(&self) -> Limits {
        Limits {
            http_timeout: self.http.timeout,
            http_concurrent: self.http.concurrent,
            http_request_bytes: self.http.request_kb.saturating_mul(1024),
            http_response_bytes: self.http.response_kb.saturating_mul(1024),
        }
    }

    /// How the plugins of a process are run.
    pub fn runtime_options(&self) -> runtime::RuntimeOptions {
        let defaults = runtime::RuntimeOptions::of_folder(&self.folder);
        let Process { workers, spares, kill_grace, memory_mib, cpu, descriptors, uid, gid } = self.process;
        runtime::RuntimeOptions {
            versions: self.versions.clone().unwrap_or(defaults.versions),
            inbox: self.inbox.clone().unwrap_or(defaults.inbox),
            required: self.required.clone(),
            trust: self.trust_options(),
            call_budget: self.call_budget,
            record_calls: self.record_calls,
            isolation: runtime::IsolationPolicy {
                only: None,
                by_plugin: self.isolation.clone(),
                trusted: self.trusted.clone(),
                default: self.default_isolation,
            },
            process: runtime::ProcessOptions {
                workers,
                spares,
                kill_grace,
                memory_mib,
                cpu,
                descriptors,
                uid,
                gid,
                ..defaults.process
            },
            quarantine: runtime::Quarantine {
                faults: self.quarantine.faults,
                window: self.quarantine.window,
            },
            fallback: self
                .fallback
                .iter()
                .map(|(point, word)| (point.clone(), runtime::Fallback::parse(word)))
                .collect(),
            judge_additions: vectis_graphql::judge_additions,
            waiting_budget: self.waiting_budget,
            run_budget: self.schedules.run_budget,
            grants: self.grants.clone(),
            ..defaults
        }
    }

    /// How a file is tried that nobody vouches for yet: as the shop would run it, but never in this process.
    pub fn trial_options(&self) -> runtime::RuntimeOptions {
        let isolation = runtime::IsolationPolicy::all(Isolation::Process);
        runtime::RuntimeOptions { isolation, ..self.runtime_options() }
    }

    /// Which files may run.
    pub fn trust_options(&self) -> runtime::TrustOptions {
        runtime::TrustOptions {
            lock_file: self.lock_file.clone().unwrap_or_else(|| runtime::lock_file_beside(&self.folder)),
            keys: self.keys.clone(),
            unsigned: match self.unsigned {
                UnsignedPlugins::Allow => runtime::Unsigned::Allow,
                UnsignedPlugins::Refuse => runtime::Unsigned::Refuse,
            },
        }
    }
}
