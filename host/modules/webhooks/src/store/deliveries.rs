//! Deliveries: queue and log.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::webhooks::{DeliveriesOf, DeliveryStatus, WebhookDelivery};
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::{WebhookDeliveryId, WebhookId};

use crate::signing::SecretName;

/// Most rows that one statement forgets.
const FORGET_AT_ONCE: i64 = 10_000;

const fn word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Waiting => "waiting",
        DeliveryStatus::Delivered => "delivered",
        DeliveryStatus::Failed => "failed",
    }
}

struct DeliveryRow {
    id: Uuid,
    endpoint_id: Uuid,
    event_id: Uuid,
    event_type: String,
    status: String,
    attempts: i32,
    next_attempt_at: Option<DateTime<Utc>>,
    status_code: Option<i32>,
    error: Option<String>,
    duration_ms: Option<i32>,
    response: Option<String>,
    created_at: DateTime<Utc>,
    attempted_at: Option<DateTime<Utc>>,
}

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        let all = [DeliveryStatus::Waiting, DeliveryStatus::Delivered];
        let status = all.into_iter().find(|status| word(*status) == row.status);
        Self {
            id: WebhookDeliveryId(row.id),
            webhook_id: WebhookId(row.endpoint_id),
            event_id: row.event_id,
            event_type: row.event_type,
            // The table knows three words.
            status: status.unwrap_or(DeliveryStatus::Failed),
            attempts: row.attempts,
            status_code: row.status_code,
            error: row.error,
            duration_ms: row.duration_ms,
            response: row.response,
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
            attempted_at: row.attempted_at,
        }
    }
}

/// Rows of the pages asked for, those of each page newest first, each with the place of its question.
#[tracing::instrument(name = "db.webhooks.pages", skip_all)]
pub(crate) async fn pages(
    pool: &PgPool,
    of: &[DeliveriesOf],
) -> Result<Vec<(i64, WebhookDelivery)>, sqlx::Error> {
    let ids: Vec<Uuid> = of.iter().map(|one| one.webhook_id.0).collect();
    let statuses: Vec<Option<String>> = of.iter().map(|one| Some(word(one.status?).to_owned())).collect();
    let after: Vec<Option<Uuid>> = of.iter().map(|one| one.page.after).collect();
    let limits: Vec<i64> = of.iter().map(|one| one.page.fetch_limit()).collect();
    let rows = sqlx::query!(
        r#"
        SELECT asked.place AS "place!", delivery.id AS "id!", delivery.endpoint_id AS "endpoint_id!",
               delivery.event_id AS "event_id!", event.event_type AS "event_type!", delivery.status AS "status!",
               delivery.attempts AS "attempts!", delivery.next_attempt_at, delivery.status_code, delivery.error,
               delivery.duration_ms, delivery.response, delivery.created_at AS "created_at!", delivery.attempted_at
        FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) WITH ORDINALITY
            AS asked (endpoint_id, status, after, most, place)
        CROSS JOIN LATERAL (
            SELECT id, endpoint_id, event_id, status, attempts, next_attempt_at, status_code, error, duration_ms, response,
                   created_at, attempted_at
            FROM webhooks.delivery AS held
            WHERE held.endpoint_id = asked.endpoint_id
              AND (asked.status IS NULL OR held.status = asked.status)
              AND (asked.after IS NULL OR held.id < asked.after)
            ORDER BY held.id DESC
            LIMIT asked.most
        ) AS delivery
        JOIN webhooks.event AS event ON event.id = delivery.event_id
        ORDER BY asked.place, delivery.id DESC
        "#,
        &ids,
        &statuses as &[Option<String>],
        &after as &[Option<Uuid>],
        &limits
    )
    .fetch_all(pool)
    .await?;
    let pages = rows.into_iter().map(|row| {
        let delivery = DeliveryRow {
            id: row.id,
            endpoint_id: row.endpoint_id,
            event_id: row.event_id,
            event_type: row.event_type,
            status: row.status,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            status_code: row.status_code,
            error: row.error,
            duration_ms: row.duration_ms,
            response: row.response,
            created_at: row.created_at,
            attempted_at: row.attempted_at,
        };
        (row.place, WebhookDelivery::from(delivery))
    });
    Ok(pages.collect())
}

#[tracing::instrument(name = "db.webhooks.delivery", skip_all)]
pub(crate) async fn delivery(
    pool: &PgPool,
    id: WebhookDeliveryId,
) -> Result<Option<WebhookDelivery>, sqlx::Error> {
    let row = sqlx::query_as!(
        DeliveryRow,
        "SELECT delivery.id, delivery.endpoint_id, delivery.event_id, event.event_type, delivery.status, delivery.attempts, \
                delivery.next_attempt_at, delivery.status_code, delivery.error, delivery.duration_ms, delivery.response, \
                delivery.created_at, delivery.attempted_at \
         FROM webhooks.delivery AS delivery \
         JOIN webhooks.event AS event ON event.id = delivery.event_id \
         WHERE delivery.id = $1",
        id.0
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(WebhookDelivery::from))
}

