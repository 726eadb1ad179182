//! Everything that could price a query, in one statement.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgPool;
use uuid::Uuid;
use vectis_contracts::points::PriceLevel;
use vectis_contracts::pricing::{PriceAudience, PriceQuery};
use vectis_kernel::Quantity;
use vectis_kernel::ids::{PriceListId, VariantId};

use super::StoreError;
use super::price_list::audience_columns;
use crate::model::Source;

struct SourceRow {
    level: String,
    price_list_id: Option<Uuid>,
    priority: i32,
    valid_from: Option<DateTime<Utc>>,
    valid_to: Option<DateTime<Utc>>,
    rate: Option<Decimal>,
    variant_ids: Vec<Uuid>,
    min_quantities_milli: Vec<i64>,
    price_micros: Vec<i64>,
}

impl TryFrom<SourceRow> for Source {
    type Error = StoreError;

    fn try_from(row: SourceRow) -> Result<Self, StoreError> {
        Ok(Self {
            level: level_from(&row.level)?,
            price_list_id: row.price_list_id.map(PriceListId),
            priority: row.priority,
            valid_from: row.valid_from,
            valid_to: row.valid_to,
            rate: row.rate,
            variant_ids: row.variant_ids.into_iter().map(VariantId).collect(),
            min_quantities: row.min_quantities_milli.into_iter().map(Quantity::from_milli).collect(),
            price_micros: row.price_micros,
        })
    }
}

fn level_from(text: &str) -> Result<PriceLevel, StoreError> {
    match text {
        "managed" => Ok(PriceLevel::Managed),
        "location" => Ok(PriceLevel::Location),
        "account" => Ok(PriceLevel::Account),
        "group" => Ok(PriceLevel::Group),
        "channel" => Ok(PriceLevel::Default),
        _ => Err(StoreError::Kind(text.to_owned())),
    }
}

/// All lists and managed prices in force for the buyer, with their prices of the query's variants. A handful of rows with
/// long arrays: a row per price would spend more time on rows than on prices. A list that reaches the buyer at two levels
/// comes twice. Managed prices of the channel have priority 1, those of everywhere 0.
#[tracing::instrument(name = "db.pricing.sources", skip_all)]
pub(crate) async fn sources(
    pool: &PgPool,
    query: &PriceQuery,
    at: DateTime<Utc>,
) -> Result<Vec<Source>, StoreError> {
    let mut variant_ids: Vec<Uuid> = query.lines.iter().map(|line| line.variant_id.0).collect();
    variant_ids.sort_unstable();
    variant_ids.dedup();
    let (kinds, audience_ids) = audience_columns(&audiences(query));
    let rows = sqlx::query_as!(
        SourceRow,
        r#"
        SELECT audience.kind AS "level!", list.id AS "price_list_id?", list.priority AS "priority!",
               list.valid_from, list.valid_to, rate.rate AS "rate?", tier.variant_ids AS "variant_ids!: Vec<Uuid>",
               tier.min_quantities_milli AS "min_quantities_milli!: Vec<i64>",
               tier.price_micros AS "price_micros!: Vec<i64>"
        FROM (
            SELECT DISTINCT price_list_id, kind
            FROM UNNEST($2::text[], $3::uuid[]) AS buyer (kind, audience_id)
            JOIN pricing.price_list_audience USING (kind, audience_id)
        ) AS audience
        JOIN pricing.price_list AS list ON list.id = audience.price_list_id
        LEFT JOIN LATERAL (
            SELECT latest.rate
            FROM pricing.exchange_rate AS latest
            WHERE latest.base = list.currency AND latest.target = $5::bpchar AND latest.effective_from <= $6
            ORDER BY latest.effective_from DESC
            LIMIT 1
        ) AS rate ON TRUE
        CROSS JOIN LATERAL (
            SELECT ARRAY_AGG(variant_id) AS variant_ids,
                   ARRAY_AGG(min_quantity_milli) AS min_quantities_milli,
                   ARRAY_AGG((unit_price * 1000000)::bigint) AS price_micros
            FROM pricing.price_tier
            WHERE price_list_id = list.id AND variant_id = ANY ($1)
        ) AS tier
        WHERE (list.valid_from IS NULL OR list.valid_from <= $6)
          AND (list.valid_to IS NULL OR list.valid_to > $6)
          AND (list.currency = $5::bpchar OR rate.rate IS NOT NULL)
          AND tier.variant_ids IS NOT NULL
        UNION ALL
        SELECT 'managed', NULL::uuid, (managed.channel_id IS NOT NULL)::integer,
               managed.valid_from, managed.valid_to, rate.rate, ARRAY_AGG(managed.variant_id),
               ARRAY_AGG(0::bigint),
               ARRAY_AGG((managed.unit_price * 1000000)::bigint)
        FROM pricing.managed_price AS managed
        LEFT JOIN LATERAL (
            SELECT latest.rate
            FROM pricing.exchange_rate AS latest
            WHERE latest.base = managed.currency AND latest.target = $5::bpchar AND latest.effective_from <= $6
            ORDER BY latest.effective_from DESC
            LIMIT 1
        ) AS rate ON TRUE
        WHERE managed.variant_id = ANY ($1)
          AND (managed.channel_id IS NULL OR managed.channel_id = $4)
          AND (managed.valid_from IS NULL OR managed.valid_from <= $6)
          AND (managed.valid_to IS NULL OR managed.valid_to > $6)
          AND (managed.currency = $5::bpchar OR rate.rate IS NOT NULL)
        GROUP BY managed.channel_id IS NOT NULL, managed.valid_from, managed.valid_to, rate.rate
        "#,
        &variant_ids,
        &kinds as &[&str],
        &audience_ids,
        query.channel_id.0,
        query.currency.code(),
        at
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Source::try_from).collect()
}

/// Everybody the buyer is.
fn audiences(query: &PriceQuery) -> Vec<PriceAudience> {
    let own = [
        Some(PriceAudience::Channel(query.channel_id)),
        query.account_id.map(PriceAudience::Account),
        query.location_id.map(PriceAudience::Location),
    ];
    own.into_iter().flatten().chain(query.group_ids.iter().copied().map(PriceAudience::Group)).collect()
}
