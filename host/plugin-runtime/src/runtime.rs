//! The plugins of this process: which files are loaded, which set is in force, and when a new one takes its place.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use vectis_contracts::channels::{ChannelCode, Channels};
use vectis_contracts::plugin_fields::JudgeAdditions;
use vectis_contracts::plugin_services::{Grants, PluginServices};
use vectis_contracts::plugin_tables::PluginTables;
use vectis_contracts::points::{
    ApprovalPoint, OrderProcessPoint, PointError, PricingPoint, Strategies, TaxPoint,
};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Clock, Ctx, Failure, Permission, SystemClock};

use crate::host_api::NoPluginServices;
use crate::isolation::{IsolationPolicy, ProcessOptions, Quarantine};
use crate::load::{Library, Loader};
use crate::refusal::{Fault, Identity, Step};
use crate::registry::{Bindings, FileState, PluginSet, Slugs, Workshop};
use crate::{discover, fields, tables};

/// How the plugins of a process are run.
pub struct RuntimeOptions {
    /// Every `.so` file in it is looked at. It need not exist.
    pub folder: PathBuf,
    /// Names of plugins without which [`PluginRuntime::start`] fails.
    pub required: Vec<String>,
    /// File or plugin name → SHA-256 in hex that it must have.
    pub pinned: BTreeMap<String, String>,
    /// How long one call may take; plugins are asked to stop by then. Zero for as long as they like.
    pub call_budget: Duration,
    /// Log lines of one instance that are written in a second; the others are dropped and counted.
    pub log_lines_per_second: u32,
    /// The clock plugins see.
    pub clock: Arc<dyn Clock>,
    /// Which plugin runs where.
    pub isolation: IsolationPolicy,
    /// The processes of those that run apart.
    pub process: ProcessOptions,
    /// When an entry point is given up.
    pub quarantine: Quarantine,
    /// Extension point → name of the plugin that answers in place of one that was given up.
    pub fallback: BTreeMap<String, String>,
    /// Whether the API can take what a plugin adds to it.
    pub judge_additions: JudgeAdditions,
    /// How long a call may take that waits for services of the host. Zero for as long as it likes.
    pub waiting_budget: Duration,
    /// What the host does for plugins beside log and clock.
    pub services: Arc<dyn PluginServices>,
    /// Who may ask for what of it.
    pub grants: Grants,
    /// Where plugins have tables of their own; without it, nowhere.
    pub tables: Option<Arc<dyn PluginTables>>,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("data/plugins"),
            required: Vec::new(),
            pinned: BTreeMap::new(),
            call_budget: Duration::from_secs(1),
            log_lines_per_second: 100,
            clock: Arc::new(SystemClock),
            isolation: IsolationPolicy::default(),
            process: ProcessOptions::default(),
            quarantine: Quarantine::default(),
            fallback: BTreeMap::new(),
            judge_additions: |_, _| Ok(()),
            waiting_budget: Duration::from_secs(5),
            services: Arc::new(NoPluginServices),
            grants: Grants::default(),
            tables: None,
        }
    }
}

/// Why the plugins could not be started at all. A plugin that is merely refused is no reason unless it is required.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A required plugin is missing or was refused.
    #[error("the required plugin {name} does not run: {why}")]
    Required {
        /// Its name.
        name: String,
        /// One sentence.
        why: String,
    },
    /// The first set could not be made.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
}

