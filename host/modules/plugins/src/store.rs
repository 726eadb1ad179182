//! All SQL of the schema `plugins`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::plugin_releases::{PluginVersion, Release, Releases, Replica};
use vectis_db::conn;
use vectis_kernel::Ctx;

/// A stored row holds what the module never writes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
    #[error("what a replica reported is not readable: {0}")]
    Running(#[from] serde_json::Error),
}

struct ReleaseRow {
    revision: i64,
    plugin: Option<String>,
    version: Option<String>,
    sha256: Option<String>,
    previous_version: Option<String>,
    previous_sha256: Option<String>,
    is_enabled: Option<bool>,
}

impl ReleaseRow {
    /// `None` for the row that only carries the revision.
    fn into_release(self) -> Option<Release> {
        let previous = match (self.previous_version, self.previous_sha256) {
            (Some(version), Some(sha256)) => Some(PluginVersion { version, sha256 }),
            _ => None,
        };
        Some(Release {
            plugin: self.plugin?,
            in_force: PluginVersion { version: self.version?, sha256: self.sha256? },
            previous,
            is_enabled: self.is_enabled?,
        })
    }
}

/// All releases with their revision, of one instant.
#[tracing::instrument(name = "db.plugins.releases", skip_all)]
pub(crate) async fn releases(pool: &PgPool) -> Result<Releases, sqlx::Error> {
    let rows = sqlx::query_as!(
        ReleaseRow,
        r#"
        SELECT counter.revision, release.plugin AS "plugin?", release.version AS "version?", release.sha256 AS "sha256?",
               release.previous_version, release.previous_sha256, release.is_enabled AS "is_enabled?"
        FROM plugins.release_revision AS counter
        LEFT JOIN plugins.release AS release ON TRUE
        ORDER BY release.plugin
        "#
    )
    .fetch_all(pool)
    .await?;
    let revision = rows.first().map_or(0, |row| row.revision);
    Ok(Releases { revision, all: rows.into_iter().filter_map(ReleaseRow::into_release).collect() })
}

#[tracing::instrument(name = "db.plugins.revision", skip_all)]
pub(crate) async fn revision(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT revision FROM plugins.release_revision").fetch_one(pool).await
}

/// Counts the revision up if it is still the one seen; other writers wait until the unit of work ends.
#[tracing::instrument(name = "db.plugins.next_revision", skip_all)]
pub(crate) async fn next_revision(tx: &mut Tx, seen: i64) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE plugins.release_revision SET revision = revision + 1 WHERE revision = $1 RETURNING revision",
        seen
    )
    .fetch_optional(conn(tx))
    .await
}

#[tracing::instrument(name = "db.plugins.upsert", skip_all)]
pub(crate) async fn upsert(tx: &mut Tx, ctx: &Ctx, id: Uuid, release: &Release) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO plugins.release \
             (id, plugin, version, sha256, previous_version, previous_sha256, is_enabled, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
         ON CONFLICT (plugin) DO UPDATE \
         SET version = EXCLUDED.version, sha256 = EXCLUDED.sha256, previous_version = EXCLUDED.previous_version, \
             previous_sha256 = EXCLUDED.previous_sha256, is_enabled = EXCLUDED.is_enabled, \
             updated_at = EXCLUDED.updated_at",
        id,
        release.plugin,
        release.in_force.version,
        release.in_force.sha256,
        release.previous.as_ref().map(|previous| &previous.version),
        release.previous.as_ref().map(|previous| &previous.sha256),
        release.is_enabled,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Writes what a replica runs, and removes those that have not reported since `gone_since`.
#[tracing::instrument(name = "db.plugins.report", skip_all)]
pub(crate) async fn report(
    pool: &PgPool,
    replica: &Replica,
    gone_since: DateTime<Utc>,
) -> Result<(), StoreError> {
    let running = serde_json::to_value(&replica.running)?;
    sqlx::query!(
        "WITH gone AS (DELETE FROM plugins.replica WHERE reported_at < $6 AND id <> $1) \
         INSERT INTO plugins.replica (id, name, revision, running, reported_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE \
         SET name = EXCLUDED.name, revision = EXCLUDED.revision, running = EXCLUDED.running, \
             reported_at = EXCLUDED.reported_at",
        replica.id,
        replica.name,
        replica.revision,
        running,
        replica.reported_at,
        gone_since
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.plugins.retire", skip_all)]
pub(crate) async fn retire(pool: &PgPool, replica: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM plugins.replica WHERE id = $1", replica).execute(pool).await?;
    Ok(())
}

struct ReplicaRow {
    id: Uuid,
    name: String,
    revision: i64,
    running: Value,
    reported_at: DateTime<Utc>,
}

impl TryFrom<ReplicaRow> for Replica {
    type Error = StoreError;

    fn try_from(row: ReplicaRow) -> Result<Self, StoreError> {
        let ReplicaRow { id, name, revision, running, reported_at } = row;
        Ok(Self { id, name, revision, running: serde_json::from_value(running)?, reported_at })
    }
}

#[tracing::instrument(name = "db.plugins.replicas", skip_all)]
pub(crate) async fn replicas(pool: &PgPool) -> Result<Vec<Replica>, StoreError> {
    let rows = sqlx::query_as!(
        ReplicaRow,
        "SELECT id, name, revision, running, reported_at \
         FROM plugins.replica \
         ORDER BY name, id"
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Replica::try_from).collect()
}