/// Makes it due now, with the whole schedule before it; its webhook, and why that is disabled.
#[tracing::instrument(name = "db.webhooks.retry", skip_all)]
pub(crate) async fn retry(
    tx: &mut Tx,
    ctx: &Ctx,
    id: WebhookDeliveryId,
) -> Result<Option<(WebhookId, Option<String>)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        UPDATE webhooks.delivery AS delivery
        SET status = 'waiting', attempts = 0, fence = fence + 1, next_attempt_at = $2
        FROM webhooks.endpoint AS endpoint
        WHERE delivery.id = $1 AND endpoint.id = delivery.endpoint_id
        RETURNING endpoint.id AS "endpoint_id!", endpoint.disabled_reason
        "#,
        id.0,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    Ok(row.map(|row| (WebhookId(row.endpoint_id), row.disabled_reason)))
}

/// Events with their bodies, and which webhook gets which of them. What is there already stays as it is.
#[tracing::instrument(name = "db.webhooks.take_in", skip_all)]
pub(crate) async fn take_in(
    tx: &mut Tx,
    ctx: &Ctx,
    events: &[(Uuid, &str, String)],
    deliveries: &[(WebhookDeliveryId, WebhookId, Uuid)],
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = events.iter().map(|(id, ..)| *id).collect();
    let types: Vec<&str> = events.iter().map(|(_, event_type, _)| *event_type).collect();
    let bodies: Vec<&str> = events.iter().map(|(_, _, body)| body.as_str()).collect();
    let delivery_ids: Vec<Uuid> = deliveries.iter().map(|(id, ..)| id.0).collect();
    let endpoint_ids: Vec<Uuid> = deliveries.iter().map(|(_, endpoint, _)| endpoint.0).collect();
    let event_ids: Vec<Uuid> = deliveries.iter().map(|(.., event)| *event).collect();
    sqlx::query!(
        "WITH told AS ( \
             INSERT INTO webhooks.event (id, event_type, body, created_at) \
             SELECT event.id, event.event_type, event.body, $7 \
             FROM UNNEST($1::uuid[], $2::text[], $3::text[]) AS event (id, event_type, body) \
             ORDER BY event.id \
             ON CONFLICT DO NOTHING \
         ) \
         INSERT INTO webhooks.delivery \
             (id, endpoint_id, event_id, status, attempts, fence, next_attempt_at, created_at) \
         SELECT made.id, made.endpoint_id, made.event_id, 'waiting', 0, 0, $7, $7 \
         FROM UNNEST($4::uuid[], $5::uuid[], $6::uuid[]) AS made (id, endpoint_id, event_id) \
         ORDER BY made.id \
         ON CONFLICT DO NOTHING",
        &ids,
        &types as &[&str],
        &bodies as &[&str],
        &delivery_ids,
        &endpoint_ids,
        &event_ids,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// A delivery to attempt now.
pub(crate) struct Claimed {
    pub(crate) id: WebhookDeliveryId,
    pub(crate) webhook_id: WebhookId,
    pub(crate) event_id: Uuid,
    pub(crate) attempts: i32,
    pub(crate) fence: i64,
    pub(crate) url: String,
    pub(crate) body: String,
    /// The present secret first.
    pub(crate) secrets: Vec<SecretName>,
}

/// Takes what is due of each enabled webhook, beside `under_way` at most `concurrent`, until `leased_until`. What others are
/// taking at this moment is passed over.
#[tracing::instrument(name = "db.webhooks.claim", skip_all)]
pub(crate) async fn claim(
    pool: &PgPool,
    now: DateTime<Utc>,
    lease: TimeDelta,
    under_way: &[(WebhookId, i32)],
    concurrent: i32,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let busy: Vec<Uuid> = under_way.iter().map(|(id, _)| id.0).collect();
    let counts: Vec<i32> = under_way.iter().map(|(_, count)| *count).collect();
    let rows = sqlx::query!(
        r#"
        WITH due AS (
            SELECT next.id
            FROM webhooks.endpoint AS endpoint
            LEFT JOIN UNNEST($1::uuid[], $2::integer[]) AS busy (id, count) ON busy.id = endpoint.id
            CROSS JOIN LATERAL (
                SELECT waiting.id
                FROM webhooks.delivery AS waiting
                WHERE waiting.endpoint_id = endpoint.id AND waiting.status = 'waiting' AND waiting.next_attempt_at <= $3
                ORDER BY waiting.next_attempt_at, waiting.id
                LIMIT GREATEST($5 - COALESCE(busy.count, 0), 0)
                FOR UPDATE SKIP LOCKED
            ) AS next
            WHERE endpoint.disabled_reason IS NULL
        )
        UPDATE webhooks.delivery AS taken
        SET attempts = taken.attempts + 1, fence = taken.fence + 1, next_attempt_at = $4
        FROM due, webhooks.endpoint AS endpoint, webhooks.event AS event
        WHERE taken.id = due.id AND endpoint.id = taken.endpoint_id AND event.id = taken.event_id
        RETURNING taken.id, taken.endpoint_id, taken.event_id, taken.attempts, taken.fence, endpoint.url, event.body,
                  endpoint.key_id, endpoint.generation, endpoint.previous_key_id, endpoint.previous_until
        "#,
        &busy,
        &counts,
        now,
        now + lease,
        concurrent
    )
    .fetch_all(pool)
    .await?;
    let claimed = rows.into_iter().map(|row| {
        let mut secrets = vec![SecretName { key_id: row.key_id, generation: row.generation }];
        if let (Some(key_id), Some(until)) = (row.previous_key_id, row.previous_until)
            && now < until
        {
            secrets.push(SecretName { key_id, generation: row.generation - 1 });
        }
        Claimed {
            id: WebhookDeliveryId(row.id),
            webhook_id: WebhookId(row.endpoint_id),
            event_id: row.event_id,
            attempts: row.attempts,
            fence: row.fence,
            url: row.url,
            body: row.body,
            secrets,
        }
    });
    Ok(claimed.collect())
}

/// How an attempt ended, and what becomes of its delivery.
pub(crate) struct Ended {
    pub(crate) id: WebhookDeliveryId,
    pub(crate) fence: i64,
    pub(crate) status: DeliveryStatus,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    pub(crate) status_code: Option<i32>,
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: i32,
    pub(crate) response: Option<String>,
}

/// Writes it down for whoever claimed last; the deliveries of which that is true.
#[tracing::instrument(name = "db.webhooks.end", skip_all)]
pub(crate) async fn end(tx: &mut Tx, ctx: &Ctx, ended: &[Ended]) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = ended.iter().map(|one| one.id.0).collect();
    let fences: Vec<i64> = ended.iter().map(|one| one.fence).collect();
    let statuses: Vec<&str> = ended.iter().map(|one| word(one.status)).collect();
    let next: Vec<Option<DateTime<Utc>>> = ended.iter().map(|one| one.next_attempt_at).collect();
    let codes: Vec<Option<i32>> = ended.iter().map(|one| one.status_code).collect();
    let errors: Vec<Option<&str>> = ended.iter().map(|one| one.error.as_deref()).collect();
    let durations: Vec<i32> = ended.iter().map(|one| one.duration_ms).collect();
    let responses: Vec<Option<&str>> = ended.iter().map(|one| one.response.as_deref()).collect();
    sqlx::query_scalar!(
        "UPDATE webhooks.delivery AS held \
         SET status = ended.status, next_attempt_at = ended.next_attempt_at, status_code = ended.status_code, \
             error = ended.error, duration_ms = ended.duration_ms, response = ended.response, attempted_at = $9 \
         FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::integer[], $6::text[], $7::integer[], \
                     $8::text[]) \
             AS ended (id, fence, status, next_attempt_at, status_code, error, duration_ms, response) \
         WHERE held.id = ended.id AND held.fence = ended.fence AND held.status = 'waiting' \
         RETURNING held.id",
        &ids,
        &fences,
        &statuses as &[&str],
        &next as &[Option<DateTime<Utc>>],
        &codes as &[Option<i32>],
        &errors as &[Option<&str>],
        &durations,
        &responses as &[Option<&str>],
        ctx.now()
    )
    .fetch_all(conn(tx))
    .await
}

/// Removes deliveries made before `limit`; whether there may be more.
#[tracing::instrument(name = "db.webhooks.forget_deliveries", skip_all)]
pub(crate) async fn forget_deliveries(pool: &PgPool, limit: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "DELETE FROM webhooks.delivery \
         WHERE id IN (SELECT id FROM webhooks.delivery WHERE created_at < $1 LIMIT $2)",
        limit,
        FORGET_AT_ONCE
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Removes events taken in before `limit` that no delivery needs any more.
#[tracing::instrument(name = "db.webhooks.forget_events", skip_all)]
pub(crate) async fn forget_events(pool: &PgPool, limit: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let forgotten = sqlx::query!(
        "DELETE FROM webhooks.event \
         WHERE id IN ( \
             SELECT event.id \
             FROM webhooks.event AS event \
             WHERE event.created_at < $1 \
               AND NOT EXISTS (SELECT FROM webhooks.delivery AS needed WHERE needed.event_id = event.id) \
             LIMIT $2 \
         )",
        limit,
        FORGET_AT_ONCE
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
