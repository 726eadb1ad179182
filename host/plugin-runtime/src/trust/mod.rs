//! Which files the operator lets run: by their hash in `plugins.lock`, by a signature, or because unsigned ones may.

mod lock;
mod operator;
mod signature;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(crate) use crate::trust::lock::write_atomically;
pub use crate::trust::lock::{Lock, LockEntry, LockError, LockStanding};
pub use crate::trust::operator::{Grant, Revoked, TrustError, pin, revoke, trust};
pub use crate::trust::signature::SignatureState;
pub(crate) use crate::trust::signature::signature_file;

use vectis_contracts::plugins::Isolation;

use crate::refusal::{Fault, Step};
use crate::trust::signature::Keys;

/// What an operator says about trust in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustOptions {
    /// `plugins.lock`; need not exist.
    pub lock_file: PathBuf,
    /// Minisign public keys, as `minisign -G` prints them.
    pub keys: Vec<String>,
    /// What a file may do that is neither signed nor in the lock file.
    pub unsigned: Unsigned,
}

/// What a file may do that is neither signed nor in the lock file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// Run, with a warning.
    #[default]
    Allow,
    /// Nothing.
    Refuse,
}

/// Why a file may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It is the only content of its plugin that may.
    Pinned,
    /// Its content is in the lock file.
    Trusted,
    /// One of the configured keys signed it.
    Signed,
    /// Unsigned files may.
    #[default]
    Unsigned,
}

impl Standing {
    /// `pinned`, `trusted`, `signed`, `unsigned`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Trusted => "trusted",
            Self::Signed => "signed",
            Self::Unsigned => "unsigned",
        }
    }
}

/// What is known about the trust in a file that may run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why it may.
    pub standing: Standing,
    /// Id of the key that signed it.
    pub signer: Option<String>,
    /// How it is to be run, when the operator has said so.
    pub isolation: Option<Isolation>,
    /// What the operator lets it have of what its manifest asks for.
    pub capabilities: BTreeMap<String, Vec<String>>,
}

/// Keys and lock file as they were read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    lock: Lock,
    keys: Keys,
    unsigned: Unsigned,
}

impl Trust {
    /// Reads what the options name. A lock file that cannot be understood is an error, never an empty one.
    pub(crate) fn read(options: &TrustOptions) -> Result<Self, LockError> {
        let keys = Keys::parse(&options.keys)?;
        Ok(Self { lock: Lock::read(&options.lock_file)?, keys, unsigned: options.unsigned })
    }

    /// Capabilities by the content they are granted to.
    pub(crate) fn granted(&self) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
        self.lock.granted()
    }

    /// The signature beside a file. One that is there and does not fit the content is a refusal whatever the lock file says.
    pub(crate) fn signature(&self, path: &Path, bytes: &[u8]) -> Result<SignatureState, Fault> {
        self.keys.check(path, bytes)
    }

    /// Whether the plugin may run. Asked before anything of the file is mapped.
    pub(crate) fn judge(
        &self,
        (name, version, sha256): (&str, &str, &str),
        signature: &SignatureState,
    ) -> Result<Verdict, Fault> {
        if let Some(entry) = self.lock.of_content(sha256) {
            return self.judge_known(entry, (name, version), signature);
        }
        self.refuse_against_others(name, sha256, signature)?;
        let standing = match (signature, self.unsigned) {
            (SignatureState::Signed { .. }, _) => Standing::Signed,
            (_, Unsigned::Allow) => Standing::Unsigned,
            (unsigned, Unsigned::Refuse) => {
                let why = format!(
                    "it is {unsigned} and not in plugins.lock, and plugins.unsigned is \"refuse\"; look at it with vectis \
                     plugins inspect, then run vectis plugins trust on it"
                );
                return Err(Fault::new(Step::Trust, why));
            }
        };
        Ok(Verdict { standing, signer: signature.signer(), ..Verdict::default() })
    }

    /// The lock file has an entry for this very content.
    fn judge_known(
        &self,
        entry: &LockEntry,
        (name, version): (&str, &str),
        signature: &SignatureState,
    ) -> Result<Verdict, Fault> {
        let standing = match entry.standing {
            LockStanding::Revoked => {
                let why = "plugins.lock revokes it; use another version, or run vectis plugins trust on it if that was an error";
                return Err(Fault::new(Step::Trust, why));
            }
            LockStanding::Pinned => Standing::Pinned,
            LockStanding::Trusted => Standing::Trusted,
        };
        if (entry.name.as_str(), entry.version.as_str()) != (name, version) {
            let why = format!(
                "plugins.lock has its SHA-256 under {} {}, which it is not; mend the lock file with vectis plugins trust",
                entry.name, entry.version
            );
            return Err(Fault::new(Step::Trust, why));
        }
        if standing == Standing::Trusted {
            self.refuse_against_pin(name, &entry.sha256)?;
        }
        Ok(Verdict {
            standing,
            signer: signature.signer(),
            isolation: entry.isolation,
            capabilities: entry.capabilities.clone(),
        })
    }

    /// What the lock file says of the plugin, though not of this content, stands against it.
    fn refuse_against_others(
        &self,
        name: &str,
        sha256: &str,
        signature: &SignatureState,
    ) -> Result<(), Fault> {
        self.refuse_against_pin(name, sha256)?;
        if self.lock.revokes_name(name) {
            let why = format!(
                "plugins.lock revokes every version of {name}; run vectis plugins trust on this one if it may run"
            );
            return Err(Fault::new(Step::Trust, why));
        }
        let known = self.lock.trusted(name);
        if matches!(signature, SignatureState::Signed { .. }) || known.is_empty() {
            return Ok(());
        }
        let why = format!(
            "its SHA-256 is {sha256}, plugins.lock trusts {name} with {}; put a trusted file back, or look at this one with \
             vectis plugins inspect and run vectis plugins trust on it",
            known.join(" or ")
        );
        Err(Fault::new(Step::Trust, why))
    }

    fn refuse_against_pin(&self, name: &str, sha256: &str) -> Result<(), Fault> {
        match self.lock.pinned(name) {
            Some(pin) if pin != sha256 => {
                let why = format!(
                    "its SHA-256 is {sha256}, plugins.lock pins {name} to {pin}; put the pinned file back or run vectis \
                     plugins pin on this one"
                );
                Err(Fault::new(Step::Trust, why))
            }
            _ => Ok(()),
        }
    }

    /// Whether a version that runs has been revoked since, so that it must not go on answering.
    pub(crate) fn has_revoked(&self, name: &str, sha256: &str) -> bool {
        match self.lock.of_content(sha256) {
            Some(entry) => entry.standing == LockStanding::Revoked,
            None => self.lock.revokes_name(name),
        }
    }

    /// What the lock file says of this content, or of the plugin as a whole; for people.
    pub(crate) fn lock_state(&self, name: &str, sha256: &str) -> String {
        match (self.lock.of_content(sha256), self.lock.pinned(name)) {
            (Some(entry), _) => format!("{} as {} {}", entry.standing.word(), entry.name, entry.version),
            (None, Some(pin)) => format!("not listed; {name} is pinned to {pin}"),
            (None, None) if self.lock.revokes_name(name) => {
                format!("not listed; every version of {name} is revoked")
            }
            (None, None) => match self.lock.trusted(name).join(" or ") {
                known if known.is_empty() => "not listed".to_owned(),
                known => format!("not listed; {name} is trusted with {known}"),
            },
        }
    }
}

/// `data/plugins.lock` for `data/plugins`.
pub fn lock_file_beside(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
