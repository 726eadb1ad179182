//! What others are told of the set in force: the other processes, the audit trail, and whoever reads the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;
use vectis_contracts::plugin_releases::{PluginFact, PluginReleases, PluginVersion, Replica, RunningPlugin};
use vectis_contracts::plugins::LastRefusal;
use vectis_kernel::Ctx;

use crate::files::FileState;
use crate::load::Library;
use crate::registry::PluginSet;
use crate::trust::{Standing, Verdict};

/// A process that has nothing new to say says so after this time, to be known alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// This process, for people: machine and number.
pub fn replica_name() -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", machine.trim(), std::process::id())
}

/// Says what this process runs.
pub(crate) struct Reporter {
    id: Uuid,
    name: String,
    last: Option<(Instant, i64, Vec<RunningPlugin>)>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        Self { id: Ctx::system("plugins").new_id(), name: replica_name(), last: None }
    }

    /// Tells the others, unless they know.
    pub(crate) async fn report(&mut self, releases: &dyn PluginReleases, set: &PluginSet) {
        let (revision, running) = (set.releases.revision, running(set));
        let is_known = self.last.as_ref().is_some_and(|(at, told, plugins)| {
            at.elapsed() < SIGN_OF_LIFE && (*told, plugins) == (revision, &running)
        });
        if is_known {
            return;
        }
        let reported_at = Ctx::system("plugins").now();
        let replica =
            Replica { id: self.id, name: self.name.clone(), revision, running: running.clone(), reported_at };
        match releases.report(&replica).await {
            Ok(()) => self.last = Some((Instant::now(), revision, running)),
            Err(failure) => tracing::warn!(?failure, "what this process runs could not be reported"),
        }
    }

    /// Tells the others that this process stops.
    pub(crate) async fn retire(&mut self, releases: &dyn PluginReleases) {
        self.last = None;
        if let Err(failure) = releases.retire(self.id).await {
            tracing::warn!(?failure, "the others are not told that this process stops; they will notice");
        }
    }
}

/// The last refusal of each plugin in this process.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<String, LastRefusal>>);

impl Refusals {
    pub(crate) fn remember(&self, facts: &[PluginFact]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for fact in facts {
            if let PluginFact::Refused { plugin, sentence, .. } = fact {
                let at = Ctx::system("plugins").now();
                all.insert(plugin.clone(), LastRefusal { at, sentence: sentence.clone() });
            }
        }
    }

    pub(crate) fn of(&self, plugin: &str) -> Option<LastRefusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(plugin).cloned()
    }
}

fn version(library: &Library) -> PluginVersion {
    PluginVersion { version: library.manifest.plugin.version.clone(), sha256: library.sha256.clone() }
}

/// By plugin: what answers, and what is wrong with that.
fn running(set: &PluginSet) -> Vec<RunningPlugin> {
    let mut plugins: BTreeMap<&str, (Option<PluginVersion>, Option<String>)> = BTreeMap::new();
    for file in &set.files {
        let library = file.library.as_deref();
        let name = library.map_or(file.known.name.as_str(), Library::name);
        let (running, problem) =
            plugins.entry(if name.is_empty() { &file.known.file } else { name }).or_default();
        if let Some(library) = library {
            *running = Some(version(library));
        }
        if file.aside.is_none() && file.refusal.is_some() {
            problem.clone_from(&file.refusal);
        }
    }
    for problem in &set.problems {
        plugins.entry(&problem.known.name).or_default().1 = Some(problem.sentence.clone());
    }
    for (name, (running, problem)) in &mut plugins {
        let quarantined = if running.is_some() { set.quarantined(name) } else { Vec::new() };
        if !quarantined.is_empty() {
            *problem = Some(quarantined.join("; "));
        }
    }
    let plugin =
        |(name, (running, problem)): (&str, _)| RunningPlugin { plugin: name.to_owned(), running, problem };
    plugins.into_iter().map(plugin).collect()
}

/// What is new in a set: for the audit trail.
pub(crate) fn facts(old: &PluginSet, new: &PluginSet) -> Vec<PluginFact> {
    let mut facts = Vec::new();
    for file in &new.files {
        if let Some(library) = &file.library {
            let is_new = old.plugin(library.name()).is_none_or(|before| before.sha256 != library.sha256);
            facts.extend(is_new.then(|| PluginFact::Loaded {
                plugin: library.name().to_owned(),
                version: version(library),
                standing: file.verdict.standing.word(),
            }));
            facts.extend(granted(old, file, library));
        }
        let sentence = file.refusal.as_ref().filter(|_| file.aside.is_none());
        let is_new =
            |sentence: &&String| !old.files.iter().any(|file| file.refusal.as_ref() == Some(*sentence));
        if let Some(sentence) = sentence.filter(is_new) {
            let name = if file.known.name.is_empty() { &file.known.file } else { &file.known.name };
            facts.push(PluginFact::Refused {
                plugin: name.clone(),
                sha256: file.known.sha256.clone(),
                sentence: sentence.clone(),
            });
        }
    }
    facts
}

/// The terms of the lock file that a file runs on, when they are not those it ran on before.
fn granted(old: &PluginSet, file: &FileState, library: &Library) -> Option<PluginFact> {
    let Verdict { standing, capabilities, .. } = &file.verdict;
    let is_same = |before: &FileState| {
        let is_it =
            |other: &Arc<Library>| other.sha256 == library.sha256 && other.isolation() == library.isolation();
        before.verdict == file.verdict && before.library.as_ref().is_some_and(is_it)
    };
    if !matches!(standing, Standing::Pinned | Standing::Trusted) || old.files.iter().any(is_same) {
        return None;
    }
    Some(PluginFact::Granted {
        plugin: library.name().to_owned(),
        version: version(library),
        standing: standing.word(),
        isolation: library.isolation(),
        capabilities: capabilities.clone(),
    })
}

/// Says loudly which plugins nobody vouches for, whenever these are others than before.
pub(crate) fn warn_of_unsigned(old: &PluginSet, new: &PluginSet) {
    let (before, now) = (unsigned(old), unsigned(new));
    if let Some(banner) = banner(&now).filter(|_| before != now) {
        tracing::warn!("{banner}");
    }
}

fn unsigned(set: &PluginSet) -> Vec<&str> {
    let answering = set.files.iter().filter(|file| file.verdict.standing == Standing::Unsigned);
    let mut names: Vec<_> = answering.filter_map(|file| file.library.as_deref().map(Library::name)).collect();
    names.sort_unstable();
    names
}

/// The warning about plugins that run without anybody's word; none when there are none.
pub fn banner(names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "UNSIGNED: nobody vouches for the files of {}: look at each with vectis plugins inspect, then run vectis plugins trust on it; plugins.unsigned = \"refuse\" keeps others out",
        names.join(", ")
    ))
}
