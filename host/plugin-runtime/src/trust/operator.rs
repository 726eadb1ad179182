//! `vectis plugins trust`, `pin` and `revoke`: the operator's word on a file or a plugin, written into the lock file. Runs
//! nothing of any plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vectis_contracts::plugins::Isolation;
use vectis_plugin_api::manifest::Manifest;

use crate::refusal::{Fault, Identity, Refusal};
use crate::trust::TrustOptions;
use crate::trust::lock::{Lock, LockEntry, LockError, LockStanding};
use crate::trust::signature::Keys;
use crate::{discover, manifest, verify};

/// Why the lock file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The lock file or a key.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The file cannot be trusted as it is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Neither a file nor a plugin.
    #[error("{target:?} is neither a file nor the name of a plugin in {}; name the .so file", folder.display())]
    Unknown {
        /// As given.
        target: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A name that several files have.
    #[error("{name} is the name of several files ({}); name the one you mean", .files.join(", "))]
    Ambiguous {
        /// The plugin.
        name: String,
        /// Their paths.
        files: Vec<String>,
    },
    /// A grant of something the plugin does not ask for.
    #[error("{plugin} does not ask for the capability {capability:?}; it asks for {asked}")]
    NotAsked {
        /// The plugin.
        plugin: String,
        /// As given.
        capability: String,
        /// All it asks for.
        asked: String,
    },
}

/// What comes with trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// How the plugin is to be run; the server's default when `None`.
    pub isolation: Option<Isolation>,
    /// Names of capabilities out of its manifest.
    pub capabilities: Vec<String>,
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// This content only.
    Content(LockEntry),
    /// Every version of this plugin.
    Plugin(String),
}

/// Lets a file run. `target` is a file, or the name of a plugin in `folder`.
pub fn trust(
    options: &TrustOptions,
    folder: &Path,
    target: &str,
    grant: &Grant,
) -> Result<LockEntry, TrustError> {
    enter(options, &file_of(folder, target)?, grant, LockStanding::Trusted)
}

/// Lets a file run, and no other content under the plugin's name.
pub fn pin(
    options: &TrustOptions,
    folder: &Path,
    target: &str,
    grant: &Grant,
) -> Result<LockEntry, TrustError> {
    enter(options, &file_of(folder, target)?, grant, LockStanding::Pinned)
}

/// Forbids the content of a file, or every version of a plugin.
pub fn revoke(options: &TrustOptions, folder: &Path, target: &str) -> Result<Revoked, TrustError> {
    let mut lock = Lock::read(&options.lock_file)?;
    let path = Path::new(target);
    let revoked = if path.is_file() {
        let subject = Subject::read(path)?;
        // What was granted before means nothing any more.
        let entry = subject.entry(LockStanding::Revoked, None, None, BTreeMap::new());
        lock.enter(entry.clone());
        Revoked::Content(entry)
    } else if is_name(target) {
        // The file may be gone already: the name alone is enough.
        lock.revoke_name(target);
        Revoked::Plugin(target.to_owned())
    } else {
        return Err(TrustError::Unknown { target: target.to_owned(), folder: folder.to_owned() });
    };
    lock.write(&options.lock_file)?;
    Ok(revoked)
}

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.bytes().next().is_some_and(|first| first.is_ascii_lowercase()) && text.bytes().all(is_letter)
}

fn enter(
    options: &TrustOptions,
    path: &Path,
    grant: &Grant,
    standing: LockStanding,
) -> Result<LockEntry, TrustError> {
    let keys = Keys::parse(&options.keys)?;
    let mut lock = Lock::read(&options.lock_file)?;
    let subject = Subject::read(path)?;
    let signature = keys.check(path, &subject.bytes).map_err(|fault| subject.known.refuse(fault))?;
    let capabilities = granted(&subject.manifest, &grant.capabilities)?;
    let entry = subject.entry(standing, signature.signer(), grant.isolation, capabilities);
    lock.enter(entry.clone());
    lock.write(&options.lock_file)?;
    Ok(entry)
}

fn granted(manifest: &Manifest, names: &[String]) -> Result<BTreeMap<String, Vec<String>>, TrustError> {
    let grant = |name: &String| match manifest.capabilities.get_key_value(name) {
        Some((name, asked)) => Ok((name.clone(), asked.clone())),
        None => {
            let asked: Vec<&str> = manifest.capabilities.keys().map(String::as_str).collect();
            let asked = if asked.is_empty() { "none".to_owned() } else { asked.join(", ") };
            let plugin = manifest.plugin.name.clone();
            Err(TrustError::NotAsked { plugin, capability: name.clone(), asked })
        }
    };
    names.iter().map(grant).collect()
}

/// A file and what it says of itself.
struct Subject {
    known: Identity,
    manifest: Manifest,
    bytes: Vec<u8>,
}

impl Subject {
    fn read(path: &Path) -> Result<Self, Refusal> {
        let mut known = Identity { file: discover::name_of(path), ..Identity::default() };
        let read = |known: &mut Identity| -> Result<_, Fault> {
            let bytes = discover::read(path)?;
            known.sha256 = discover::sha256(&bytes);
            let manifest = manifest::manifest(&verify::structure(&bytes)?)?.1;
            Ok((bytes, manifest))
        };
        match read(&mut known) {
            Ok((bytes, manifest)) => Ok(Self { known, manifest, bytes }),
            Err(fault) => Err(known.refuse(fault)),
        }
    }

    fn entry(
        &self,
        standing: LockStanding,
        signer: Option<String>,
        isolation: Option<Isolation>,
        capabilities: BTreeMap<String, Vec<String>>,
    ) -> LockEntry {
        let plugin = &self.manifest.plugin;
        LockEntry {
            name: plugin.name.clone(),
            version: plugin.version.clone(),
            sha256: self.known.sha256.clone(),
            standing,
            signer,
            isolation,
            capabilities,
        }
    }
}

/// A path, or the one file of the folder that holds the plugin of this name.
fn file_of(folder: &Path, target: &str) -> Result<PathBuf, TrustError> {
    if Path::new(target).is_file() {
        return Ok(PathBuf::from(target));
    }
    let holds_it =
        |path: &PathBuf| Subject::read(path).is_ok_and(|subject| subject.manifest.plugin.name == target);
    let mut found: Vec<PathBuf> =
        discover::files(folder).unwrap_or_default().into_iter().filter(holds_it).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(TrustError::Unknown { target: target.to_owned(), folder: folder.to_owned() }),
        (Some(last), false) => {
            found.push(last);
            let files = found.iter().map(|path| path.display().to_string()).collect();
            Err(TrustError::Ambiguous { name: target.to_owned(), files })
        }
    }
}
