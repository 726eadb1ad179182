//! All SQL of the schema `extensions`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use vectis_contracts::Tx;
use vectis_contracts::extensions::Put;
use vectis_db::conn;
use vectis_kernel::Ctx;

/// How much a plugin keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) entries: i64,
    pub(crate) bytes: i64,
}

#[tracing::instrument(name = "db.extensions.get", skip_all)]
pub(crate) async fn get(
    pool: &PgPool,
    ctx: &Ctx,
    plugin: &str,
    key: &str,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT value FROM extensions.entry \
         WHERE plugin = $1 AND key = $2 AND (expires_at IS NULL OR expires_at > $3)",
        plugin,
        key,
        ctx.now()
    )
    .fetch_optional(pool)
    .await
}

/// The plugin's row, locked until the end of the transaction.
#[tracing::instrument(name = "db.extensions.lock_usage", skip_all)]
pub(crate) async fn lock_usage(tx: &mut Tx, plugin: &str) -> Result<Usage, sqlx::Error> {
    sqlx::query_as!(
        Usage,
        "INSERT INTO extensions.usage (plugin, entries, bytes) VALUES ($1, 0, 0) \
         ON CONFLICT (plugin) DO UPDATE SET plugin = EXCLUDED.plugin \
         RETURNING entries, bytes",
        plugin
    )
    .fetch_one(conn(tx))
    .await
}

/// Bytes of key and value, also of one that has expired.
#[tracing::instrument(name = "db.extensions.size", skip_all)]
pub(crate) async fn size(tx: &mut Tx, plugin: &str, key: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT (octet_length(key) + octet_length(value))::bigint AS "size!"
           FROM extensions.entry WHERE plugin = $1 AND key = $2"#,
        plugin,
        key
    )
    .fetch_optional(conn(tx))
    .await
}

/// The plugin's row must be locked.
#[tracing::instrument(name = "db.extensions.put", skip_all)]
pub(crate) async fn put(tx: &mut Tx, ctx: &Ctx, plugin: &str, put: &Put<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH before AS ( \
             SELECT octet_length(key) + octet_length(value) AS size \
             FROM extensions.entry WHERE plugin = $1 AND key = $2 \
         ), kept AS ( \
             INSERT INTO extensions.entry (plugin, key, value, expires_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (plugin, key) DO UPDATE \
             SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at, updated_at = EXCLUDED.updated_at \
         ) \
         UPDATE extensions.usage \
         SET entries = entries + 1 - (SELECT COUNT(*) FROM before), \
             bytes = bytes + octet_length($2) + octet_length($3) - COALESCE((SELECT size FROM before), 0) \
         WHERE plugin = $1",
        plugin,
        put.key,
        put.value,
        put.expires_at,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// The plugin's row must be locked.
#[tracing::instrument(name = "db.extensions.delete", skip_all)]
pub(crate) async fn delete(tx: &mut Tx, plugin: &str, key: &str) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query!(
        "WITH gone AS ( \
             DELETE FROM extensions.entry WHERE plugin = $1 AND key = $2 \
             RETURNING octet_length(key) + octet_length(value) AS size \
         ) \
         UPDATE extensions.usage SET entries = entries - 1, bytes = bytes - gone.size \
         FROM gone WHERE plugin = $1",
        plugin,
        key
    )
    .execute(conn(tx))
    .await?;
    Ok(gone.rows_affected() > 0)
}

/// What is kept once the expired is gone. The plugin's row must be locked.
#[tracing::instrument(name = "db.extensions.forget_expired", skip_all)]
pub(crate) async fn forget_expired(
    tx: &mut Tx,
    plugin: &str,
    at: DateTime<Utc>,
) -> Result<Usage, sqlx::Error> {
    sqlx::query_as!(
        Usage,
        "WITH gone AS ( \
             DELETE FROM extensions.entry WHERE plugin = $1 AND expires_at <= $2 \
             RETURNING octet_length(key) + octet_length(value) AS size \
         ) \
         UPDATE extensions.usage \
         SET entries = entries - (SELECT COUNT(*) FROM gone), \
             bytes = bytes - (SELECT COALESCE(SUM(size), 0) FROM gone) \
         WHERE plugin = $1 \
         RETURNING entries, bytes",
        plugin,
        at
    )
    .fetch_one(conn(tx))
    .await
}

/// Plugins that keep something that has expired.
#[tracing::instrument(name = "db.extensions.with_expired", skip_all)]
pub(crate) async fn with_expired(pool: &PgPool, ctx: &Ctx) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT DISTINCT plugin FROM extensions.entry WHERE expires_at <= $1 ORDER BY plugin",
        ctx.now()
    )
    .fetch_all(pool)
    .await
}
