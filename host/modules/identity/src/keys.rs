//! The keys that sign access tokens, several at a time so that they can be rotated.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use vectis_db::DbError;

use crate::secret::hex;

/// What stands before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key file cannot be read.
    #[error("identity.signing_key_files: {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key file holds something else.
    #[error("identity.signing_key_files: {path} is not an Ed25519 private key in PEM (PKCS#8)")]
    NotEd25519 {
        /// Which.
        path: PathBuf,
    },
    /// A stored key is not a key.
    #[error("identity.signing_key {0} is not an Ed25519 private key")]
    Stored(Uuid),
    /// The keys come from files; rotating them is editing that list.
    #[error("the signing keys come from identity.signing_key_files: put the new file first and start again")]
    FromFiles,
    /// The operating system has no randomness.
    #[error("randomness: {0}")]
    Random(#[from] rand::rand_core::OsError),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The database failed.
    #[error(transparent)]
    UnitOfWork(#[from] DbError),
}

/// A key as stored.
pub(crate) struct StoredKey {
    pub(crate) id: Uuid,
    pub(crate) private_key: Vec<u8>,
    pub(crate) signs_from: DateTime<Utc>,
}

/// One key, ready for use. Deliberately without `Debug`.
pub(crate) struct Key {
    /// Its name in token headers.
    kid: String,
    signs_from: DateTime<Utc>,
    /// When the last token it can have signed has expired; `None` while no other key has taken over.
    accepted_until: Option<DateTime<Utc>>,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn private_half(&self) -> &EncodingKey {
        &self.encoding
    }

    pub(crate) fn public_half(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// All keys of this process, the next to sign first.
pub(crate) struct KeyRing(Vec<Key>);

impl KeyRing {
    /// Keys that took over from one another; each is accepted for `overlap` after the next has begun to sign.
    pub(crate) fn rotated(stored: Vec<StoredKey>, overlap: TimeDelta) -> Result<Self, KeyError> {
        let mut keys = stored.into_iter().map(Key::try_from).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse(key.signs_from));
        for at in 1..keys.len() {
            keys[at].accepted_until = keys[at - 1].signs_from.checked_add_signed(overlap);
        }
        Ok(Self(keys))
    }

    /// The first signs, all are accepted as long as they are listed.
    pub(crate) async fn listed(paths: &[PathBuf]) -> Result<Self, KeyError> {
        let mut keys = Vec::with_capacity(paths.len());
        for path in paths {
            keys.push(read(path).await?);
        }
        Ok(Self(keys))
    }

    /// The newest key whose time has come; before the time of all of them, the oldest.
    pub(crate) fn signer(&self, now: DateTime<Utc>) -> Option<&Key> {
        self.0.iter().find(|key| key.signs_from <= now).or(self.0.last())
    }

    /// The key of that name, unless its last token has expired by now.
    pub(crate) fn verifier(&self, kid: &str, now: DateTime<Utc>) -> Option<&Key> {
        self.0.iter().find(|key| key.kid == kid && key.accepted_until.is_none_or(|until| now <= until))
    }
}

impl TryFrom<StoredKey> for Key {
    type Error = KeyError;

    fn try_from(stored: StoredKey) -> Result<Self, KeyError> {
        let der = [&PKCS8_PREFIX[..], &stored.private_key].concat();
        let encoding = EncodingKey::from_ed_der(&der);
        let decoding = public_half(&encoding).ok_or(KeyError::Stored(stored.id))?;
        let kid = stored.id.to_string();
        Ok(Self { kid, signs_from: stored.signs_from, accepted_until: None, encoding, decoding })
    }
}

async fn read(path: &Path) -> Result<Key, KeyError> {
    let pem =
        tokio::fs::read(path).await.map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    let not_a_key = || KeyError::NotEd25519 { path: path.to_owned() };
    let encoding = EncodingKey::from_ed_pem(&pem).map_err(|_| not_a_key())?;
    let decoding = public_half(&encoding).ok_or_else(not_a_key)?;
    let public = decoding.try_get_as_bytes().map_err(|_| not_a_key())?;
    let kid = hex(&Sha256::digest(public)[..16]);
    Ok(Key { kid, signs_from: DateTime::<Utc>::MIN_UTC, accepted_until: None, encoding, decoding })
}

fn public_half(private: &EncodingKey) -> Option<DecodingKey> {
    let jwk = Jwk::from_encoding_key(private, Algorithm::EdDSA).ok()?;
    DecodingKey::from_jwk(&jwk).ok()
}
