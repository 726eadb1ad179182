//! Installing, swapping, rolling back, switching off: what staff may do to the versions of plugins. Each command tries a
//! version as it would run, then writes the decision into the database; this process and all others follow from there.

use std::sync::Arc;

use vectis_contracts::plugin_releases::{
    PluginFact, PluginVersion, Release, ReleaseAction, ReleaseCode, Releases,
};
use vectis_contracts::plugins::{
    EntryPointCalls, Installed, PluginCode, PluginHealth, PluginsHealth, SwapPlugin,
};
use vectis_kernel::{Ctx, Failure};

use crate::commands::{absence, views};
use crate::load::Library;
use crate::refusal::{Fault, Identity, Step};
use crate::runtime::{PluginRuntime, RefreshError};
use crate::tables;
use crate::trial::Trial;

type Outcome<T> = Result<T, Failure<PluginCode>>;

/// Digits of a SHA-256 that name a version.
const SHORTEST_HASH: usize = 6;

/// A version that is to take over.
struct TakeOver<'a> {
    plugin: &'a str,
    to: PluginVersion,
    action: ReleaseAction,
    /// Whether different answers stand against it.
    is_compared: bool,
}

impl PluginRuntime {
    pub(crate) async fn install_file(&self, ctx: &Ctx, file: &str) -> Outcome<Installed> {
        let path = self.store.inbox.join(file);
        // A name, not a path: what is installed comes from the inbox and nowhere else.
        if path.file_name().is_none_or(|name| name != file) || file.starts_with('.') || !path.is_file() {
            let inbox = self.store.inbox.display();
            let message =
                format!("there is no file {file:?} in the inbox {inbox} of this server; copy it there");
            return Err(Failure::at(PluginCode::FileNotFound, "file", message));
        }
        self.hear_operator().await?;
        let (loader, store) = (self.loader.clone(), self.store.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let mut known = Identity::default();
            let loaded = loader.load(&path, &mut known, &mut |_, _| {});
            let kept = loaded.and_then(|library| store.keep(&path, &library.sha256).map(|()| library));
            (known, kept)
        });
        let (known, kept) = looked.await?;
        let library = match kept {
            Ok(library) => library,
            Err(fault) => return Err(self.refuse(ctx, &known, fault).await),
        };
        let (plugin, version) = (library.name().to_owned(), version_of(&library));
        let standing = known.verdict.standing.word();
        let fact = PluginFact::Installed { plugin: plugin.clone(), version: version.clone(), standing };
        self.releases.record(ctx, &[fact]).await.map_err(of_releases)?;
        let (releases, set) = (self.read_releases().await?, self.current());
        let is_new = set.plugin(&plugin).is_none() && find(&releases, &plugin).is_none();
        if is_new {
            let (plugin, to) = (plugin.as_str(), version.clone());
            let take_over = TakeOver { plugin, to, action: ReleaseAction::Install, is_compared: false };
            self.take_over(ctx, &releases, take_over).await?;
        }
        let is_in_force = self.current().plugin(&plugin).is_some_and(|now| now.sha256 == version.sha256);
        Ok(Installed { plugin, version, is_in_force })
    }

    pub(crate) async fn swap_to(&self, ctx: &Ctx, swap: SwapPlugin) -> Outcome<()> {
        let SwapPlugin { plugin, to, confirm_differences } = swap;
        let releases = self.read_releases().await?;
        let (store, name) = (self.store.clone(), plugin.clone());
        let installed = tokio::task::spawn_blocking(move || store.kept(&name)).await?;
        let to = one_of(&installed, &plugin, &to)?;
        let action = ReleaseAction::Swap;
        let take_over = TakeOver { plugin: &plugin, to, action, is_compared: !confirm_differences };
        self.take_over(ctx, &releases, take_over).await
    }

    pub(crate) async fn roll_back(&self, ctx: &Ctx, plugin: &str) -> Outcome<()> {
        let releases = self.read_releases().await?;
        let Some(to) = find(&releases, plugin).and_then(|release| release.previous.clone()) else {
            let message =
                format!("there is no version of {plugin} before this one; swap to an installed one");
            return Err(Failure::at(PluginCode::NothingToRollBackTo, "plugin", message));
        };
        let take_over = TakeOver { plugin, to, action: ReleaseAction::Rollback, is_compared: false };
        self.take_over(ctx, &releases, take_over).await
    }

    pub(crate) async fn switch(&self, ctx: &Ctx, plugin: &str, is_enabled: bool) -> Outcome<()> {
        let releases = self.read_releases().await?;
        let set = self.current();
        let running = set.plugin(plugin).map(version_of);
        match (find(&releases, plugin), running) {
            (Some(release), _) if release.is_enabled == is_enabled => Ok(()),
            (Some(release), _) if is_enabled => {
                let to = release.in_force.clone();
                let take_over = TakeOver { plugin, to, action: ReleaseAction::Enable, is_compared: false };
                self.take_over(ctx, &releases, take_over).await
            }
            (Some(release), _) => {
                let release = Release { is_enabled, ..release.clone() };
                self.put(ctx, &releases, ReleaseAction::Disable, &release).await
            }
            (None, Some(_)) if is_enabled => Ok(()),
            (None, Some(in_force)) => {
                self.keep_running(plugin).await?;
                let release = Release { plugin: plugin.to_owned(), in_force, previous: None, is_enabled };
                self.put(ctx, &releases, ReleaseAction::Disable, &release).await
            }
            (None, None) => Err(Failure::at(PluginCode::PluginNotFound, "plugin", absence(&set, plugin))),
        }
    }

    /// What every loaded plugin was asked, for counting over time.
    pub fn calls(&self) -> Vec<(String, Vec<EntryPointCalls>)> {
        let set = self.current();
        let names = set
            .files
            .iter()
            .filter_map(|file| file.library.as_ref().map(|library| library.name().to_owned()));
        names
            .map(|name| {
                let calls = self.workshop.stats.calls(&name);
                (name, calls)
            })
            .collect()
    }

    pub(crate) async fn all_health(&self) -> Outcome<PluginsHealth> {
        let set = self.current();
        let replicas = self.releases.replicas().await.map_err(of_releases)?;
        let (store, plugins) = (self.store.clone(), views(&set));
        let names: Vec<String> = plugins.iter().map(|plugin| plugin.name.clone()).collect();
        let installed = tokio::task::spawn_blocking(move || {
            names.iter().map(|name| store.kept(name)).collect::<Vec<_>>()
        });
        let plugins = plugins.into_iter().zip(installed.await?).map(|(plugin, installed)| PluginHealth {
            installed,
            previous: find(&set.releases, &plugin.name).and_then(|release| release.previous.clone()),
            calls: self.workshop.stats.calls(&plugin.name),
            last_refusal: self.refusals.of(&plugin.name),
            plugin,
        });
        Ok(PluginsHealth { revision: set.releases.revision, plugins: plugins.collect(), replicas })
    }

    /// Loads the version, tries it, keeps the one that ran, decides.
    async fn take_over(&self, ctx: &Ctx, releases: &Releases, take_over: TakeOver<'_>) -> Outcome<()> {
        let TakeOver { plugin, to, action, is_compared } = take_over;
        let before = find(releases, plugin).map(|release| release.in_force.clone());
        let running = self.current().plugin(plugin).map(version_of);
        let is_on = find(releases, plugin).is_none_or(|release| release.is_enabled);
        if is_on && before.as_ref() == Some(&to) {
            return Ok(());
        }
        let (name, version) = (plugin.to_owned(), to.version.clone());
        let file = format!("{}.so", to.sha256);
        let mut known = Identity { file, name, version, ..Identity::default() };
        let tried = self.try_out(&to.sha256, is_compared, &mut known).await?;
        // Held until it is in force, so that the processes that passed the trial are those that answer.
        let (_library, differences) = match tried {
            Ok(tried) => tried,
            Err(fault) => return Err(self.refuse(ctx, &known, fault).await),
        };
        if !differences.is_empty() {
            let message = format!(
                "{plugin} {} answers differently than the version in force: {}; confirm the differences if they are meant",
                to.version,
                differences.join("; ")
            );
            return Err(Failure::refused(PluginCode::AnswersDiffer, message));
        }
        let is_kept = self.keep_running(plugin).await?;
        let previous = before.or(running.filter(|_| is_kept)).filter(|previous| *previous != to);
        // Switched on again, it goes back to what it went back to before.
        let earlier = || find(releases, plugin).and_then(|release| release.previous.clone());
        let previous = previous.or_else(earlier);
        let release = Release { plugin: plugin.to_owned(), in_force: to, previous, is_enabled: true };
        self.put(ctx, releases, action, &release).await
    }

    /// The version, and what it answers differently, if that is asked for; the inner error is the version's.
    async fn try_out(
        &self,
        sha256: &str,
        is_compared: bool,
        known: &mut Identity,
    ) -> Outcome<Result<(Arc<Library>, Vec<String>), Fault>> {
        self.hear_operator().await?;
        let (loader, store, sha256) = (self.loader.clone(), self.store.clone(), sha256.to_owned());
        let (workshop, set, slugs) = (self.workshop.clone(), self.current(), self.slugs());
        let judge = self.judge_additions;
        let mut learned = known.clone();
        let trial = tokio::task::spawn_blocking(move || {
            let tried = store.find(&sha256).and_then(|path| {
                let path = path.ok_or_else(|| {
                    let why = format!(
                        "no file of this machine has the SHA-256 {sha256}; copy it into {}",
                        store.inbox.display()
                    );
                    Fault::new(Step::Read, why)
                })?;
                let library = loader.load_kept(&path, &sha256, &mut learned)?;
                let trial = Trial { workshop, set, slugs, library: library.clone(), judge };
                trial.rehearse()?;
                let differences = if is_compared { trial.differences()? } else { Vec::new() };
                Ok((library, differences))
            });
            (learned, tried)
        });
        let (learned, tried) = trial.await?;
        *known = learned;
        if let (Ok((library, _)), Some(database)) = (&tried, &self.tables)
            && let Err(fault) = tables::install_one(&**database, &self.workshop.grants, library).await
        {
            return Ok(Err(fault));
        }
        Ok(tried)
    }

    /// Whatever was said of a file until now counts, also before a reload.
    async fn hear_operator(&self) -> Outcome<()> {
        let refused = |error: RefreshError| Failure::refused(PluginCode::PluginFailed, error.to_string());
        self.read_trust().await.map_err(refused)
    }

    /// The version that runs stays at hand when its file in the folder is replaced or another takes over. False when its
    /// file is gone or another one by now: it runs from memory alone, and nothing can come back to it.
    async fn keep_running(&self, plugin: &str) -> Outcome<bool> {
        let set = self.current();
        let file = set.files.iter().find_map(|file| {
            let library = file.library.as_ref().filter(|library| library.name() == plugin)?;
            Some((file.known.file.clone(), library.sha256.clone()))
        });
        let Some((file, sha256)) = file else { return Ok(false) };
        let (store, path) = (self.store.clone(), self.folder.join(&file));
        let kept = tokio::task::spawn_blocking(move || store.keep(&path, &sha256)).await?;
        if let Err(fault) = &kept {
            tracing::warn!(
                plugin,
                file,
                why = fault.why,
                "the version that runs cannot be kept to come back to"
            );
        }
        Ok(kept.is_ok())
    }

    async fn put(
        &self,
        ctx: &Ctx,
        releases: &Releases,
        action: ReleaseAction,
        release: &Release,
    ) -> Outcome<()> {
        self.releases.put(ctx, releases.revision, action, release).await.map_err(of_releases)?;
        self.follow().await;
        Ok(())
    }

    async fn read_releases(&self) -> Outcome<Releases> {
        self.releases.releases().await.map_err(of_releases)
    }

    /// The sentence, which the trail gets too.
    async fn refuse(&self, ctx: &Ctx, known: &Identity, fault: Fault) -> Failure<PluginCode> {
        let plugin = if known.name.is_empty() { &known.file } else { &known.name }.clone();
        let sha256 = known.sha256.clone();
        let sentence = known.refuse(fault).to_string();
        let fact = PluginFact::Refused { plugin, sha256, sentence: sentence.clone() };
        self.refusals.remember(std::slice::from_ref(&fact));
        if let Err(failure) = self.releases.record(ctx, &[fact]).await {
            tracing::error!(?failure, sentence, "the audit trail lacks a refusal");
        }
        Failure::refused(PluginCode::PluginFailed, sentence)
    }
}

