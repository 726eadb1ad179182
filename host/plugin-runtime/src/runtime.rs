//! The plugins of this process: which files are loaded, which set is in force, and when a new one takes its place.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use vectis_contracts::channels::{ChannelCode, Channels};
use vectis_contracts::plugin_fields::JudgeAdditions;
use vectis_contracts::plugin_releases::{PluginReleases, ReleaseCode, Releases};
use vectis_contracts::plugin_services::{Grants, PluginServices};
use vectis_contracts::plugin_tables::PluginTables;
use vectis_contracts::points::{
    ApprovalPoint, OrderProcessPoint, PointError, PricingPoint, Strategies, TaxPoint,
};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::{Clock, Ctx, Failure, Permission, SystemClock};

use crate::files::{FileState, scan, why_missing};
use crate::follow::Overlay;
use crate::grants::GrantBook;
use crate::host_api::NoPluginServices;
use crate::isolation::{Fallback, IsolationPolicy, ProcessOptions, Quarantine};
use crate::load::Loader;
use crate::registry::{Bindings, PluginSet, Previous, Slugs, Workshop};
use crate::report::{self, Refusals, Reporter};
use crate::stats::StatsBook;
use crate::store::Store;
use crate::trust::{LockError, Trust, TrustOptions};
use crate::watch::Fingerprint;
use crate::{fields, follow, tables};

/// How the plugins of a process are run.
pub struct RuntimeOptions {
    /// Every `.so` file in it is looked at. It need not exist.
    pub folder: PathBuf,
    /// Installed versions, each under its SHA-256. Made when the first one is installed.
    pub versions: PathBuf,
    /// The only place that files are installed from.
    pub inbox: PathBuf,
    /// Names of plugins without which [`PluginRuntime::start`] fails.
    pub required: Vec<String>,
    /// Which files may run.
    pub trust: TrustOptions,
    /// How long one call may take; plugins are asked to stop by then. Zero for as long as they like.
    pub call_budget: Duration,
    /// Log lines of one instance that are written in a second; the others are dropped and counted.
    pub log_lines_per_second: u32,
    /// Questions of each entry point that are remembered, to be put to a new version before it takes over.
    pub record_calls: usize,
    /// The clock plugins see.
    pub clock: Arc<dyn Clock>,
    /// Which plugin runs where.
    pub isolation: IsolationPolicy,
    /// The processes of those that run apart.
    pub process: ProcessOptions,
    /// When an entry point is given up.
    pub quarantine: Quarantine,
    /// Extension point → what answers in place of an entry point that was given up.
    pub fallback: BTreeMap<String, Fallback>,
    /// Whether the API can take what a plugin adds to it.
    pub judge_additions: JudgeAdditions,
    /// How long a call may take that waits for services of the host. Zero for as long as it likes.
    pub waiting_budget: Duration,
    /// How long a run of a task may take. Zero for as long as it likes.
    pub run_budget: Duration,
    /// What the host does for plugins beside log and clock.
    pub services: Arc<dyn PluginServices>,
    /// Who may ask for what of it.
    pub grants: Grants,
    /// Where plugins have tables of their own; without it, nowhere.
    pub tables: Option<Arc<dyn PluginTables>>,
}

impl RuntimeOptions {
    /// With everything beside and below the plugins folder.
    pub fn of_folder(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            versions: folder.join("versions"),
            inbox: folder.join("inbox"),
            required: Vec::new(),
            trust: TrustOptions {
                lock_file: crate::trust::lock_file_beside(folder),
                ..TrustOptions::default()
            },
            call_budget: Duration::from_secs(1),
            log_lines_per_second: 100,
            record_calls: 0,
            clock: Arc::new(SystemClock),
            isolation: IsolationPolicy::default(),
            process: ProcessOptions::default(),
            quarantine: Quarantine::default(),
            fallback: BTreeMap::new(),
            judge_additions: |_, _| Ok(()),
            waiting_budget: Duration::from_secs(5),
            run_budget: Duration::from_secs(60),
            services: Arc::new(NoPluginServices),
            grants: Grants::default(),
            tables: None,
        }
    }
}

