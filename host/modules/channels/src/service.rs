//! The use cases.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::channels::{Channel, ChannelCode, ChannelSettings, Channels, StrategyBinding};
use vectis_db::{Db, idempotency, outbox, retrying};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Event, Failure, Permission};

use crate::store::{self, Updated};
use crate::{Deps, events, model};

type Outcome<T> = Result<T, Failure<ChannelCode>>;

/// Most channels listed.
const LIST_LIMIT: i64 = 500;

pub(crate) struct PgChannels {
    db: Db,
    audit: Arc<dyn Audit>,
}

/// The stored answer of commands that answer with nothing.
#[derive(Serialize, Deserialize)]
struct Done {}

#[async_trait]
impl Channels for PgChannels {
    async fn find_by_slug(&self, _ctx: &Ctx, slug: &str) -> Outcome<Option<Channel>> {
        Ok(store::find_by_slug(self.db.pool(), slug).await?)
    }

    async fn get_many(&self, _ctx: &Ctx, ids: &[ChannelId]) -> Outcome<Vec<Channel>> {
        Ok(store::get_many(self.db.pool(), ids).await?)
    }

    async fn list(&self, _ctx: &Ctx) -> Outcome<Vec<Channel>> {
        Ok(store::list(self.db.pool(), LIST_LIMIT).await?)
    }

    async fn create(&self, ctx: &Ctx, settings: ChannelSettings) -> Outcome<ChannelId> {
        require(ctx, &staff::CHANNELS_WRITE)?;
        let settings = model::checked(settings)?;
        retrying(|| self.create_once(ctx, &settings)).await
    }

    async fn update(&self, ctx: &Ctx, id: ChannelId, version: i64, settings: ChannelSettings) -> Outcome<()> {
        require(ctx, &staff::CHANNELS_WRITE)?;
        let settings = model::checked(settings)?;
        retrying(|| self.update_once(ctx, (id, version), &settings)).await
    }

    async fn bindings(&self) -> Outcome<(i64, Vec<StrategyBinding>)> {
        Ok(store::bindings(self.db.pool()).await?)
    }

    async fn bindings_revision(&self) -> Outcome<i64> {
        Ok(store::bindings_revision(self.db.pool()).await?)
    }

    async fn strategy_activate(&self, ctx: &Ctx, binding: StrategyBinding, asks_all: bool) -> Outcome<()> {
        require(ctx, &staff::PLUGINS_WRITE)?;
        model::check_binding(&binding)?;
        retrying(|| self.activate_once(ctx, &binding, asks_all)).await
    }

    async fn strategy_deactivate(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        point: &str,
        plugin: &str,
    ) -> Outcome<()> {
        require(ctx, &staff::PLUGINS_WRITE)?;
        retrying(|| self.deactivate_once(ctx, channel_id, point, plugin)).await
    }
}

impl PgChannels {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, audit: deps.audit }
    }

    async fn create_once(&self, ctx: &Ctx, settings: &ChannelSettings) -> Outcome<ChannelId> {
        let mut tx = self.db.begin().await?;
        if let Some(id) = idempotency::find(&mut tx, ctx).await? {
            return Ok(id);
        }
        let id: ChannelId = ctx.new_id();
        if !store::insert(&mut tx, ctx, id, settings).await? {
            return Err(slug_taken(&settings.slug));
        }
        let detail = json!({ "slug": settings.slug });
        self.record(&mut tx, ctx, ("channel.create", id), detail).await?;
        finish(tx, ctx, &[events::channel_created(id, settings)], &id).await?;
        Ok(id)
    }

    async fn update_once(
        &self,
        ctx: &Ctx,
        (id, version): (ChannelId, i64),
        settings: &ChannelSettings,
    ) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        let new_version = match store::update(&mut tx, ctx, (id, version), settings).await? {
            Updated::Version(new_version) => new_version,
            Updated::SlugTaken => return Err(slug_taken(&settings.slug)),
            Updated::NotFoundOrStale if store::hold(&mut tx, id).await? => return Err(stale(version)),
            Updated::NotFoundOrStale => return Err(not_found(id)),
        };
        let detail = json!({ "slug": settings.slug, "version": new_version });
        self.record(&mut tx, ctx, ("channel.update", id), detail).await?;
        finish(tx, ctx, &[events::channel_changed(id, new_version, settings)], &Done {}).await
    }

    async fn activate_once(&self, ctx: &Ctx, binding: &StrategyBinding, asks_all: bool) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        if !store::hold(&mut tx, binding.channel_id).await? {
            return Err(not_found(binding.channel_id));
        }
        let revision = store::next_revision(&mut tx).await?;
        if !asks_all {
            store::delete_others(&mut tx, binding).await?;
        }
        store::upsert_binding(&mut tx, ctx, binding).await?;
        let detail = json!({
            "point": binding.point, "plugin": binding.plugin, "entryPoint": binding.entry_point,
            "priority": binding.priority, "revision": revision,
        });
        self.record(&mut tx, ctx, ("strategy.activate", binding.channel_id), detail).await?;
        finish(tx, ctx, &[events::strategy_activated(binding, revision)], &Done {}).await
    }

    async fn deactivate_once(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        point: &str,
        plugin: &str,
    ) -> Outcome<()> {
        let mut tx = self.db.begin().await?;
        if idempotency::find::<Done>(&mut tx, ctx).await?.is_some() {
            return Ok(());
        }
        if !store::hold(&mut tx, channel_id).await? {
            return Err(not_found(channel_id));
        }
        let revision = store::next_revision(&mut tx).await?;
        if store::delete_bindings(&mut tx, channel_id, point, plugin).await? == 0 {
            // Nothing changed, so nothing is counted, recorded or told.
            return Ok(());
        }
        let detail = json!({ "point": point, "plugin": plugin, "revision": revision });
        self.record(&mut tx, ctx, ("strategy.deactivate", channel_id), detail).await?;
        let event = events::strategy_deactivated(channel_id, point, plugin, revision);
        finish(tx, ctx, &[event], &Done {}).await
    }

    async fn record(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        (action, id): (&'static str, ChannelId),
        detail: serde_json::Value,
    ) -> Outcome<()> {
        let record =
            AuditRecord { action, subject_kind: "channel", subject_id: id.0, account_id: None, detail };
        let recorded = self.audit.record(tx, ctx, &[record]).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| ChannelCode::Forbidden))
    }
}

async fn finish<A: Serialize>(mut tx: Tx, ctx: &Ctx, events: &[Event], answer: &A) -> Outcome<()> {
    outbox::append(&mut tx, ctx, events).await?;
    idempotency::record(&mut tx, ctx, answer).await?;
    tx.commit().await?;
    Ok(())
}

fn require(ctx: &Ctx, permission: &Permission) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(permission) {
        Ok(())
    } else {
        Err(Failure::refused(ChannelCode::Forbidden, format!("this needs the permission {permission}")))
    }
}

fn not_found(id: ChannelId) -> Failure<ChannelCode> {
    Failure::at(ChannelCode::ChannelNotFound, "channelId", format!("there is no channel {id}"))
}

fn slug_taken(slug: &str) -> Failure<ChannelCode> {
    Failure::at(ChannelCode::SlugTaken, "slug", format!("another channel already has the slug {slug:?}"))
}

fn stale(version: i64) -> Failure<ChannelCode> {
    let message = format!("the channel is no longer at version {version}; read it again");
    Failure::at(ChannelCode::StaleVersion, "version", message)
}
