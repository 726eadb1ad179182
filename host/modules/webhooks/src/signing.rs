//! Secrets and signatures, by the Standard Webhooks convention. A secret is derived from a key of the shop, the webhook's id and a
//! number that rises when it is rotated; so none has to be stored.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use vectis_contracts::webhooks::WebhookSecret;
use vectis_db::Db;
use vectis_kernel::Ctx;
use vectis_kernel::ids::WebhookId;

use crate::store;

/// Why there is no key to make secrets of.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key file cannot be read.
    #[error("webhooks.signing_key_file: {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key file holds too little.
    #[error(
        "webhooks.signing_key_file: {path} has less than 32 characters; `openssl rand -base64 48` makes enough"
    )]
    TooShort {
        /// Which.
        path: PathBuf,
    },
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

/// A key of the shop. Deliberately without `Debug`.
struct Key {
    /// Tells keys apart, and nothing about them.
    id: String,
    key: [u8; 32],
}

impl Key {
    fn new(key: [u8; 32]) -> Self {
        let name = mac(&key, &[b"vectis webhook key id"]);
        let id = name[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { id, key }
    }
}

/// Which secret: derived from the key of that id, the webhook and the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretName {
    pub(crate) key_id: String,
    pub(crate) generation: i32,
}

/// The keys of this process: that of the file makes new secrets, that of the database those from before there was a file.
pub(crate) struct Keys(Vec<Key>);

impl Keys {
    /// Reads them; makes the one in the database when there is none.
    pub(crate) async fn load(db: &Db, ctx: &Ctx, file: Option<&Path>) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| KeyError::File { path: path.to_owned(), source })?;
            if text.trim().len() < 32 {
                return Err(KeyError::TooShort { path: path.to_owned() });
            }
            keys.push(Key::new(Sha256::digest(text.trim()).into()));
        }
        keys.push(Key::new(store::signing_key(db.pool(), ctx, &rand::random()).await?));
        Ok(Self(keys))
    }

    /// The name of the key that makes new secrets.
    pub(crate) fn newest(&self) -> &str {
        &self.0[0].id
    }

    /// The secret of a webhook; `None` when its key is no longer here.
    fn secret(&self, webhook: WebhookId, name: &SecretName) -> Option<[u8; 32]> {
        let key = self.0.iter().find(|key| key.id == name.key_id)?;
        let parts: [&[u8]; 3] =
            [b"vectis webhook secret", webhook.0.as_bytes(), &name.generation.to_be_bytes()];
        Some(mac(&key.key, &parts))
    }

    /// As receivers are given it.
    pub(crate) fn shown(&self, webhook: WebhookId, name: &SecretName) -> Option<WebhookSecret> {
        let secret = self.secret(webhook, name)?;
        Some(WebhookSecret(format!("whsec_{}", STANDARD.encode(secret))))
    }

    /// Id, time and a signature with each secret; `None` when the first cannot be made.
    pub(crate) fn headers(
        &self,
        webhook: WebhookId,
        names: &[SecretName],
        message: &Message<'_>,
    ) -> Option<[(&'static str, String); 3]> {
        let first = self.secret(webhook, names.first()?)?;
        let others = names[1..].iter().filter_map(|name| self.secret(webhook, name));
        let signatures: Vec<String> =
            [first].into_iter().chain(others).map(|secret| signature(&secret, message)).collect();
        Some([
            ("webhook-id", message.id.to_string()),
            ("webhook-timestamp", message.at.timestamp().to_string()),
            ("webhook-signature", signatures.join(" ")),
        ])
    }
}

/// What is signed.
pub(crate) struct Message<'a> {
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) body: &'a str,
}

/// `v1,` and the HMAC of id, time and body.
fn signature(secret: &[u8; 32], message: &Message<'_>) -> String {
    let head = format!("{}.{}.", message.id, message.at.timestamp());
    format!("v1,{}", STANDARD.encode(mac(secret, &[head.as_bytes(), message.body.as_bytes()])))
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("any length of key will do");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