impl Default for RuntimeOptions {
    /// For whoever looks at single files.
    fn default() -> Self {
        Self::of_folder(Path::new("plugins"))
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
    /// The lock file, or a key, is not understood.
    #[error(transparent)]
    Trust(#[from] LockError),
    /// Channels and their activations could not be read.
    #[error("the activated strategies cannot be read: {0}")]
    Channels(String),
    /// Which versions are in force could not be read.
    #[error("the versions in force cannot be read: {0}")]
    Releases(String),
    /// A task of the host itself failed.
    #[error("the plugins could not be looked at")]
    Task(#[from] tokio::task::JoinError),
}

/// The plugins of this process. Offers [`Strategies`] to modules and [`vectis_contracts::plugins::Plugins`] to staff.
pub struct PluginRuntime {
    pub(crate) folder: PathBuf,
    pub(crate) trust: TrustOptions,
    pub(crate) workshop: Arc<Workshop>,
    pub(crate) loader: Arc<Loader>,
    pub(crate) store: Arc<Store>,
    pub(crate) channels: Arc<dyn Channels>,
    pub(crate) releases: Arc<dyn PluginReleases>,
    current: ArcSwap<PluginSet>,
    pub(crate) slugs: ArcSwap<Slugs>,
    /// By plugin.
    pub(crate) refusals: Refusals,
    pub(crate) judge_additions: JudgeAdditions,
    pub(crate) tables: Option<Arc<dyn PluginTables>>,
    /// One writer at a time; readers never wait.
    pub(crate) writing: tokio::sync::Mutex<Writer>,
}

/// What only the one who writes needs.
pub(crate) struct Writer {
    /// As the last look into it found it.
    folder: Vec<FileState>,
    /// Contents that the shop wants and no file here has.
    lacking: Vec<String>,
    reporter: Reporter,
    /// What the folder looked like when it was last looked into.
    pub(crate) scanned: Fingerprint,
    /// What it looked like a turn ago, while that is something else.
    pub(crate) changing: Option<Fingerprint>,
}

impl PluginRuntime {
    /// Loads what is in the folder, lays over it what the shop has decided, and activates it as the channels say.
    pub async fn start(
        options: RuntimeOptions,
        channels: Arc<dyn Channels>,
        releases: Arc<dyn PluginReleases>,
    ) -> Result<Arc<Self>, StartError> {
        let RuntimeOptions { call_budget, log_lines_per_second, clock, .. } = options;
        let RuntimeOptions { isolation, process, quarantine, fallback, .. } = options;
        let workshop = Workshop {
            call_budget,
            quarantine,
            fallback,
            log_lines_per_second,
            clock,
            stats: StatsBook::new(options.record_calls),
            waiting_budget: options.waiting_budget,
            run_budget: options.run_budget,
            services: options.services,
            grants: Arc::new(GrantBook::new(options.grants)),
        };
        let loader = Loader::new(Trust::default(), isolation, process, log_lines_per_second);
        let writer = Writer {
            folder: Vec::new(),
            lacking: Vec::new(),
            reporter: Reporter::new(),
            scanned: Fingerprint::default(),
            changing: None,
        };
        let runtime = Arc::new(Self {
            trust: options.trust,
            workshop: Arc::new(workshop),
            loader: Arc::new(loader),
            store: Arc::new(Store::new(options.versions, options.inbox, options.folder.clone())),
            folder: options.folder,
            channels,
            releases,
            current: ArcSwap::default(),
            refusals: Refusals::default(),
            slugs: ArcSwap::default(),
            judge_additions: options.judge_additions,
            tables: options.tables,
            writing: tokio::sync::Mutex::new(writer),
        });
        runtime.rescan(&Ctx::system("plugins")).await?;
        let set = runtime.current.load_full();
        for name in options.required {
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

    /// Follows what was decided in other processes, and tells them what runs here. Cheap when nothing has changed.
    pub async fn refresh(&self) -> Result<(), RefreshError> {
        let mut writer = self.writing.lock().await;
        self.learn_slugs().await?;
        let bindings = self.channels.bindings_revision().await.map_err(RefreshError::channels)?;
        let releases = self.releases.revision().await.map_err(RefreshError::releases)?;
        let current = self.current.load_full();
        let is_current = (bindings, releases) == (current.bindings.revision, current.releases.revision);
        if is_current && !self.finds_one_of(&writer.lacking).await? {
            writer.reporter.report(&*self.releases, &current).await;
            return Ok(());
        }
        // What follows is judged by the operator's present word; one that is not understood leaves the word before.
        if let Err(error) = self.read_trust().await {
            tracing::error!(%error, "the lock file is not followed until it is mended");
        }
        self.renew(&Ctx::system("plugins"), &mut writer).await
    }

    /// Reads the operator's word anew.
    pub(crate) async fn read_trust(&self) -> Result<(), RefreshError> {
        let (loader, options) = (self.loader.clone(), self.trust.clone());
        let grants = self.workshop.grants.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let trust = Trust::read(&options)?;
            grants.follow(&trust);
            loader.set_trust(trust);
            Ok::<_, LockError>(())
        });
        Ok(reading.await??)
    }

    /// Reads the lock file and looks into the folder again, and follows what was decided. What comes of it is done by the
    /// one who asked for it.
    pub(crate) async fn rescan(&self, ctx: &Ctx) -> Result<(), RefreshError> {
        let mut writer = self.writing.lock().await;
        self.learn_slugs().await?;
        // Taken before it is read, so that what changes meanwhile is looked at again.
        writer.scanned = Fingerprint::of(&self.folder, &self.trust.lock_file);
        self.read_trust().await?;
        let (loader, folder, old) = (self.loader.clone(), self.folder.clone(), writer.folder.clone());
        let scan = tokio::task::spawn_blocking(move || scan(&loader, &folder, &old));
        writer.folder =
            scan.await?.map_err(|source| RefreshError::Folder { folder: self.folder.clone(), source })?;
        self.renew(ctx, &mut writer).await
    }

    /// Tells the others that this process stops.
    pub async fn retire(&self) {
        self.writing.lock().await.reporter.retire(&*self.releases).await;
    }

    pub(crate) fn current(&self) -> Arc<PluginSet> {
        self.current.load_full()
    }

    pub(crate) fn slugs(&self) -> Arc<Slugs> {
        self.slugs.load_full()
    }

    /// Builds the next set beside the one in force, then puts it in its place.
    async fn renew(&self, ctx: &Ctx, writer: &mut Writer) -> Result<(), RefreshError> {
        let bindings = self.read_bindings().await?;
        let releases = self.releases.releases().await.map_err(RefreshError::releases)?;
        let old = self.current.load_full();
        let next = self.build(writer.folder.clone(), (bindings, releases), old.clone());
        let (next, lacking) = next.await?;
        let next = Arc::new(next);
        self.current.store(next.clone());
        writer.lacking = lacking;
        // What another version stands before comes out of the store again when it is wanted; until then its processes go.
        for file in writer.folder.iter_mut().filter(|file| follow::is_set_aside(file, &next.releases)) {
            file.library = None;
        }
        report::warn_of_unsigned(&old, &next);
        let facts = report::facts(&old, &next);
        self.refusals.remember(&facts);
        if let Err(failure) = self.releases.record(ctx, &facts).await {
            tracing::error!(?failure, ?facts, "the audit trail lacks what happened to the plugins");
        }
        writer.reporter.report(&*self.releases, &next).await;
        Ok(())
    }

    async fn build(
        &self,
        folder: Vec<FileState>,
        (bindings, releases): (Bindings, Releases),
        old: Arc<PluginSet>,
    ) -> Result<(PluginSet, Vec<String>), RefreshError> {
        let is_previous_wanted = self.workshop.fallback.values().any(|it| *it == Fallback::PreviousVersion);
        let (loader, store, judge) = (self.loader.clone(), self.store.clone(), self.judge_additions);
        let before = old.clone();
        let laying = tokio::task::spawn_blocking(move || {
            let mut overlay =
                Overlay { loader: &loader, store: &store, before: &before.files, lacking: Vec::new() };
            let mut files = overlay.apply(&folder, &releases);
            fields::judge(&mut files, &before.files, judge, &loader.trust());
            let previous = if is_previous_wanted { overlay.previous(&releases) } else { Previous::default() };
            (files, previous, releases, overlay.lacking)
        });
        let (mut files, previous, releases, lacking) = laying.await?;
        if let Some(database) = &self.tables {
            tables::install(&**database, &self.workshop.grants, &mut files, &old.files).await;
        }
        let (workshop, slugs) = (self.workshop.clone(), self.slugs.load_full());
        let building = tokio::task::spawn_blocking(move || {
            PluginSet::build(&workshop, (files, previous), (bindings, releases), &slugs, &old)
        });
        Ok((building.await?, lacking))
    }

    /// Whether a file that was looked for has come.
    async fn finds_one_of(&self, lacking: &[String]) -> Result<bool, RefreshError> {
        if lacking.is_empty() {
            return Ok(false);
        }
        let (store, lacking) = (self.store.clone(), lacking.to_vec());
        let found = tokio::task::spawn_blocking(move || {
            lacking.iter().any(|sha256| matches!(store.find(sha256), Ok(Some(_))))
        });
        Ok(found.await?)
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
        Self::Channels(sentence(failure))
    }

    fn releases(failure: Failure<ReleaseCode>) -> Self {
        Self::Releases(sentence(failure))
    }
}

fn sentence<C>(failure: Failure<C>) -> String {
    match failure {
        Failure::Internal(error) => error.to_string(),
        Failure::Refused(refusals) => {
            refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>().join(", ")
        }
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
