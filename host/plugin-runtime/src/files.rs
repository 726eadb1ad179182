//! The files of the plugins folder: what each one is, and why one does not run.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::discover;
use crate::load::{Library, Loader};
use crate::refusal::{Fault, Identity, Step};
use crate::registry::PluginSet;
use crate::trust::{Trust, Verdict};

/// A file of the folder. One that was refused may have an older version that keeps answering.
#[derive(Clone)]
pub(crate) struct FileState {
    pub(crate) known: Identity,
    pub(crate) library: Option<Arc<Library>>,
    /// Why the library may run.
    pub(crate) verdict: Verdict,
    /// The one sentence, when the file as it is now does not run.
    pub(crate) refusal: Option<String>,
    /// When it does not run because somebody decided so, and nothing is wrong with it.
    pub(crate) aside: Option<Aside>,
}

/// Why a good file does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    Disabled,
    Superseded,
}

impl FileState {
    /// A file that was refused. The library of `kept`, if given, goes on in its place.
    pub(crate) fn refused(known: Identity, fault: Fault, kept: Option<&Self>) -> Self {
        let library = kept.and_then(|kept| kept.library.clone());
        let verdict = kept.map(|kept| kept.verdict.clone()).unwrap_or_default();
        let mut sentence = known.refuse(fault).to_string();
        if let Some(library) = &library {
            sentence.push_str(&format!("; {} keeps answering", library.label()));
        }
        tracing::warn!(file = known.file, plugin = known.name, "{sentence}");
        Self { known, library, verdict, refusal: Some(sentence), aside: None }
    }
}

/// The file and library of a loaded plugin.
pub(crate) fn find_plugin<'a>(
    files: &'a [FileState],
    name: &str,
) -> Option<(&'a FileState, &'a Arc<Library>)> {
    files
        .iter()
        .find_map(|file| file.library.as_ref().filter(|library| library.name() == name).map(|it| (file, it)))
}

/// Every file of the folder as it is now. A changed file that is refused leaves its old version in place.
pub(crate) fn scan(loader: &Loader, folder: &Path, before: &[FileState]) -> io::Result<Vec<FileState>> {
    let mut files: Vec<FileState> = Vec::new();
    for path in discover::files(folder)? {
        let mut known = Identity::default();
        let loaded = loader
            .load(&path, &mut known, &mut |_, _| {})
            .and_then(|library| require_own_name(library, &files));
        let state = match loaded {
            Ok(library) => {
                let verdict = known.verdict.clone();
                FileState { known, library: Some(library), verdict, refusal: None, aside: None }
            }
            Err(fault) => {
                let kept = before.iter().find(|file| file.known.file == known.file);
                FileState::refused(known, fault, kept.filter(|kept| goes_on(kept, &files, &loader.trust())))
            }
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

/// Whether what a file held before may keep answering: nothing else has its name now, and nobody has revoked it.
fn goes_on(kept: &FileState, taken: &[FileState], trust: &Trust) -> bool {
    kept.library.as_ref().is_some_and(|library| {
        owner(taken, library.name()).is_none() && !trust.has_revoked(library.name(), &library.sha256)
    })
}

/// The sentences of all files that could have been the plugin.
pub(crate) fn why_missing(set: &PluginSet, name: &str) -> String {
    let could_be = set.files.iter().filter(|file| file.known.name.is_empty() || file.known.name == name);
    let sentences: Vec<_> = could_be.filter_map(|file| file.refusal.as_deref()).collect();
    if sentences.is_empty() {
        format!("no file of the plugins folder holds it; copy it there or take {name} off the required ones")
    } else {
        sentences.join("; ")
    }
}
