//! Counting what a request sends to the database.

use std::collections::BTreeMap;

use vectis_db::statements::counted;
use vectis_tests::TestHost;

/// What the host does by itself now and then, told by words of its statements.
const BACKGROUND: [&str; 2] = ["WITH due AS MATERIALIZED", "identity.signing_key"];

/// Counts at one host.
pub(super) struct Counter<'a>(pub(super) &'a TestHost);

/// What ran, each text with how often.
pub(super) type Ran = BTreeMap<String, i64>;

/// The server has forgotten some statements while it counted; it keeps only so many, of all its databases.
#[derive(Debug)]
pub(super) struct Forgotten;

impl Counter<'_> {
    /// The statements that ran while `work` did, and what became of it.
    pub(super) async fn count<T>(&self, work: impl Future<Output = T>) -> Result<(Ran, T), Forgotten> {
        let pool = self.0.db.pool();
        let count =
            async || counted(pool).await.expect("the server answers").expect("the server counts statements");
        let (forgotten, before) = (self.forgotten().await, count().await);
        let outcome = work.await;
        let ran = count().await.since(&before);
        if self.forgotten().await != forgotten {
            return Err(Forgotten);
        }
        let is_ours = |text: &str| !BACKGROUND.iter().any(|words| text.contains(words));
        let ours = ran.by_text().iter().filter(|(text, _)| is_ours(text));
        Ok((ours.map(|(text, calls)| (text.clone(), *calls)).collect(), outcome))
    }

    /// How often the server has made room among the statements it counts.
    async fn forgotten(&self) -> i64 {
        sqlx::query_scalar("SELECT dealloc FROM public.pg_stat_statements_info")
            .fetch_one(self.0.db.pool())
            .await
            .expect("the server counts statements")
    }
}
