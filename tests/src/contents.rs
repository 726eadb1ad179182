//! Which transactions wrote what a database holds: a refusal must leave all of it as it was.

use std::collections::BTreeMap;
use std::future::Future;

use crate::{Graphql, TestHost};

/// Number of rows and the sum of the transactions that wrote them, by table. Any row added, taken away or written again, even
/// with what it held before, makes another sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents(BTreeMap<String, (i64, i64)>);

impl Contents {
    /// The tables in which the two differ.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let differs = |table: &&String| self.0.get(*table) != other.0.get(*table);
        self.0.keys().filter(differs).cloned().collect()
    }
}

impl TestHost {
    /// All tables of the database.
    pub async fn contents(&self) -> Contents {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT FORMAT('%I.%I', schemaname, tablename) \
             FROM pg_tables \
             WHERE schemaname <> ALL('{pg_catalog,information_schema}') \
             ORDER BY 1",
        )
        .fetch_all(self.db.pool())
        .await
        .expect("the database tells its tables");
        let counts: Vec<String> = tables
            .iter()
            .map(|table| {
                format!(
                    "SELECT '{table}', COUNT(*), COALESCE(SUM(xmin::text::bigint), 0)::bigint FROM {table}"
                )
            })
            .collect();
        let sql = sqlx::AssertSqlSafe(counts.join(" UNION ALL "));
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as(sql).fetch_all(self.db.pool()).await.expect("tables can be read");
        Contents(rows.into_iter().map(|(table, rows, writers)| (table, (rows, writers))).collect())
    }

    /// Fails when anything was written since.
    pub async fn assert_unchanged_since(&self, before: &Contents) {
        assert_eq!(before.differing(&self.contents().await), Vec::<String>::new(), "tables written");
    }

    /// The answer to a request that must write nothing, whatever it says.
    pub async fn unchanged_by(&self, request: impl Future<Output = Graphql>) -> Graphql {
        let before = self.contents().await;
        let answer = request.await;
        self.assert_unchanged_since(&before).await;
        answer
    }
}
