//! All SQL of the schema `channels`.

use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::channels::{Channel, ChannelSettings, CommerceMode, StrategyBinding};
use vectis_db::conn;
use vectis_kernel::ids::{ChannelId, WarehouseId};
use vectis_kernel::{Ctx, Currency, MoneyError};

struct ChannelRow {
    id: Uuid,
    slug: String,
    name: String,
    mode: String,
    currency: String,
    currencies: Vec<String>,
    time_zone: String,
    prices_include_tax: bool,
    guest_checkout: bool,
    is_active: bool,
    warehouse_ids: Vec<Uuid>,
    country: String,
    version: i64,
}

/// A stored row holds what the module never writes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("database: {0}")]
    Db(#[from] sqlx::Error),
    #[error("a stored currency is unknown: {0}")]
    Currency(#[from] MoneyError),
    #[error("stored commerce mode {0:?} is unknown")]
    Mode(String),
}

impl TryFrom<ChannelRow> for Channel {
    type Error = StoreError;

    fn try_from(row: ChannelRow) -> Result<Self, StoreError> {
        let currencies = row.currencies.iter().map(|code| code.parse()).collect::<Result<_, MoneyError>>()?;
        Ok(Self {
            id: ChannelId(row.id),
            slug: row.slug,
            name: row.name,
            mode: mode_from(&row.mode)?,
            currency: row.currency.parse()?,
            currencies,
            time_zone: row.time_zone,
            prices_include_tax: row.prices_include_tax,
            guest_checkout: row.guest_checkout,
            is_active: row.is_active,
            warehouse_ids: row.warehouse_ids.into_iter().map(WarehouseId).collect(),
            country: row.country,
            version: row.version,
        })
    }
}

fn mode_from(text: &str) -> Result<CommerceMode, StoreError> {
    match text {
        "b2b" => Ok(CommerceMode::B2b),
        "retail" => Ok(CommerceMode::Retail),
        "hybrid" => Ok(CommerceMode::Hybrid),
        _ => Err(StoreError::Mode(text.to_owned())),
    }
}

/// The mode as stored, and as events say it.
pub(crate) fn mode_text(mode: CommerceMode) -> &'static str {
    match mode {
        CommerceMode::B2b => "b2b",
        CommerceMode::Retail => "retail",
        CommerceMode::Hybrid => "hybrid",
    }
}

#[tracing::instrument(name = "db.channels.find_by_slug", skip_all)]
pub(crate) async fn find_by_slug(pool: &PgPool, slug: &str) -> Result<Option<Channel>, StoreError> {
    let row = sqlx::query_as!(
        ChannelRow,
        "SELECT id, slug, name, mode, currency, currencies, time_zone, prices_include_tax, guest_checkout, is_active, \
                warehouse_ids, country, version \
         FROM channels.channel \
         WHERE slug = $1",
        slug
    )
    .fetch_optional(pool)
    .await?;
    row.map(Channel::try_from).transpose()
}

#[tracing::instrument(name = "db.channels.get_many", skip_all)]
pub(crate) async fn get_many(pool: &PgPool, ids: &[ChannelId]) -> Result<Vec<Channel>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        ChannelRow,
        "SELECT id, slug, name, mode, currency, currencies, time_zone, prices_include_tax, guest_checkout, is_active, \
                warehouse_ids, country, version \
         FROM channels.channel \
         WHERE id = ANY ($1) \
         ORDER BY id",
        &ids
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Channel::try_from).collect()
}

#[tracing::instrument(name = "db.channels.list", skip_all)]
pub(crate) async fn list(pool: &PgPool, limit: i64) -> Result<Vec<Channel>, StoreError> {
    let rows = sqlx::query_as!(
        ChannelRow,
        "SELECT id, slug, name, mode, currency, currencies, time_zone, prices_include_tax, guest_checkout, is_active, \
                warehouse_ids, country, version \
         FROM channels.channel \
         ORDER BY slug \
         LIMIT $1",
        limit
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Channel::try_from).collect()
}

/// False when the slug is taken.
#[tracing::instrument(name = "db.channels.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    id: ChannelId,
    settings: &ChannelSettings,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO channels.channel \
             (id, slug, name, mode, currency, currencies, time_zone, prices_include_tax, guest_checkout, is_active, \
              warehouse_ids, country, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9, $10, $11, $12, 1, $13, $13) \
         ON CONFLICT (slug) DO NOTHING",
        id.0,
        settings.slug,
        settings.name,
        mode_text(settings.mode),
        settings.currency.code(),
        &currency_codes(settings),
        settings.time_zone,
        settings.prices_include_tax,
        settings.guest_checkout,
        settings.is_active,
        &warehouse_ids(settings),
        settings.country,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// What became of an update.
pub(crate) enum Updated {
    /// Written; the channel's new version.
    Version(i64),
    /// No such channel at that version.
    NotFoundOrStale,
    /// Another channel has the slug.
    SlugTaken,
}

