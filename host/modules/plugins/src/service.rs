//! The use cases.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::audit::{Audit, AuditCode, AuditRecord};
use vectis_contracts::plugin_releases::{
    PluginFact, PluginReleases, PluginVersion, Release, ReleaseAction, ReleaseCode, Releases, Replica,
};
use vectis_db::{Db, idempotency, outbox, retrying};
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure};

use crate::model::{audit_action, plugin_id};
use crate::{Deps, events, store};

type Outcome<T> = Result<T, Failure<ReleaseCode>>;

/// A replica that has been silent for so long is taken for gone.
const SILENCE: Duration = Duration::seconds(90);

pub(crate) struct PgPluginReleases {
    db: Db,
    audit: Arc<dyn Audit>,
}

#[async_trait]
impl PluginReleases for PgPluginReleases {
    async fn releases(&self) -> Outcome<Releases> {
        Ok(store::releases(self.db.pool()).await?)
    }

    async fn revision(&self) -> Outcome<i64> {
        Ok(store::revision(self.db.pool()).await?)
    }

    async fn put(&self, ctx: &Ctx, seen: i64, action: ReleaseAction, release: &Release) -> Outcome<i64> {
        require_permission(ctx)?;
        retrying(|| self.put_once(ctx, seen, action, release)).await
    }

    async fn record(&self, ctx: &Ctx, facts: &[PluginFact]) -> Outcome<()> {
        if facts.is_empty() {
            return Ok(());
        }
        let records: Vec<AuditRecord> = facts.iter().map(told).collect();
        let mut tx = self.db.begin().await?;
        self.audit(&mut tx, ctx, &records).await?;
        Ok(tx.commit().await?)
    }

    async fn report(&self, replica: &Replica) -> Outcome<()> {
        Ok(store::report(self.db.pool(), replica, replica.reported_at - SILENCE).await?)
    }

    async fn retire(&self, replica: Uuid) -> Outcome<()> {
        Ok(store::retire(self.db.pool(), replica).await?)
    }

    async fn replicas(&self) -> Outcome<Vec<Replica>> {
        Ok(store::replicas(self.db.pool()).await?)
    }
}

impl PgPluginReleases {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, audit: deps.audit }
    }

    async fn put_once(&self, ctx: &Ctx, seen: i64, action: ReleaseAction, release: &Release) -> Outcome<i64> {
        let mut tx = self.db.begin().await?;
        if let Some(revision) = idempotency::find(&mut tx, ctx).await? {
            return Ok(revision);
        }
        let Some(revision) = store::next_revision(&mut tx, seen).await? else {
            let message = "somebody else changed the plugins in the meantime; look at them and try again";
            return Err(Failure::refused(ReleaseCode::StaleRevision, message));
        };
        store::upsert(&mut tx, ctx, plugin_id(&release.plugin), release).await?;
        let detail = json!({
            "plugin": release.plugin,
            "version": release.in_force.version,
            "sha256": release.in_force.sha256,
            "previous": release.previous,
            "revision": revision,
        });
        self.audit(&mut tx, ctx, &[entry(audit_action(action), &release.plugin, detail)]).await?;
        outbox::append(&mut tx, ctx, &[events::release_changed(action, release, revision)]).await?;
        idempotency::record(&mut tx, ctx, &revision).await?;
        tx.commit().await?;
        Ok(revision)
    }

    async fn audit(&self, tx: &mut Tx, ctx: &Ctx, records: &[AuditRecord]) -> Outcome<()> {
        let recorded = self.audit.record(tx, ctx, records).await;
        recorded.map_err(|failure| failure.map_code(|AuditCode::Forbidden| ReleaseCode::Forbidden))
    }
}

fn require_permission(ctx: &Ctx) -> Outcome<()> {
    if ctx.is_staff() && ctx.may(&staff::PLUGINS_WRITE) {
        return Ok(());
    }
    let message = format!("this needs the permission {}", staff::PLUGINS_WRITE);
    Err(Failure::refused(ReleaseCode::Forbidden, message))
}

fn told(fact: &PluginFact) -> AuditRecord {
    let of_version = |plugin: &str, version: &PluginVersion, standing: &str| {
        let PluginVersion { version, sha256 } = version;
        json!({ "plugin": plugin, "version": version, "sha256": sha256, "standing": standing })
    };
    match fact {
        PluginFact::Installed { plugin, version, standing } => {
            entry("plugin.install", plugin, of_version(plugin, version, standing))
        }
        PluginFact::Loaded { plugin, version, standing } => {
            entry("plugin.load", plugin, of_version(plugin, version, standing))
        }
        PluginFact::Granted { plugin, version, standing, isolation, capabilities } => {
            let mut detail = of_version(plugin, version, standing);
            detail["isolation"] = json!(isolation);
            detail["capabilities"] = json!(capabilities);
            entry("plugin.grant", plugin, detail)
        }
        PluginFact::Refused { plugin, sha256, sentence } => {
            entry("plugin.refuse", plugin, json!({ "plugin": plugin, "sha256": sha256, "refusal": sentence }))
        }
    }
}

fn entry(action: &'static str, plugin: &str, detail: Value) -> AuditRecord {
    AuditRecord { action, subject_kind: "plugin", subject_id: plugin_id(plugin), account_id: None, detail }
}
