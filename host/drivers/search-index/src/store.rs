//! All SQL of the schema `search_index`.

use std::collections::BTreeSet;

use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Transaction};
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::ports::search_index::{Copy, MOST_MATCHES, Order, Query};

use crate::text::{Near, Wanted};

/// Stands between the items of a list that travels as one text, since arrays of arrays must be rectangles.
const SEPARATOR: &str = "\u{1f}";
/// Words that are looked at for one that is not known.
const MOST_SIMILAR: i64 = 1_000;
/// Terms counted, over all facets.
const MOST_TERMS: i64 = 2_000;

/// Items as one text.
pub(crate) fn listed(items: impl Iterator<Item = String>) -> String {
    items.map(|item| item.replace(SEPARATOR, " ")).collect::<Vec<_>>().join(SEPARATOR)
}

/// Documents, a column each.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) product_ids: Vec<Uuid>,
    pub(crate) name_keys: Vec<String>,
    pub(crate) audiences: Vec<String>,
    pub(crate) terms: Vec<String>,
    pub(crate) words: Vec<String>,
    pub(crate) spelled: BTreeSet<String>,
}

/// What a search has found, and in which slot the live documents are by now.
#[derive(sqlx::FromRow)]
struct MatchedRow {
    slot: i16,
    total: i64,
    ids: Vec<Uuid>,
    terms: Option<Vec<String>>,
    counts: Option<Vec<i64>>,
}

/// What a search has found.
pub(crate) struct Matched {
    pub(crate) slot: i16,
    pub(crate) total: u32,
    pub(crate) ids: Vec<Uuid>,
    pub(crate) terms: Vec<(String, u32)>,
}

/// A search under way, in one slot.
pub(crate) struct Pool {
    tx: Transaction<'static, Postgres>,
    pub(crate) slot: i16,
}