#[tracing::instrument(name = "db.channels.update", skip_all)]
pub(crate) async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    (id, version): (ChannelId, i64),
    settings: &ChannelSettings,
) -> Result<Updated, sqlx::Error> {
    let updated = sqlx::query_scalar!(
        "UPDATE channels.channel \
         SET slug = $3, name = $4, mode = $5, currency = $6, currencies = $7::text[], time_zone = $8, \
             prices_include_tax = $9, guest_checkout = $10, is_active = $11, warehouse_ids = $12, country = $13, \
             version = version + 1, updated_at = $14 \
         WHERE id = $1 AND version = $2 \
         RETURNING version",
        id.0,
        version,
        settings.slug,
        settings.name,
        mode_text(settings.mode),
        settings.currency.code(),
        &currency_codes(settings),
        settings.time_zone,
        settings.prices_include_tax,
        settings.guest_checkout,
        settings.is_active,
        &warehouse_ids(settings),
        settings.country,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await;
    match updated {
        Ok(Some(version)) => Ok(Updated::Version(version)),
        Ok(None) => Ok(Updated::NotFoundOrStale),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("channel_slug_key") => {
            Ok(Updated::SlugTaken)
        }
        Err(error) => Err(error),
    }
}

fn currency_codes(settings: &ChannelSettings) -> Vec<String> {
    settings.currencies.iter().map(Currency::to_string).collect()
}

fn warehouse_ids(settings: &ChannelSettings) -> Vec<Uuid> {
    settings.warehouse_ids.iter().map(|id| id.0).collect()
}

/// Whether the channel exists; it then stays until the unit of work ends.
#[tracing::instrument(name = "db.channels.hold", skip_all)]
pub(crate) async fn hold(tx: &mut Tx, id: ChannelId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!("SELECT id FROM channels.channel WHERE id = $1 FOR SHARE", id.0)
        .fetch_optional(conn(tx))
        .await?;
    Ok(found.is_some())
}

struct BindingRow {
    revision: i64,
    channel_id: Option<Uuid>,
    point: Option<String>,
    plugin: Option<String>,
    entry_point: Option<String>,
    priority: Option<i32>,
    config: Option<Value>,
}

impl BindingRow {
    /// `None` for the row that only carries the revision.
    fn into_binding(self) -> Option<StrategyBinding> {
        Some(StrategyBinding {
            channel_id: ChannelId(self.channel_id?),
            point: self.point?,
            plugin: self.plugin?,
            entry_point: self.entry_point?,
            priority: self.priority?,
            config: self.config?,
        })
    }
}

/// All bindings with their revision, of one instant.
#[tracing::instrument(name = "db.channels.bindings", skip_all)]
pub(crate) async fn bindings(pool: &PgPool) -> Result<(i64, Vec<StrategyBinding>), sqlx::Error> {
    let rows = sqlx::query_as!(
        BindingRow,
        r#"
        SELECT counter.revision, binding.channel_id AS "channel_id?", binding.point AS "point?",
               binding.plugin AS "plugin?", binding.entry_point AS "entry_point?", binding.priority AS "priority?",
               binding.config AS "config?"
        FROM channels.binding_revision AS counter
        LEFT JOIN channels.strategy_binding AS binding ON TRUE
        ORDER BY binding.channel_id, binding.point, binding.priority DESC, binding.plugin, binding.entry_point
        "#
    )
    .fetch_all(pool)
    .await?;
    let revision = rows.first().map_or(0, |row| row.revision);
    Ok((revision, rows.into_iter().filter_map(BindingRow::into_binding).collect()))
}

#[tracing::instrument(name = "db.channels.bindings_revision", skip_all)]
pub(crate) async fn bindings_revision(pool: &PgPool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("SELECT revision FROM channels.binding_revision").fetch_one(pool).await
}

/// Counts the revision up; other writers of bindings wait until the unit of work ends.
#[tracing::instrument(name = "db.channels.next_revision", skip_all)]
pub(crate) async fn next_revision(tx: &mut Tx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("UPDATE channels.binding_revision SET revision = revision + 1 RETURNING revision")
        .fetch_one(conn(tx))
        .await
}

/// Takes away all bindings of the point in the channel but the given one.
#[tracing::instrument(name = "db.channels.delete_others", skip_all)]
pub(crate) async fn delete_others(tx: &mut Tx, kept: &StrategyBinding) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM channels.strategy_binding \
         WHERE channel_id = $1 AND point = $2 AND (plugin, entry_point) <> ($3, $4)",
        kept.channel_id.0,
        kept.point,
        kept.plugin,
        kept.entry_point
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.channels.upsert_binding", skip_all)]
pub(crate) async fn upsert_binding(
    tx: &mut Tx,
    ctx: &Ctx,
    binding: &StrategyBinding,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO channels.strategy_binding \
             (id, channel_id, point, plugin, entry_point, priority, config, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
         ON CONFLICT (channel_id, point, plugin, entry_point) DO UPDATE \
         SET priority = EXCLUDED.priority, config = EXCLUDED.config, updated_at = EXCLUDED.updated_at",
        ctx.new_id::<Uuid>(),
        binding.channel_id.0,
        binding.point,
        binding.plugin,
        binding.entry_point,
        binding.priority,
        binding.config,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// How many bindings of the plugin at the point were taken away.
#[tracing::instrument(name = "db.channels.delete_bindings", skip_all)]
pub(crate) async fn delete_bindings(
    tx: &mut Tx,
    channel_id: ChannelId,
    point: &str,
    plugin: &str,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM channels.strategy_binding \
         WHERE channel_id = $1 AND point = $2 AND plugin = $3",
        channel_id.0,
        point,
        plugin
    )
    .execute(conn(tx))
    .await?;
    Ok(deleted.rows_affected())
}
