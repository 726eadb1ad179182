//! The use cases. Who asks was judged before: plugins come here through the host services only.

use async_trait::async_trait;
use serde_json::Value;
use vectis_contracts::extensions::{
    Emit, ExtensionCode, Extensions, MAX_BYTES, MAX_ENTRIES, MAX_EVENT_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES,
    Put,
};
use vectis_db::{Db, outbox, retrying};
use vectis_kernel::{Ctx, Failure};

use crate::{Deps, events, store};

type Outcome<T> = Result<T, Failure<ExtensionCode>>;

pub(crate) struct PgExtensions {
    db: Db,
}

impl PgExtensions {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db }
    }

    async fn put_once(&self, ctx: &Ctx, plugin: &str, put: &Put<'_>) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        let mut usage = store::lock_usage(&mut tx, plugin).await?;
        let before = store::size(&mut tx, plugin, put.key).await?;
        if !usage.has_room(before, put) {
            usage = store::forget_expired(&mut tx, plugin, ctx.now()).await?;
            let before = store::size(&mut tx, plugin, put.key).await?;
            if !usage.has_room(before, put) {
                let message = format!(
                    "a plugin keeps at most {MAX_ENTRIES} values and {} MiB; delete some or let them expire",
                    MAX_BYTES >> 20
                );
                return Err(Failure::refused(ExtensionCode::StoreFull, message));
            }
        }
        store::put(&mut tx, ctx, plugin, put).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl store::Usage {
    /// Whether a value fits in place of one of so many bytes.
    fn has_room(&self, before: Option<i64>, put: &Put<'_>) -> bool {
        let bytes = i64::try_from(put.key.len() + put.value.len()).unwrap_or(i64::MAX);
        let entries = self.entries + i64::from(before.is_none());
        entries <= MAX_ENTRIES && (self.bytes - before.unwrap_or_default()).saturating_add(bytes) <= MAX_BYTES
    }
}

#[async_trait]
impl Extensions for PgExtensions {
    async fn get(&self, ctx: &Ctx, plugin: &str, key: &str) -> Outcome<Option<Vec<u8>>> {
        require_key(key)?;
        Ok(store::get(self.db.pool(), ctx, plugin, key).await?)
    }

    async fn put(&self, ctx: &Ctx, plugin: &str, put: Put<'_>) -> Outcome<()> {
        require_key(put.key)?;
        if put.value.len() > MAX_VALUE_BYTES {
            let message =
                format!("the value has {} bytes, at most {MAX_VALUE_BYTES} are kept", put.value.len());
            return Err(Failure::refused(ExtensionCode::ValueTooLarge, message));
        }
        retrying(|| self.put_once(ctx, plugin, &put)).await
    }

    async fn delete(&self, _ctx: &Ctx, plugin: &str, key: &str) -> Outcome<bool> {
        require_key(key)?;
        let mut tx = self.db.begin().await?;
        store::lock_usage(&mut tx, plugin).await?;
        let was_there = store::delete(&mut tx, plugin, key).await?;
        tx.commit().await?;
        Ok(was_there)
    }

    async fn emit(&self, ctx: &Ctx, plugin: &str, emit: Emit<'_>) -> Outcome<()> {
        let invalid = |message: String| Failure::refused(ExtensionCode::InvalidEvent, message);
        if !is_event_name(emit.name) {
            let name = emit.name;
            return Err(invalid(format!(
                "the event {name:?} must read like rates_failed, 64 letters at most"
            )));
        }
        let bytes = match &emit.facts {
            Value::Object(facts) => serde_json::to_vec(facts)?.len(),
            _ => return Err(invalid("the facts of an event are a JSON object".to_owned())),
        };
        if bytes > MAX_EVENT_BYTES {
            return Err(invalid(format!("the facts have {bytes} bytes, at most {MAX_EVENT_BYTES} are told")));
        }
        let mut tx = self.db.begin().await?;
        outbox::append(&mut tx, ctx, &[events::plugin_told(plugin, &emit)]).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn sweep(&self, ctx: &Ctx) -> Outcome<u64> {
        let mut swept = 0;
        for plugin in store::with_expired(self.db.pool(), ctx).await? {
            let mut tx = self.db.begin().await?;
            let before = store::lock_usage(&mut tx, &plugin).await?;
            let after = store::forget_expired(&mut tx, &plugin, ctx.now()).await?;
            tx.commit().await?;
            swept += (before.entries - after.entries).unsigned_abs();
        }
        Ok(swept)
    }
}

fn require_key(key: &str) -> Outcome<()> {
    if (1..=MAX_KEY_BYTES).contains(&key.len()) && !key.contains('\0') {
        return Ok(());
    }
    let message = format!("a key has 1 to {MAX_KEY_BYTES} bytes, none of them zero");
    Err(Failure::refused(ExtensionCode::InvalidKey, message))
}

fn is_event_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