impl Pool {
    /// Without sequential scans: they are never the quicker way to a bounded number of matches, and where they begin is
    /// left to chance.
    #[instrument(name = "db.search_index.open", skip_all)]
    pub(crate) async fn open(pool: &PgPool) -> Result<Self, sqlx::Error> {
        let mut tx = pool.begin().await?;
        let (slot, ..): (i16, String, String, String, String, String) = sqlx::query_as(
            "SELECT live.slot, SET_CONFIG('enable_seqscan', 'off', true), SET_CONFIG('jit', 'off', true), \
                    SET_CONFIG('plan_cache_mode', 'force_custom_plan', true), \
                    SET_CONFIG('statement_timeout', '3000', true), \
                    SET_CONFIG('pg_trgm.similarity_threshold', '0.2', true) \
             FROM search_index.live AS live",
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(Self { tx, slot })
    }

    /// Words that share enough of their trigrams with one.
    #[instrument(name = "db.search_index.similar", skip_all)]
    pub(crate) async fn similar(&mut self, word: &str) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT known.word \
             FROM search_index.word AS known \
             WHERE known.word % $1 AND known.slot = $2 \
               AND ABS(CHAR_LENGTH(known.word) - CHAR_LENGTH($1)) <= 2 \
             ORDER BY SIMILARITY(known.word, $1) DESC, known.word \
             LIMIT $3",
        )
        .bind(word)
        .bind(self.slot)
        .bind(MOST_SIMILAR)
        .fetch_all(&mut *self.tx)
        .await
    }

    /// Matches with their facets, in one statement: a bounded number of them is gathered, and then ordered and counted.
    #[instrument(name = "db.search_index.search", skip_all)]
    pub(crate) async fn search(
        &mut self,
        query: &Query,
        wanted: &Wanted,
        near: &Near,
    ) -> Result<Matched, sqlx::Error> {
        let mut sql = QueryBuilder::<Postgres>::new(
            "WITH gathered AS MATERIALIZED ( \
                 SELECT document.product_id, document.name_key, document.terms, ",
        );
        push_score(&mut sql, wanted);
        sql.push(
            " AS score \
                 FROM search_index.document AS document \
                 WHERE document.slot = ",
        );
        sql.push_bind(self.slot).push(" AND document.audience && ").push_bind(&query.audience);
        if !wanted.is_empty() {
            sql.push(" AND document.words @@ ").push_bind(wanted.all_words(near)).push("::tsquery");
        }
        for (facet, values) in &query.filters {
            let terms: Vec<String> = values.iter().map(|value| format!("{facet}={value}")).collect();
            sql.push(" AND document.terms && ").push_bind(terms);
        }
        if wanted.is_empty() {
            sql.push(match query.order {
                Order::Newest => " ORDER BY document.product_id DESC",
                Order::Relevance | Order::Name => " ORDER BY document.name_key, document.product_id",
            });
        }
        sql.push(" LIMIT ").push_bind(i64::from(MOST_MATCHES));
        sql.push(
            "), placed AS ( \
                 SELECT gathered.product_id, ROW_NUMBER() OVER (ORDER BY ",
        );
        sql.push(match query.order {
            Order::Newest => "gathered.product_id DESC",
            Order::Name => "gathered.name_key, gathered.product_id",
            Order::Relevance => "gathered.score DESC, gathered.name_key, gathered.product_id",
        });
        sql.push(") AS place FROM gathered), ");
        push_counted(&mut sql, query);
        sql.push(
            "SELECT (SELECT live.slot FROM search_index.live AS live) AS slot, \
                    (SELECT COUNT(*) FROM gathered) AS total, \
                    ARRAY(SELECT placed.product_id FROM placed WHERE placed.place > ",
        );
        let skip = i64::from(query.skip);
        sql.push_bind(skip).push(" AND placed.place <= ").push_bind(skip + i64::from(query.take));
        sql.push(
            " ORDER BY placed.place) AS ids, \
              (SELECT ARRAY_AGG(counted.term ORDER BY counted.matches DESC, counted.term) FROM counted) AS terms, \
              (SELECT ARRAY_AGG(counted.matches ORDER BY counted.matches DESC, counted.term) FROM counted) AS counts",
        );
        let row: MatchedRow = sql.build_query_as().fetch_one(&mut *self.tx).await?;
        let counts = row.counts.unwrap_or_default().into_iter().map(at_most_all);
        Ok(Matched {
            slot: row.slot,
            total: at_most_all(row.total),
            ids: row.ids,
            terms: row.terms.unwrap_or_default().into_iter().zip(counts).collect(),
        })
    }
}

fn at_most_all(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(MOST_MATCHES)
}

/// The whole text as SKU, as beginning of one, in the name, beginning in the name.
fn push_score(sql: &mut QueryBuilder<Postgres>, wanted: &Wanted) {
    if wanted.is_empty() {
        sql.push("0");
        return;
    }
    let signs =
        [(8, wanted.sku("")), (4, wanted.sku(":*")), (2, wanted.in_name("")), (1, wanted.in_name(":*"))];
    for (number, (weight, sign)) in signs.into_iter().enumerate() {
        sql.push(if number == 0 { "" } else { " + " });
        sql.push_bind(weight).push(" * (document.words @@ ").push_bind(sign).push("::tsquery)::integer");
    }
}

fn push_counted(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    sql.push(
        "counted AS ( \
             SELECT term.term, COUNT(*) AS matches \
             FROM gathered \
             CROSS JOIN LATERAL UNNEST(gathered.terms) AS term (term) \
             WHERE SPLIT_PART(term.term, '=', 1) = ANY (",
    );
    sql.push_bind(&query.facets).push(") GROUP BY term.term ORDER BY matches DESC, term.term LIMIT ");
    sql.push_bind(MOST_TERMS).push(") ");
}

/// The slot of a copy.
#[instrument(name = "db.search_index.slot", skip_all)]
pub(crate) async fn slot(connection: &mut PgConnection, copy: Copy) -> Result<Option<i16>, sqlx::Error> {
    let (slot, has_next): (i16, bool) =
        sqlx::query_as("SELECT slot, has_next FROM search_index.live").fetch_one(connection).await?;
    Ok(match copy {
        Copy::Live => Some(slot),
        Copy::Next => has_next.then_some(1 - slot),
    })
}