/// Why the set in force could not be renewed. The one before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The folder is there but cannot be read.
    #[error("the plugins folder {} cannot be read; give the server's user the right to read it", folder.display())]
    Folder {
        /// As configured.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Channels and their activations could not be read.
    #[error("the activated strategies cannot be read: {0}")]
    Channels(String),
    /// A task of the host itself failed.
    #[error("the plugins could not be looked at")]
    Task(#[from] tokio::task::JoinError),
}

/// The plugins of this process. Offers [`Strategies`] to modules and [`vectis_contracts::plugins::Plugins`] to staff.
pub struct PluginRuntime {
    folder: PathBuf,
    pub(crate) workshop: Arc<Workshop>,
    loader: Arc<Loader>,
    pub(crate) channels: Arc<dyn Channels>,
    current: ArcSwap<PluginSet>,
    pub(crate) slugs: ArcSwap<Slugs>,
    judge_additions: JudgeAdditions,
    tables: Option<Arc<dyn PluginTables>>,
    /// One writer at a time; readers never wait.
    writing: tokio::sync::Mutex<()>,
}

impl PluginRuntime {
    /// Loads what is in the folder and activates it as the channels say.
    pub async fn start(
        options: RuntimeOptions,
        channels: Arc<dyn Channels>,
    ) -> Result<Arc<Self>, StartError> {
        let RuntimeOptions { folder, required, pinned, call_budget, log_lines_per_second, clock, .. } =
            options;
        let RuntimeOptions { isolation, process, quarantine, fallback, judge_additions, .. } = options;
        let RuntimeOptions { waiting_budget, services, grants, tables, .. } = options;
        let runtime = Arc::new(Self {
            folder,
            workshop: Arc::new(Workshop {
                call_budget,
                quarantine,
                fallback,
                log_lines_per_second,
                clock,
                waiting_budget,
                services,
                grants,
            }),
            loader: Arc::new(Loader::new(pinned, isolation, process, log_lines_per_second)),
            channels,
            current: ArcSwap::default(),
            slugs: ArcSwap::default(),
            judge_additions,
            tables,
            writing: tokio::sync::Mutex::default(),
        });
        runtime.rescan().await?;
        let set = runtime.current.load_full();
        for name in required {
            if set.plugin(&name).is_none() {
                let why = why_missing(&set, &name);
                return Err(StartError::Required { name, why });
            }
        }
        Ok(runtime)
    }

    /// The set in force, to be put into `Ctx::plugin_set` when a request begins.
    pub fn snapshot(&self) -> Arc<dyn Any + Send + Sync> {
        self.current.load_full()
    }

    /// Permissions that the plugins in force add to the platform's.
    pub fn declared_permissions(&self) -> BTreeSet<Permission> {
        let set = self.current.load();
        let libraries = set.files.iter().filter_map(|file| file.library.as_ref());
        let keys = libraries.flat_map(|library| &library.manifest.permissions.add);
        keys.filter_map(|key| Permission::parse(key)).collect()
    }

    /// Follows what was activated in other processes. Cheap when nothing was.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        let _turn = self.writing.lock().await;
        self.learn_slugs().await?;
        let revision = self.channels.bindings_revision().await.map_err(RefreshError::channels)?;
        let current = self.current.load_full();
        if revision == current.bindings.revision {
            return Ok(());
        }
        let bindings = self.read_bindings().await?;
        self.publish(current.files.clone(), bindings).await
    }

    /// Looks into the folder again, and at the activations.
    pub(crate) async fn rescan(&self) -> Result<(), RefreshError> {
        let _turn = self.writing.lock().await;
        self.learn_slugs().await?;
        let bindings = self.read_bindings().await?;
        let (loader, folder, old) = (self.loader.clone(), self.folder.clone(), self.current.load_full());
        let judge = self.judge_additions;
        let scan = tokio::task::spawn_blocking(move || {
            let mut files = scan(&loader, &folder, &old.files)?;
            fields::judge(&mut files, &old.files, judge);
            io::Result::Ok(files)
        });
        let mut files =
            scan.await?.map_err(|source| RefreshError::Folder { folder: self.folder.clone(), source })?;
        if let Some(database) = &self.tables {
            tables::install(&**database, &self.workshop.grants, &mut files, &self.current.load().files).await;
        }
        self.publish(files, bindings).await
    }

    pub(crate) fn current(&self) -> Arc<PluginSet> {
        self.current.load_full()
    }

    /// Builds the next set beside the one in force, then puts it in its place.
    async fn publish(&self, files: Vec<FileState>, bindings: Bindings) -> Result<(), RefreshError> {
        let (workshop, slugs, old) =
            (self.workshop.clone(), self.slugs.load_full(), self.current.load_full());
        let next =
            tokio::task::spawn_blocking(move || PluginSet::build(&workshop, files, bindings, &slugs, &old));
        self.current.store(Arc::new(next.await?));
        Ok(())
    }

    async fn read_bindings(&self) -> Result<Bindings, RefreshError> {
        let (revision, all) = self.channels.bindings().await.map_err(RefreshError::channels)?;
        Ok(Bindings { revision, all })
    }

    async fn learn_slugs(&self) -> Result<(), RefreshError> {
        let channels = self.channels.list(&Ctx::system("plugins")).await.map_err(RefreshError::channels)?;
        let slugs = channels.into_iter().map(|channel| (channel.id, channel.slug)).collect();
        self.slugs.store(Arc::new(slugs));
        Ok(())
    }

    /// The set a request began with, the present one when it began with none.
    pub(crate) fn set_of(&self, ctx: &Ctx) -> Arc<PluginSet> {
        let kept = ctx.plugin_set.clone().and_then(|set| set.downcast().ok());
        kept.unwrap_or_else(|| self.current.load_full())
    }
}

