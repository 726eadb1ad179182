//! Lists and who they are for.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_contracts::pricing::{PriceAudience, PriceList, UpsertPriceList};
use vectis_db::conn;
use vectis_kernel::ids::{AccountId, ChannelId, CustomerGroupId, LocationId, PriceListId};
use vectis_kernel::{Ctx, Currency, PageRequest};

use super::StoreError;

/// Kind and id of an audience, as stored.
pub(crate) fn audience_parts(audience: PriceAudience) -> (&'static str, Uuid) {
    match audience {
        PriceAudience::Channel(id) => ("channel", id.0),
        PriceAudience::Group(id) => ("group", id.0),
        PriceAudience::Account(id) => ("account", id.0),
        PriceAudience::Location(id) => ("location", id.0),
    }
}

pub(super) fn audience_columns(audience: &[PriceAudience]) -> (Vec<&'static str>, Vec<Uuid>) {
    audience.iter().copied().map(audience_parts).unzip()
}

fn audience_from(kind: &str, id: Uuid) -> Result<PriceAudience, StoreError> {
    match kind {
        "channel" => Ok(PriceAudience::Channel(ChannelId(id))),
        "group" => Ok(PriceAudience::Group(CustomerGroupId(id))),
        "account" => Ok(PriceAudience::Account(AccountId(id))),
        "location" => Ok(PriceAudience::Location(LocationId(id))),
        _ => Err(StoreError::Kind(kind.to_owned())),
    }
}

struct PriceListRow {
    id: Uuid,
    name: String,
    currency: String,
    priority: i32,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
    version: i64,
    kinds: Vec<String>,
    audience_ids: Vec<Uuid>,
}

impl TryFrom<PriceListRow> for PriceList {
    type Error = StoreError;

    fn try_from(row: PriceListRow) -> Result<Self, StoreError> {
        let audience = row.kinds.iter().zip(row.audience_ids).map(|(kind, id)| audience_from(kind, id));
        Ok(Self {
            id: PriceListId(row.id),
            name: row.name,
            currency: row.currency.parse()?,
            priority: row.priority,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            audience: audience.collect::<Result<_, _>>()?,
            version: row.version,
        })
    }
}

/// The list of a name.
#[tracing::instrument(name = "db.pricing.find_price_list", skip_all)]
pub(crate) async fn find_by_name(tx: &mut Tx, name: &str) -> Result<Option<PriceListId>, StoreError> {
    let id = sqlx::query_scalar!("SELECT id FROM pricing.price_list WHERE name = $1", name)
        .fetch_optional(conn(tx))
        .await?;
    Ok(id.map(PriceListId))
}

/// By name.
#[tracing::instrument(name = "db.pricing.list_price_lists", skip_all)]
pub(crate) async fn list(pool: &PgPool, page: &PageRequest) -> Result<Vec<PriceList>, StoreError> {
    let rows = sqlx::query_as!(
        PriceListRow,
        r#"
        SELECT list.id, list.name, list.currency, list.priority, list.valid_from, list.valid_to, list.version,
               audience.kinds AS "kinds!: Vec<String>", audience.ids AS "audience_ids!: Vec<Uuid>"
        FROM pricing.price_list AS list
        CROSS JOIN LATERAL (
            SELECT COALESCE(ARRAY_AGG(kind ORDER BY kind, audience_id), '{}') AS kinds,
                   COALESCE(ARRAY_AGG(audience_id ORDER BY kind, audience_id), '{}') AS ids
            FROM pricing.price_list_audience
            WHERE price_list_id = list.id
        ) AS audience
        WHERE $1::uuid IS NULL
           OR list.name > (SELECT before.name FROM pricing.price_list AS before WHERE before.id = $1)
        ORDER BY list.name
        LIMIT $2
        "#,
        page.after,
        page.fetch_limit()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(PriceList::try_from).collect()
}

/// Locks the list of this name, if there is one, so that nobody adds prices to it meanwhile.
#[tracing::instrument(name = "db.pricing.lock_price_list", skip_all)]
pub(crate) async fn lock_by_name(tx: &mut Tx, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT id FROM pricing.price_list WHERE name = $1 FOR UPDATE", name)
        .fetch_optional(conn(tx))
        .await?;
    Ok(())
}

/// Id and version of the list written; `None` when it has prices in another currency.
#[tracing::instrument(name = "db.pricing.upsert_price_list", skip_all)]
pub(crate) async fn upsert(
    tx: &mut Tx,
    ctx: &Ctx,
    list: &UpsertPriceList,
) -> Result<Option<(PriceListId, i64)>, sqlx::Error> {
    let written = sqlx::query!(
        r#"
        INSERT INTO pricing.price_list AS held
            (id, name, currency, priority, valid_from, valid_to, version, created_at, updated_at)
        VALUES ($1, $2, $3::bpchar, $4, $5, $6, 1, $7, $7)
        ON CONFLICT (name) DO UPDATE
        SET currency = EXCLUDED.currency, priority = EXCLUDED.priority, valid_from = EXCLUDED.valid_from,
            valid_to = EXCLUDED.valid_to, version = held.version + 1, updated_at = EXCLUDED.updated_at
        WHERE held.currency = EXCLUDED.currency
           OR NOT EXISTS (SELECT FROM pricing.price_tier AS tier WHERE tier.price_list_id = held.id)
        RETURNING id, version
        "#,
        ctx.new_id::<PriceListId>().0,
        list.name,
        list.currency.code(),
        list.priority,
        list.valid_from,
        list.valid_to,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    Ok(written.map(|row| (PriceListId(row.id), row.version)))
}

#[tracing::instrument(name = "db.pricing.delete_audience", skip_all)]
pub(crate) async fn delete_audience(tx: &mut Tx, id: PriceListId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM pricing.price_list_audience WHERE price_list_id = $1", id.0)
        .execute(conn(tx))
        .await?;
    Ok(())
}

#[tracing::instrument(name = "db.pricing.insert_audience", skip_all)]
pub(crate) async fn insert_audience(
    tx: &mut Tx,
    id: PriceListId,
    audience: &[PriceAudience],
) -> Result<(), sqlx::Error> {
    let (kinds, audience_ids) = audience_columns(audience);
    sqlx::query!(
        "INSERT INTO pricing.price_list_audience (price_list_id, kind, audience_id) \
         SELECT DISTINCT $1::uuid, kind, audience_id \
         FROM UNNEST($2::text[], $3::uuid[]) AS given (kind, audience_id)",
        id.0,
        &kinds as &[&str],
        &audience_ids
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Counts the version up and locks the list until the unit of work ends; its new version and its currency.
#[tracing::instrument(name = "db.pricing.touch_price_list", skip_all)]
pub(crate) async fn touch(
    tx: &mut Tx,
    ctx: &Ctx,
    id: PriceListId,
) -> Result<Option<(i64, Currency)>, StoreError> {
    let touched = sqlx::query!(
        "UPDATE pricing.price_list \
         SET version = version + 1, updated_at = $2 \
         WHERE id = $1 \
         RETURNING version, currency",
        id.0,
        ctx.now()
    )
    .fetch_optional(conn(tx))
    .await?;
    touched.map(|row| Ok((row.version, row.currency.parse()?))).transpose()
}
