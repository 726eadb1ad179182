//! All SQL of the schema `search`.

use sqlx::PgPool;
use tracing::instrument;
use uuid::Uuid;
use vectis_contracts::Tx;
use vectis_db::conn;
use vectis_kernel::Ctx;
use vectis_kernel::ids::ProductId;

/// How far an index has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) live_form: Option<String>,
    pub(crate) next_form: Option<String>,
    pub(crate) walked_to: Option<Uuid>,
}

/// A change that an index does not know.
pub(crate) struct Waiting {
    pub(crate) product_id: Uuid,
    pub(crate) change: i64,
}

/// How much an index does not know.
pub(crate) struct Backlog {
    pub(crate) count: i64,
    /// Of the oldest change.
    pub(crate) seconds: i64,
}

/// Lets one at a time read facts and write them to an index, until the end of the unit of work. No row is locked: whoever reads
/// events must not wait for an index.
#[instrument(name = "db.search.lock", skip_all)]
pub(crate) async fn lock(tx: &mut Tx, index: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT PG_ADVISORY_XACT_LOCK(HASHTEXTEXTENDED('vectis.search.' || $1, 0))", index)
        .execute(conn(tx))
        .await?;
    Ok(())
}

/// As [`lock`], but `false` when somebody else is at it.
#[instrument(name = "db.search.try_lock", skip_all)]
pub(crate) async fn try_lock(tx: &mut Tx, index: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT PG_TRY_ADVISORY_XACT_LOCK(HASHTEXTEXTENDED('vectis.search.' || $1, 0)) AS "locked!""#,
        index
    )
    .fetch_one(conn(tx))
    .await
}

/// How far an index has come.
#[instrument(name = "db.search.state", skip_all)]
pub(crate) async fn state(tx: &mut Tx, index: &str) -> Result<State, sqlx::Error> {
    let state = sqlx::query_as!(
        State,
        "SELECT live_form, next_form, walked_to \
         FROM search.index_state \
         WHERE index_name = $1",
        index
    )
    .fetch_optional(conn(tx))
    .await?;
    Ok(state.unwrap_or_default())
}

/// Remembers it.
#[instrument(name = "db.search.put_state", skip_all)]
pub(crate) async fn put_state(tx: &mut Tx, ctx: &Ctx, index: &str, state: &State) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO search.index_state (index_name, live_form, next_form, walked_to, updated_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (index_name) DO UPDATE \
         SET live_form = $2, next_form = $3, walked_to = $4, updated_at = $5",
        index,
        state.live_form,
        state.next_form,
        state.walked_to,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Notes changes for an index. Those noted before become new ones, but have waited as long.
#[instrument(name = "db.search.wait", skip_all)]
pub(crate) async fn wait(tx: &mut Tx, ctx: &Ctx, index: &str, ids: &[ProductId]) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "INSERT INTO search.waiting (index_name, product_id, created_at) \
         SELECT $1, given.product_id, $3 \
         FROM UNNEST($2::uuid[]) AS given (product_id) \
         ORDER BY given.product_id \
         ON CONFLICT (index_name, product_id) DO UPDATE SET change = DEFAULT",
        index,
        &ids,
        ctx.now()
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// Changes that wait, the oldest first.
#[instrument(name = "db.search.waiting", skip_all)]
pub(crate) async fn waiting(tx: &mut Tx, index: &str, most: i64) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as!(
        Waiting,
        "SELECT product_id, change \
         FROM search.waiting \
         WHERE index_name = $1 \
         ORDER BY created_at, product_id \
         LIMIT $2",
        index,
        most
    )
    .fetch_all(conn(tx))
    .await
}

/// Takes changes away that an index has got. What has changed again in the meantime stays.
#[instrument(name = "db.search.passed_on", skip_all)]
pub(crate) async fn passed_on(tx: &mut Tx, index: &str, passed: &[Waiting]) -> Result<(), sqlx::Error> {
    let (ids, changes): (Vec<Uuid>, Vec<i64>) = passed.iter().map(|one| (one.product_id, one.change)).unzip();
    sqlx::query!(
        "DELETE FROM search.waiting AS done \
         WHERE done.index_name = $1 \
           AND (done.product_id, done.change) IN ( \
               SELECT given.product_id, given.change \
               FROM UNNEST($2::uuid[], $3::bigint[]) AS given (product_id, change))",
        index,
        &ids,
        &changes
    )
    .execute(conn(tx))
    .await?;
    Ok(())
}

/// How much an index does not know.
#[instrument(name = "db.search.backlog", skip_all)]
pub(crate) async fn backlog(pool: &PgPool, ctx: &Ctx, index: &str) -> Result<Backlog, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        SELECT COUNT(*) AS "count!", MIN(waiting.created_at) AS oldest
        FROM search.waiting AS waiting
        WHERE waiting.index_name = $1
        "#,
        index
    )
    .fetch_one(pool)
    .await?;
    let seconds = row.oldest.map_or(0, |oldest| (ctx.now() - oldest).num_seconds());
    Ok(Backlog { count: row.count, seconds })
}

/// Whether an index is so far behind that others must answer.
#[instrument(name = "db.search.has_waited", skip_all)]
pub(crate) async fn has_waited(
    pool: &PgPool,
    ctx: &Ctx,
    index: &str,
    longer_than: std::time::Duration,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        SELECT EXISTS (
            SELECT 1
            FROM search.waiting AS waiting
            WHERE waiting.index_name = $1 AND waiting.created_at < $2
        ) AS "has_waited!"
        "#,
        index,
        ctx.now() - longer_than
    )
    .fetch_one(pool)
    .await
}
