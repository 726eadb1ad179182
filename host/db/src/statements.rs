//! How often which statement ran, from `pg_stat_statements`. For tests and benchmarks; the server must have loaded it
//! (`shared_preload_libraries`), otherwise the answer is `None`.

use std::collections::BTreeMap;

use sqlx::PgPool;

use crate::DbError;

/// Calls per normalized statement in the pool's database, transaction control and wake-ups left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statements(BTreeMap<String, i64>);

impl Statements {
    /// What ran since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let ran = self.0.iter().filter_map(|(text, calls)| {
            let calls = calls - earlier.0.get(text).unwrap_or(&0);
            (calls > 0).then(|| (text.clone(), calls))
        });
        Self(ran.collect())
    }

    /// All calls together.
    pub fn total(&self) -> i64 {
        self.0.values().sum()
    }

    /// Statement by statement.
    pub fn by_text(&self) -> &BTreeMap<String, i64> {
        &self.0
    }
}

/// Counts up to now in the pool's database. `None` when the server does not count.
pub async fn counted(pool: &PgPool) -> Result<Option<Statements>, DbError> {
    let loaded: String = sqlx::query_scalar("SHOW shared_preload_libraries").fetch_one(pool).await?;
    if !loaded.contains("pg_stat_statements") {
        return Ok(None);
    }
    sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public").execute(pool).await?;
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT query, SUM(calls)::bigint \
         FROM public.pg_stat_statements AS statement \
         JOIN pg_catalog.pg_database AS database ON database.oid = statement.dbid \
         WHERE database.datname = current_database() \
           AND query !~* '^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|SHOW|DISCARD|NOTIFY)' \
           AND statement.toplevel \
           AND query !~ 'pg_stat_statements' \
         GROUP BY query",
    )
    .fetch_all(pool)
    .await?;
    Ok(Some(Statements(rows.into_iter().collect())))
}
