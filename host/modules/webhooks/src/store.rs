//! All SQL of the schema `webhooks`: webhooks here, deliveries beside.

mod deliveries;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::webhooks::{Webhook, WebhookSettings};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{ChannelId, WebhookId};

use crate::model::{Interest, MOST_WEBHOOKS};
use crate::signing::SecretName;

pub(crate) use deliveries::{
    Claimed, Ended, claim, delivery, end, forget_deliveries, forget_events, pages, retry, take_in,
};

/// The key that secrets are made of; made from `fresh` when there is none yet.
#[tracing::instrument(name = "db.webhooks.signing_key", skip_all)]
pub(crate) async fn signing_key(pool: &PgPool, ctx: &Ctx, fresh: &[u8; 32]) -> Result<[u8; 32], sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhooks.signing_key (key, created_at) \
         VALUES ($1, $2) \
         ON CONFLICT DO NOTHING",
        &fresh[..],
        ctx.now()
    )
    .execute(pool)
    .await?;
    let key = sqlx::query_scalar!("SELECT key FROM webhooks.signing_key").fetch_one(pool).await?;
    key.try_into()
        .map_err(|_| sqlx::Error::ColumnDecode { index: "key".into(), source: "a key has 32 bytes".into() })
}

struct EndpointRow {
    id: Uuid,
    url: String,
    description: String,
    event_types: Vec<String>,
    channel_id: Option<Uuid>,
    disabled_reason: Option<String>,
    previous_until: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    consecutive_failures: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<EndpointRow> for Webhook {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: WebhookId(row.id),
            settings: WebhookSettings {
                url: row.url,
                description: row.description,
                event_types: row.event_types,
                channel_id: row.channel_id.map(ChannelId),
            },
            disabled_reason: row.disabled_reason,
            failing_since: row.failing_since,
            consecutive_failures: row.consecutive_failures,
            previous_secret_until: row.previous_until,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// All, or those of the ids, oldest first.
#[tracing::instrument(name = "db.webhooks.list", skip_all)]
pub(crate) async fn list(pool: &PgPool, ids: Option<&[Uuid]>) -> Result<Vec<Webhook>, sqlx::Error> {
    let rows = sqlx::query_as!(
        EndpointRow,
        "SELECT id, url, description, event_types, channel_id, disabled_reason, previous_until, failing_since, \
                consecutive_failures, created_at, updated_at \
         FROM webhooks.endpoint \
         WHERE $1::uuid[] IS NULL OR id = ANY ($1) \
         ORDER BY id",
        ids
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

/// The webhook, held until the unit of work ends.
#[tracing::instrument(name = "db.webhooks.hold", skip_all)]
pub(crate) async fn hold(tx: &mut Tx, id: WebhookId) -> Result<Option<Webhook>, sqlx::Error> {
    let row = sqlx::query_as!(
        EndpointRow,
        "SELECT id, url, description, event_types, channel_id, disabled_reason, previous_until, failing_since, \
                consecutive_failures, created_at, updated_at \
         FROM webhooks.endpoint \
         WHERE id = $1 \
         FOR UPDATE",
        id.0
    )
    .fetch_optional(conn(tx))
    .await?;
    Ok(row.map(Webhook::from))
}

struct InterestRow {
    id: Uuid,
    event_types: Vec<String>,
    channel_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<InterestRow> for Interest {
    fn from(row: InterestRow) -> Self {
        Self {
            id: WebhookId(row.id),
            event_types: row.event_types,
            channel_id: row.channel_id.map(ChannelId),
            created_at: row.created_at,
        }
    }
}

/// What the enabled webhooks want.
#[tracing::instrument(name = "db.webhooks.interests", skip_all)]
pub(crate) async fn interests(pool: &PgPool) -> Result<Vec<Interest>, sqlx::Error> {
    let rows = sqlx::query_as!(
        InterestRow,
        "SELECT id, event_types, channel_id, created_at \
         FROM webhooks.endpoint \
         WHERE disabled_reason IS NULL"
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(Interest::from).collect())
}

/// The same within a unit of work; none of them is deleted before it ends.
#[tracing::instrument(name = "db.webhooks.hold_interests", skip_all)]
pub(crate) async fn hold_interests(tx: &mut Tx) -> Result<Vec<Interest>, sqlx::Error> {
    let rows = sqlx::query_as!(
        InterestRow,
        "SELECT id, event_types, channel_id, created_at \
         FROM webhooks.endpoint \
         WHERE disabled_reason IS NULL \
         ORDER BY id \
         FOR KEY SHARE"
    )
    .fetch_all(conn(tx))
    .await?;
    Ok(rows.into_iter().map(Interest::from).collect())
}

/// False when there are as many as there may be.
#[tracing::instrument(name = "db.webhooks.insert", skip_all)]
pub(crate) async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    id: WebhookId,
    settings: &WebhookSettings,
    secret: &SecretName,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "INSERT INTO webhooks.endpoint \
             (id, url, description, event_types, channel_id, key_id, generation, consecutive_failures, created_at, updated_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, 0, $8, $8 \
         WHERE (SELECT COUNT(*) FROM webhooks.endpoint) < $9",
        id.0,
        settings.url,
        settings.description,
        &settings.event_types,
        settings.channel_id.map(|id| id.0),
        secret.key_id,
        secret.generation,
        ctx.now(),
        MOST_WEBHOOKS
    )
    .execute(conn(tx))
    .await?;
    Ok(inserted.rows_affected() == 1)
}

#[tracing::instrument(name = "db.webhooks.update", skip_all)]
pub(crate) async fn update(
    tx: &mut Tx,
    ctx: &Ctx,
    id: WebhookId,
    settings: &WebhookSettings,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhooks.endpoint \
         SET url = $2, description = $3, event_types = $4, channel_id = $5, updated_at = $6 \
         WHERE id = $1",
        id.0,
        settings.url,
        settings.description,
        &settings.event_types,
        settings.channel_id.map(|id| id.0),
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

#[tracing::instrument(name = "db.webhooks.delete", skip_all)]
pub(crate) async fn delete(tx: &mut Tx, id: WebhookId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM webhooks.endpoint WHERE id = $1", id.0).execute(conn(tx)).await?;
    Ok(())
}

/// The number of the new secret.
#[tracing::instrument(name = "db.webhooks.rotate", skip_all)]
pub(crate) async fn rotate(
    tx: &mut Tx,
    ctx: &Ctx,
    id: WebhookId,
    key_id: &str,
    previous_until: DateTime<Utc>,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE webhooks.endpoint \
         SET previous_key_id = key_id, previous_until = $3, key_id = $2, generation = generation + 1, updated_at = $4 \
         WHERE id = $1 \
         RETURNING generation",
        id.0,
        key_id,
        previous_until,
        ctx.now()
    )
    .fetch_one(conn(tx))
    .await
}

/// Switches it on (`None`), with a clean sheet, or off.
#[tracing::instrument(name = "db.webhooks.switch", skip_all)]
pub(crate) async fn switch(
    tx: &mut Tx,
    ctx: &Ctx,
    id: WebhookId,
    disabled_reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhooks.endpoint \
         SET disabled_reason = $2, updated_at = $3, \
             failing_since = CASE WHEN $2::text IS NULL THEN NULL ELSE failing_since END, \
             consecutive_failures = CASE WHEN $2::text IS NULL THEN 0 ELSE consecutive_failures END \
         WHERE id = $1",
        id.0,
        disabled_reason,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// How the attempts of a webhook ended, together.
pub(crate) struct Tally {
    pub(crate) id: WebhookId,
    pub(crate) failures: i32,
    pub(crate) has_succeeded: bool,
}

/// A webhook's failures after a tally.
pub(crate) struct Failing {
    pub(crate) id: Uuid,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    pub(crate) consecutive_failures: i32,
}

/// Counts failures up, or forgets them; those that changed. Webhooks that are well and stay so are not written.
#[tracing::instrument(name = "db.webhooks.count", skip_all)]
pub(crate) async fn count(tx: &mut Tx, ctx: &Ctx, tallies: &[Tally]) -> Result<Vec<Failing>, sqlx::Error> {
    let ids: Vec<Uuid> = tallies.iter().map(|tally| tally.id.0).collect();
    let failures: Vec<i32> = tallies.iter().map(|tally| tally.failures).collect();
    let succeeded: Vec<bool> = tallies.iter().map(|tally| tally.has_succeeded).collect();
    sqlx::query_as!(
        Failing,
        "UPDATE webhooks.endpoint AS held \
         SET consecutive_failures = CASE WHEN tally.has_succeeded THEN 0 ELSE held.consecutive_failures + tally.failures END, \
             failing_since = CASE WHEN tally.has_succeeded THEN NULL ELSE COALESCE(held.failing_since, $4) END \
         FROM UNNEST($1::uuid[], $2::integer[], $3::boolean[]) AS tally (id, failures, has_succeeded) \
         WHERE held.id = tally.id AND (NOT tally.has_succeeded OR held.consecutive_failures > 0) \
         RETURNING held.id, held.failing_since, held.consecutive_failures",
        &ids,
        &failures,
        &succeeded,
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await
}
