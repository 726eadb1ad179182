//! Somebody who signs plugin files.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use minisign::KeyPair;

pub(crate) struct Signer(KeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    /// As in `plugins.keys`.
    pub(crate) fn key(&self) -> String {
        self.0.pk.to_base64()
    }

    /// As minisign prints it.
    pub(crate) fn key_id(&self) -> String {
        format!("{:016X}", u64::from_le_bytes(self.0.pk.keynum().try_into().unwrap()))
    }

    /// The text of a `.minisig`.
    pub(crate) fn sign(&self, bytes: &[u8]) -> String {
        let signature = minisign::sign(None, &self.0.sk, Cursor::new(bytes), Some("by hand"), None);
        signature.unwrap().into_string()
    }
}

/// Where the signature of a file stands.
pub(crate) fn beside(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.minisig", path.display()))
}
