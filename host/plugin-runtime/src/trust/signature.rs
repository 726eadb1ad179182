//! Minisign signatures: a detached `<file>.minisig` beside the file, checked against the keys of the configuration.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{Error, PublicKey, Signature};

use crate::refusal::{Fault, Step};
use crate::trust::lock::LockError;

/// A signature file is four short lines.
const MAX_BYTES: u64 = 16 * 1024;

/// What a signature says about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureState {
    /// There is none.
    Unsigned,
    /// One of the configured keys signed this very content.
    Signed {
        /// Id of the key.
        key_id: String,
        /// What the signer wrote and signed along.
        comment: String,
    },
    /// Signed by a key that is not configured: worth nothing here.
    UnknownKey {
        /// Id of the key.
        key_id: String,
    },
}

impl SignatureState {
    /// Id of the key, when the signature counts.
    pub(crate) fn signer(&self) -> Option<String> {
        match self {
            Self::Signed { key_id, .. } => Some(key_id.clone()),
            Self::Unsigned | Self::UnknownKey { .. } => None,
        }
    }
}

impl fmt::Display for SignatureState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => formatter.write_str("unsigned"),
            Self::Signed { key_id, comment } => write!(formatter, "signed by {key_id} ({comment})"),
            Self::UnknownKey { key_id } => {
                write!(formatter, "signed by {key_id}, which is not in plugins.keys")
            }
        }
    }
}

/// The keys of the configuration.
#[derive(Clone, Default)]
pub(crate) struct Keys(Vec<(String, PublicKey)>);

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl Keys {
    pub(crate) fn parse(keys: &[String]) -> Result<Self, LockError> {
        let key = |key: &String| {
            let no_key = |why: String| LockError::Key { key: key.clone(), why };
            let parsed = PublicKey::from_base64(key.trim()).map_err(|error| no_key(error.to_string()))?;
            let id = key_id(key).ok_or_else(|| no_key("it has no key id".to_owned()))?;
            Ok((id, parsed))
        };
        keys.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The signature beside a file, checked against its content.
    pub(crate) fn check(&self, path: &Path, bytes: &[u8]) -> Result<SignatureState, Fault> {
        let Some(text) = read(&signature_file(path))? else {
            return Ok(SignatureState::Unsigned);
        };
        let unreadable = || {
            let why = "its signature file (.minisig) is none; sign the file again or remove it";
            Fault::new(Step::Signature, why)
        };
        let signature = Signature::decode(&text).map_err(|_| unreadable())?;
        let id = text.lines().nth(1).and_then(key_id).ok_or_else(unreadable)?;
        let Some((_, key)) = self.0.iter().find(|(known, _)| *known == id) else {
            return Ok(SignatureState::UnknownKey { key_id: id });
        };
        match key.verify(bytes, &signature, false) {
            Ok(()) => {
                let comment = signature.trusted_comment().to_owned();
                Ok(SignatureState::Signed { key_id: id, comment })
            }
            Err(Error::UnsupportedAlgorithm | Error::UnsupportedLegacyMode) => {
                let why = format!("its signature by {id} is of an old kind; sign it with a present minisign");
                Err(Fault::new(Step::Signature, why))
            }
            Err(_) => {
                let why = format!(
                    "its signature names the key {id} but does not fit its content: the file or the signature was changed; \
                     fetch both again from whoever signed it"
                );
                Err(Fault::new(Step::Signature, why))
            }
        }
    }
}

/// `acme.so.minisig` for `acme.so`.
pub(crate) fn signature_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

fn read(path: &Path) -> Result<Option<String>, Fault> {
    let unreadable =
        |error: io::Error| Fault::new(Step::Signature, format!("its signature file cannot be read: {error}"));
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(unreadable)?,
    };
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(Fault::new(Step::Signature, "its signature file (.minisig) is none; remove it"));
    }
    fs::read_to_string(path).map(Some).map_err(unreadable)
}

/// As minisign prints it. Keys and signatures both carry it after two bytes that name the algorithm.
fn key_id(base64: &str) -> Option<String> {
    let bytes = STANDARD.decode(base64.trim()).ok()?;
    let id: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
    Some(format!("{:016X}", u64::from_le_bytes(id)))
}
