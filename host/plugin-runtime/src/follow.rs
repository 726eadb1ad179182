//! What the shop has decided, laid over what is in the plugins folder: a plugin with a release runs the version of the
//! release, wherever its file is; all others run as they lie there.

use std::sync::Arc;

use vectis_contracts::plugin_releases::{Release, Releases};

use crate::files::{Aside, FileState};
use crate::load::{Library, Loader};
use crate::refusal::{Fault, Identity, Step};
use crate::registry::Previous;
use crate::store::Store;

/// Lays releases over files.
pub(crate) struct Overlay<'a> {
    pub(crate) loader: &'a Loader,
    pub(crate) store: &'a Store,
    /// In force until now.
    pub(crate) before: &'a [FileState],
    /// Contents that no file here has; learned by [`Self::apply`].
    pub(crate) lacking: Vec<String>,
}

impl Overlay<'_> {
    /// What is to be in force.
    pub(crate) fn apply(&mut self, folder: &[FileState], releases: &Releases) -> Vec<FileState> {
        let mut files = Vec::new();
        for file in folder {
            match releases.all.iter().find(|release| is_of(file, &release.plugin)) {
                None => files.push(file.clone()),
                Some(release) if runs(file, release) => files.push(file.clone()),
                Some(release) => {
                    self.keep_previous(file, release);
                    files.extend(superseded(file, release));
                }
            }
        }
        for release in &releases.all {
            if !release.is_enabled {
                files.push(disabled(release));
            } else if !files.iter().any(|file| runs(file, release)) {
                files.push(self.released(release, folder));
            }
        }
        files.sort_by(|a, b| a.known.file.cmp(&b.known.file));
        files
    }

    /// The version that was swapped away from may be wanted back from here, whatever becomes of its file in the folder.
    fn keep_previous(&self, file: &FileState, release: &Release) {
        let Some(previous) = release.previous.as_ref().filter(|it| it.sha256 == file.known.sha256) else {
            return;
        };
        let path = self.store.folder.join(&file.known.file);
        if let Err(fault) = self.store.keep(&path, &previous.sha256) {
            tracing::warn!(file = file.known.file, why = fault.why, "the version before cannot be kept here");
        }
    }

    /// The version of a release, out of the store. What ran before goes on when that cannot be had.
    fn released(&mut self, release: &Release, folder: &[FileState]) -> FileState {
        let mut known = of_release(release);
        match self.load(release, &mut known) {
            Ok(library) => {
                let verdict = known.verdict.clone();
                FileState { known, library: Some(library), verdict, refusal: None, aside: None }
            }
            Err(fault) => {
                let mut kept = self.before.iter().chain(folder).filter(|file| {
                    let library = file.library.as_ref();
                    library.is_some_and(|library| {
                        library.name() == release.plugin
                            && !self.loader.trust().has_revoked(library.name(), &library.sha256)
                    })
                });
                FileState::refused(known, fault, kept.next())
            }
        }
    }

    /// The versions that a rollback would go back to.
    pub(crate) fn previous(&self, releases: &Releases) -> Previous {
        let mut all = Previous::default();
        for release in releases.all.iter().filter(|release| release.is_enabled) {
            let Some(wanted) = &release.previous else { continue };
            let found = self.store.find(&wanted.sha256).and_then(|path| {
                let mut known = Identity::default();
                path.map(|path| self.loader.load_kept(&path, &wanted.sha256, &mut known)).transpose()
            });
            match found {
                Ok(Some(library)) => {
                    all.insert(release.plugin.clone(), library);
                }
                Ok(None) => {}
                Err(fault) => {
                    let (plugin, version, why) = (&release.plugin, &wanted.version, &fault.why);
                    tracing::warn!(plugin, "{plugin} {version} is not ready to take over again: {why}");
                }
            }
        }
        all
    }

    fn load(&mut self, release: &Release, known: &mut Identity) -> Result<Arc<Library>, Fault> {
        let wanted = &release.in_force.sha256;
        let Some(path) = self.store.find(wanted)? else {
            self.lacking.push(wanted.clone());
            let why = format!(
                "the shop wants the version with the SHA-256 {wanted}, and no file of this machine has it; copy it into {}",
                self.store.inbox.display()
            );
            return Err(Fault::new(Step::Read, why));
        };
        let library = self.loader.load_kept(&path, wanted, known)?;
        if library.name() == release.plugin {
            return Ok(library);
        }
        Err(Fault::new(Step::Name, format!("the shop has it as {}; install it anew", release.plugin)))
    }
}

/// Whether the shop has decided on something else than this file.
pub(crate) fn is_set_aside(file: &FileState, releases: &Releases) -> bool {
    releases.all.iter().any(|release| is_of(file, &release.plugin) && !runs(file, release))
}

/// Whether a file of the folder is of the plugin, as it is or as it was before it was changed for the worse.
fn is_of(file: &FileState, plugin: &str) -> bool {
    file.known.name == plugin || file.library.as_ref().is_some_and(|library| library.name() == plugin)
}

fn runs(file: &FileState, release: &Release) -> bool {
    release.is_enabled
        && file.library.as_ref().is_some_and(|library| {
            library.name() == release.plugin && library.sha256 == release.in_force.sha256
        })
}

fn of_release(release: &Release) -> Identity {
    Identity {
        file: format!("{}.so", release.in_force.sha256),
        sha256: release.in_force.sha256.clone(),
        name: release.plugin.clone(),
        version: release.in_force.version.clone(),
        ..Identity::default()
    }
}

/// A file that another version stands before. One that is refused for itself stays listed as that; the version that was
/// swapped away from, or is switched off, need not be told of again.
fn superseded(file: &FileState, release: &Release) -> Option<FileState> {
    let decided_on = std::iter::once(&release.in_force).chain(&release.previous);
    if decided_on.into_iter().any(|version| version.sha256 == file.known.sha256) && file.refusal.is_none() {
        return None;
    }
    let Identity { name, version, file: at, .. } = &file.known;
    let in_force = &release.in_force.version;
    let sentence = file.refusal.clone().unwrap_or_else(|| {
        format!(
            "{name} {version} ({at}) is not in force: the shop has decided on {in_force}; install this file and swap to it"
        )
    });
    let aside = file.refusal.is_none().then_some(Aside::Superseded);
    Some(FileState {
        known: file.known.clone(),
        library: None,
        verdict: file.verdict.clone(),
        refusal: Some(sentence),
        aside,
    })
}

fn disabled(release: &Release) -> FileState {
    let known = of_release(release);
    let (plugin, version) = (&release.plugin, &release.in_force.version);
    let sentence =
        format!("{plugin} {version} is disabled; vectis plugins enable {plugin} lets it answer again");
    FileState {
        known,
        library: None,
        verdict: crate::trust::Verdict::default(),
        refusal: Some(sentence),
        aside: Some(Aside::Disabled),
    }
}
