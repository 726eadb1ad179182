//! What plugins keep in the shop, each under its own name: values by key, and events it tells others.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;
use vectis_kernel::{Ctx, Failure};

/// Values of one plugin.
pub const MAX_ENTRIES: i64 = 10_000;
/// Bytes of all keys and values of one plugin.
pub const MAX_BYTES: i64 = 16 * 1024 * 1024;
/// Bytes of one value.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Bytes of one key.
pub const MAX_KEY_BYTES: usize = 256;
/// Bytes of an event's facts.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

vectis_kernel::refusal_codes! {
    /// Why something was not kept.
    ExtensionCode {
        /// The key is empty or too long.
        InvalidKey = "INVALID_KEY": Invalid,
        /// The value is too large.
        ValueTooLarge = "VALUE_TOO_LARGE": Invalid,
        /// The plugin has as much as it may have.
        StoreFull = "STORE_FULL": Refused,
        /// The event's name or facts cannot be taken.
        InvalidEvent = "INVALID_EVENT": Invalid,
    }
}

/// A value to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    /// 1 to [`MAX_KEY_BYTES`] bytes.
    pub key: &'a str,
    /// Up to [`MAX_VALUE_BYTES`].
    pub value: &'a [u8],
    /// When it is forgotten; never when `None`.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A fact a plugin tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Emit<'a> {
    /// `rates_failed`: lower-case letters, digits and underscores.
    pub name: &'a str,
    /// What it is about; also keeps the order.
    pub subject_id: Uuid,
    /// A JSON object.
    pub facts: Value,
}

/// The store of the plugins. Each sees its own entries only.
#[async_trait]
pub trait Extensions: Send + Sync {
    /// A value that has not expired.
    async fn get(
        &self,
        ctx: &Ctx,
        plugin: &str,
        key: &str,
    ) -> Result<Option<Vec<u8>>, Failure<ExtensionCode>>;
    /// Keeps a value in place of the one before.
    async fn put(&self, ctx: &Ctx, plugin: &str, put: Put<'_>) -> Result<(), Failure<ExtensionCode>>;
    /// Forgets a value; `false` when there was none.
    async fn delete(&self, ctx: &Ctx, plugin: &str, key: &str) -> Result<bool, Failure<ExtensionCode>>;
    /// Appends an event to the outbox: `vectis.extensions.plugin_told.v1`, with the plugin's name and the event's.
    async fn emit(&self, ctx: &Ctx, plugin: &str, emit: Emit<'_>) -> Result<(), Failure<ExtensionCode>>;
    /// Forgets what has expired; how many.
    async fn sweep(&self, ctx: &Ctx) -> Result<u64, Failure<ExtensionCode>>;
}
