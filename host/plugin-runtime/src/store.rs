//! Where plugin files are besides the folder: the versions that were installed, each under its SHA-256, and the inbox that
//! new ones come in by.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use vectis_contracts::plugin_releases::PluginVersion;

use crate::refusal::{Fault, Step};
use crate::trust::{signature_file, write_atomically};
use crate::{discover, manifest, verify};

/// Installed versions and the inbox. Nothing is ever removed by the host.
pub(crate) struct Store {
    pub(crate) versions: PathBuf,
    pub(crate) inbox: PathBuf,
    pub(crate) folder: PathBuf,
    /// What was read of each file, as long as it stays as it is.
    seen: Mutex<HashMap<PathBuf, Seen>>,
}

/// A kept version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) plugin: String,
    pub(crate) version: PluginVersion,
}

struct Seen {
    size: u64,
    modified: Option<SystemTime>,
    /// `None` for what is no plugin.
    kept: Option<Kept>,
}

impl Store {
    pub(crate) fn new(versions: PathBuf, inbox: PathBuf, folder: PathBuf) -> Self {
        Self { versions, inbox, folder, seen: Mutex::default() }
    }

    /// Where a version is kept, whether it is there or not.
    pub(crate) fn place(&self, sha256: &str) -> PathBuf {
        self.versions.join(format!("{sha256}.so"))
    }

    /// Copies a file, and the signature beside it, under its SHA-256. Fails when it is no longer the content it was.
    pub(crate) fn keep(&self, path: &Path, sha256: &str) -> Result<(), Fault> {
        let place = self.place(sha256);
        if place.is_file() {
            return Ok(());
        }
        let bytes = discover::read(path)?;
        if discover::sha256(&bytes) != sha256 {
            let why = "it was changed while it was looked at; try again";
            return Err(Fault::new(Step::Sha256, why));
        }
        self.write(path, &place, &bytes).map_err(|error| {
            let why = format!(
                "it cannot be kept in {} ({error}); let the server's user write there",
                self.versions.display()
            );
            Fault::new(Step::Read, why)
        })
    }

    /// The signature first: a file that is there is there with its signature.
    fn write(&self, from: &Path, place: &Path, bytes: &[u8]) -> io::Result<()> {
        match std::fs::read(signature_file(from)) {
            Ok(signature) => write_atomically(&signature_file(place), &signature)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        write_atomically(place, bytes)
    }

    /// Where a content is: kept already, or in the inbox or the folder, from where it is kept now.
    pub(crate) fn find(&self, sha256: &str) -> Result<Option<PathBuf>, Fault> {
        let place = self.place(sha256);
        if place.is_file() {
            return Ok(Some(place));
        }
        let files = [&self.inbox, &self.folder].map(|place| discover::files(place).unwrap_or_default());
        let has_it = |path: &PathBuf| self.look(path).is_some_and(|kept| kept.version.sha256 == sha256);
        let Some(path) = files.into_iter().flatten().find(has_it) else {
            return Ok(None);
        };
        self.keep(&path, sha256)?;
        Ok(Some(place))
    }

    /// All kept versions of a plugin, by version.
    pub(crate) fn kept(&self, plugin: &str) -> Vec<PluginVersion> {
        let files = discover::files(&self.versions).unwrap_or_default();
        let all = files.iter().filter_map(|path| self.look(path));
        let mut versions: Vec<_> =
            all.filter(|kept| kept.plugin == plugin).map(|kept| kept.version).collect();
        versions.sort_by(|a, b| (&a.version, &a.sha256).cmp(&(&b.version, &b.sha256)));
        versions
    }

    /// What a file is. Read again only when it has changed.
    fn look(&self, path: &Path) -> Option<Kept> {
        let metadata = path.metadata().ok()?;
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(path) {
            Some(seen) if seen.size == size && seen.modified == modified => seen.kept.clone(),
            _ => {
                let kept = read(path).ok();
                seen.insert(path.to_owned(), Seen { size, modified, kept: kept.clone() });
                kept
            }
        }
    }
}

fn read(path: &Path) -> Result<Kept, Fault> {
    let bytes = discover::read(path)?;
    let manifest = manifest::manifest(&verify::structure(&bytes)?)?.1;
    let version = PluginVersion { version: manifest.plugin.version, sha256: discover::sha256(&bytes) };
    Ok(Kept { plugin: manifest.plugin.name, version })
}