fn version_of(library: &Arc<Library>) -> PluginVersion {
    PluginVersion { version: library.manifest.plugin.version.clone(), sha256: library.sha256.clone() }
}

fn find<'a>(releases: &'a Releases, plugin: &str) -> Option<&'a Release> {
    releases.all.iter().find(|release| release.plugin == plugin)
}

/// The one version that is meant.
fn one_of(installed: &[PluginVersion], plugin: &str, to: &str) -> Outcome<PluginVersion> {
    let is_meant = |version: &&PluginVersion| {
        version.version == to || (to.len() >= SHORTEST_HASH && version.sha256.starts_with(to))
    };
    let meant: Vec<_> = installed.iter().filter(is_meant).collect();
    if let [one] = meant[..] {
        return Ok(one.clone());
    }
    let label = |version: &PluginVersion| format!("{} ({})", version.version, &version.sha256[..12]);
    let all: Vec<_> = installed.iter().map(label).collect();
    let message = match (meant.len(), all.is_empty()) {
        (_, true) => format!("no version of {plugin} is installed here; install one first"),
        (0, _) => format!("{plugin} {to} is not installed here; there are {}", all.join(", ")),
        _ => format!("{to} is the version of several files; name one by its SHA-256: {}", all.join(", ")),
    };
    Err(Failure::at(PluginCode::VersionNotFound, "to", message))
}

fn of_releases(failure: Failure<ReleaseCode>) -> Failure<PluginCode> {
    failure.map_code(|code| match code {
        ReleaseCode::Forbidden => PluginCode::Forbidden,
        ReleaseCode::StaleRevision => PluginCode::StaleRevision,
    })
}