/// Writes documents in place of those of the same products.
#[instrument(name = "db.search_index.put", skip_all)]
pub(crate) async fn put(
    connection: &mut PgConnection,
    slot: i16,
    columns: &Columns,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO search_index.document (slot, product_id, name_key, audience, terms, words) \
         SELECT $1, given.product_id, given.name_key, STRING_TO_ARRAY(given.audience, $7), \
                STRING_TO_ARRAY(given.terms, $7), given.words::tsvector \
         FROM UNNEST($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) \
              AS given (product_id, name_key, audience, terms, words) \
         ON CONFLICT (slot, product_id) DO UPDATE \
         SET name_key = excluded.name_key, audience = excluded.audience, terms = excluded.terms, \
             words = excluded.words",
    )
    .bind(slot)
    .bind(&columns.product_ids)
    .bind(&columns.name_keys)
    .bind(&columns.audiences)
    .bind(&columns.terms)
    .bind(&columns.words)
    .bind(SEPARATOR)
    .execute(&mut *connection)
    .await?;
    let spelled: Vec<&String> = columns.spelled.iter().collect();
    sqlx::query(
        "INSERT INTO search_index.word (slot, word) \
         SELECT $1, given.word \
         FROM UNNEST($2::text[]) AS given (word) \
         ON CONFLICT (slot, word) DO NOTHING",
    )
    .bind(slot)
    .bind(&spelled)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes documents.
#[instrument(name = "db.search_index.delete", skip_all)]
pub(crate) async fn delete(
    connection: &mut PgConnection,
    slot: i16,
    product_ids: &[Uuid],
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM search_index.document WHERE slot = $1 AND product_id = ANY ($2)")
        .bind(slot)
        .bind(product_ids)
        .execute(connection)
        .await?;
    Ok(())
}

/// How many documents a slot has.
#[instrument(name = "db.search_index.count", skip_all)]
pub(crate) async fn count(connection: &mut PgConnection, slot: i16) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM search_index.document WHERE slot = $1")
        .bind(slot)
        .fetch_one(connection)
        .await
}

/// Empties the slot that does not answer, and opens it for documents.
#[instrument(name = "db.search_index.prepare_next", skip_all)]
pub(crate) async fn prepare_next(pool: &PgPool) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let live: i16 = sqlx::query_scalar("UPDATE search_index.live SET has_next = true RETURNING slot")
        .fetch_one(&mut *tx)
        .await?;
    empty(&mut tx, 1 - live).await?;
    tx.commit().await
}

async fn empty(connection: &mut PgConnection, slot: i16) -> Result<(), sqlx::Error> {
    let partition = if slot == 0 {
        sqlx::query("TRUNCATE search_index.document_0")
    } else {
        sqlx::query("TRUNCATE search_index.document_1")
    };
    partition.execute(&mut *connection).await?;
    sqlx::query("DELETE FROM search_index.word WHERE slot = $1").bind(slot).execute(connection).await?;
    Ok(())
}

/// Lets the other slot answer; `false` when it was not being filled. The old one is emptied after that: a search that began in
/// it and has not read it yet learns of the swap by its own statement, and begins anew.
#[instrument(name = "db.search_index.swap", skip_all)]
pub(crate) async fn swap(pool: &PgPool) -> Result<bool, sqlx::Error> {
    // The planner must know the new documents before the first search does.
    sqlx::query("ANALYZE search_index.document").execute(pool).await?;
    sqlx::query("ANALYZE search_index.word").execute(pool).await?;
    let live: Option<i16> = sqlx::query_scalar(
        "UPDATE search_index.live SET slot = 1 - slot, has_next = false WHERE has_next RETURNING slot",
    )
    .fetch_optional(pool)
    .await?;
    let Some(live) = live else { return Ok(false) };
    let mut tx = pool.begin().await?;
    empty(&mut tx, 1 - live).await?;
    tx.commit().await?;
    Ok(true)
}