impl RefreshError {
    fn channels(failure: Failure<ChannelCode>) -> Self {
        Self::Channels(match failure {
            Failure::Internal(error) => error.to_string(),
            Failure::Refused(refusals) => {
                refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>().join(", ")
            }
        })
    }
}

impl Strategies for PluginRuntime {
    fn pricing(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Arc<dyn PricingPoint>, PointError> {
        Ok(self.set_of(ctx).pricing.one(channel_id, &self.slugs.load())?)
    }

    fn tax(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Vec<Arc<dyn TaxPoint>>, PointError> {
        let set = self.set_of(ctx);
        let all = set.tax.all(channel_id, &self.slugs.load())?;
        Ok(all.iter().map(|adapter| adapter.clone() as Arc<dyn TaxPoint>).collect())
    }

    fn order_process(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
    ) -> Result<Arc<dyn OrderProcessPoint>, PointError> {
        Ok(self.set_of(ctx).order_process.one(channel_id, &self.slugs.load())?)
    }

    fn approval(&self, ctx: &Ctx, channel_id: ChannelId) -> Result<Arc<dyn ApprovalPoint>, PointError> {
        Ok(self.set_of(ctx).approval.one(channel_id, &self.slugs.load())?)
    }
}

/// Every file of the folder as it is now. A changed file that is refused leaves its old version in place.
fn scan(loader: &Loader, folder: &std::path::Path, before: &[FileState]) -> io::Result<Vec<FileState>> {
    let mut files: Vec<FileState> = Vec::new();
    for path in discover::files(folder)? {
        let mut known = Identity::default();
        let loaded = loader
            .load(&path, &mut known, &mut |_, _| {})
            .and_then(|library| require_own_name(library, &files));
        let state = match loaded {
            Ok(library) => FileState { known, library: Some(library), refusal: None },
            Err(fault) => refused(known, fault, &files, before),
        };
        files.push(state);
    }
    Ok(files)
}

fn require_own_name(library: Arc<Library>, taken: &[FileState]) -> Result<Arc<Library>, Fault> {
    match owner(taken, library.name()) {
        Some(other) => {
            let name = library.name();
            let why =
                format!("the plugin {name} is already loaded from {other}; remove one of the two files");
            Err(Fault::new(Step::Name, why))
        }
        None => Ok(library),
    }
}

/// The file that a plugin of this name is loaded from.
fn owner<'a>(files: &'a [FileState], name: &str) -> Option<&'a str> {
    let is_it = |file: &&FileState| file.library.as_ref().is_some_and(|library| library.name() == name);
    files.iter().find(is_it).map(|file| file.known.file.as_str())
}

fn refused(known: Identity, fault: Fault, taken: &[FileState], before: &[FileState]) -> FileState {
    let old = before.iter().find(|file| file.known.file == known.file);
    let library = old.and_then(|file| file.library.clone());
    let library = library.filter(|library| owner(taken, library.name()).is_none());
    let mut sentence = known.refuse(fault).to_string();
    if let Some(library) = &library {
        sentence.push_str(&format!("; {} keeps answering", library.label()));
    }
    tracing::warn!(file = known.file, plugin = known.name, "{sentence}");
    FileState { known, library, refusal: Some(sentence) }
}

/// The sentences of all files that could have been the plugin.
fn why_missing(set: &PluginSet, name: &str) -> String {
    let could_be = set.files.iter().filter(|file| file.known.name.is_empty() || file.known.name == name);
    let sentences: Vec<_> = could_be.filter_map(|file| file.refusal.as_deref()).collect();
    if sentences.is_empty() {
        format!("no file of the plugins folder holds it; copy it there or take {name} off the required ones")
    } else {
        sentences.join("; ")
    }
}
