//! `plugins.lock`: what the operator has said about plugin files. Read as a whole, written as a whole, atomically.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vectis_contracts::plugins::Isolation;

/// The version of the format.
const SCHEMA: u32 = 1;

const HEADER: &str = "\
# Which plugin files may run. Written by vectis plugins trust, pin and revoke; it may be edited by hand.\n\n";

/// The lock file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is there but cannot be read.
    #[error("the lock file {} cannot be read ({source}); give the server's user the right to read it", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It says what cannot be understood.
    #[error("the lock file {} is not understood: {why}; mend it or put a backup in its place", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What, and where.
        why: String,
    },
    /// It cannot be written.
    #[error("the lock file {} cannot be written ({source}); run this as a user who may", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key in the configuration is none.
    #[error("plugins.keys: {key:?} is no minisign public key ({why}); copy the second line of the .pub file")]
    Key {
        /// As configured.
        key: String,
        /// Why.
        why: String,
    },
}

/// The lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    schema: u32,
    /// By name, version, hash.
    #[serde(default, rename = "plugin")]
    plugins: Vec<LockEntry>,
}

/// What the operator has said about one content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// In the manifest.
    pub name: String,
    /// In the manifest; `*` when every version is revoked.
    pub version: String,
    /// Of the file, lower-case hex; empty when every version is revoked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// What it may.
    pub standing: LockStanding,
    /// Id of the key that had signed it when it was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// How it is to be run; the server's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Capabilities granted, of those its manifest asks for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<String, Vec<String>>,
}

/// What a content may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockStanding {
    /// Run, and no other content of this name.
    Pinned,
    /// Run.
    Trusted,
    /// Not run.
    Revoked,
}

impl LockStanding {
    /// As in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Trusted => "trusted",
            Self::Revoked => "revoked",
        }
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self { schema: SCHEMA, plugins: Vec::new() }
    }
}

impl Lock {
    /// Reads the file. One that does not exist says nothing.
    pub fn read(file: &Path) -> Result<Self, LockError> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(LockError::Read { file: file.to_owned(), source }),
        };
        Self::parse(&text).map_err(|why| LockError::Content { file: file.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let lock: Self = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => {
                format!("line {}: {}", text[..span.start].lines().count().max(1), error.message())
            }
            None => error.message().to_owned(),
        })?;
        if lock.schema != SCHEMA {
            return Err(format!("its schema is {}, this version reads {SCHEMA}", lock.schema));
        }
        let mut contents = BTreeSet::new();
        let mut pins = BTreeSet::new();
        for entry in &lock.plugins {
            let LockEntry { name, version, sha256, standing, .. } = entry;
            let is_hash = sha256.len() == 64
                && sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            let is_whole_plugin = *standing == LockStanding::Revoked && version == "*" && sha256.is_empty();
            if !is_hash && !is_whole_plugin {
                return Err(format!(
                    "{name} {version} has the SHA-256 {sha256:?}, not 64 lower-case hex digits"
                ));
            }
            if is_hash && !contents.insert(sha256) {
                return Err(format!("the SHA-256 {sha256} stands there twice"));
            }
            if *standing == LockStanding::Pinned && !pins.insert(name) {
                return Err(format!("{name} is pinned twice"));
            }
        }
        Ok(lock)
    }

    /// Replaces the file: written aside, synced, renamed. Whoever reads sees the old one or the new one.
    pub fn write(&self, file: &Path) -> Result<(), LockError> {
        let text =
            format!("{HEADER}{}", toml::to_string(self).expect("tables of text can be written as TOML"));
        write_atomically(file, text.as_bytes())
            .map_err(|source| LockError::Write { file: file.to_owned(), source })
    }

    /// All entries.
    pub fn entries(&self) -> &[LockEntry] {
        &self.plugins
    }

    /// Puts an entry in the place of what was said about its content. A pin takes the place of another pin of the plugin,
    /// whose content stays trusted.
    pub(crate) fn enter(&mut self, entry: LockEntry) {
        let is_replaced = |other: &LockEntry| {
            other.sha256 == entry.sha256 && (!entry.sha256.is_empty() || other.name == entry.name)
        };
        self.plugins.retain(|other| !is_replaced(other));
        if entry.standing == LockStanding::Pinned {
            let pins = self
                .plugins
                .iter_mut()
                .filter(|other| other.name == entry.name && other.standing == LockStanding::Pinned);
            pins.for_each(|other| other.standing = LockStanding::Trusted);
        }
        self.plugins.push(entry);
        self.plugins.sort_by(|a, b| (&a.name, &a.version, &a.sha256).cmp(&(&b.name, &b.version, &b.sha256)));
    }

    /// Revokes every version of a plugin, those that are listed and those that are not.
    pub(crate) fn revoke_name(&mut self, name: &str) {
        let listed = self.plugins.iter_mut().filter(|entry| entry.name == name);
        listed.for_each(|entry| entry.standing = LockStanding::Revoked);
        self.enter(LockEntry {
            name: name.to_owned(),
            version: "*".to_owned(),
            sha256: String::new(),
            standing: LockStanding::Revoked,
            signer: None,
            isolation: None,
            capabilities: BTreeMap::new(),
        });
    }

    /// Capabilities by content, of those that may run.
    pub(crate) fn granted(&self) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
        let may_run =
            |entry: &&LockEntry| entry.standing != LockStanding::Revoked && !entry.sha256.is_empty();
        let granted = self.plugins.iter().filter(may_run);
        granted.map(|entry| (entry.sha256.clone(), entry.capabilities.clone())).collect()
    }

    pub(crate) fn of_content(&self, sha256: &str) -> Option<&LockEntry> {
        self.plugins.iter().find(|entry| !sha256.is_empty() && entry.sha256 == sha256)
    }

    /// Whether every version is revoked that is not listed otherwise.
    pub(crate) fn revokes_name(&self, name: &str) -> bool {
        self.plugins.iter().any(|entry| entry.name == name && entry.sha256.is_empty())
    }

    /// The one hash that a plugin is pinned to.
    pub(crate) fn pinned(&self, name: &str) -> Option<&str> {
        let mut pins = self.plugins.iter().filter(|entry| entry.standing == LockStanding::Pinned);
        pins.find(|entry| entry.name == name).map(|entry| entry.sha256.as_str())
    }

    /// The hashes that a plugin is trusted with.
    pub(crate) fn trusted(&self, name: &str) -> Vec<&str> {
        let known = self.plugins.iter().filter(|entry| entry.standing != LockStanding::Revoked);
        known.filter(|entry| entry.name == name).map(|entry| entry.sha256.as_str()).collect()
    }
}

/// Writes aside, syncs, renames, syncs the folder.
pub(crate) fn write_atomically(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let aside = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = File::create(&aside).and_then(|mut new| {
        new.write_all(bytes)?;
        new.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&aside, file));
    if renamed.is_err() {
        // Nothing is lost if it stays: the name is hidden and says what it is.
        let _ = fs::remove_file(&aside);
        return renamed;
    }
    File::open(folder)?.sync_all()
}
