//! How connections are made: every one of them gives up in time and says who it is.

use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tracing::log::LevelFilter;

use crate::DbError;

/// A statement slower than this is logged as a warning.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);

/// Limits of the pool and of every connection in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Most connections held.
    pub max_connections: u32,
    /// How long a request waits for a free connection.
    pub acquire_timeout: Duration,
    /// How long one statement may run.
    pub statement_timeout: Duration,
    /// How long a transaction may stand idle.
    pub idle_in_transaction_timeout: Duration,
    /// What the server shows in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 20,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            idle_in_transaction_timeout: Duration::from_secs(30),
            application_name: "vectis".to_owned(),
        }
    }
}

/// A pool over the database at `url` (`postgres://user@host/database`).
pub async fn connect_url(url: &str, settings: &PoolSettings) -> Result<PgPool, DbError> {
    connect(PgConnectOptions::from_str(url)?, settings).await
}

/// A pool over the database that `options` name; the first connection is made before it returns.
pub async fn connect(options: PgConnectOptions, settings: &PoolSettings) -> Result<PgPool, DbError> {
    let options = options
        .application_name(&settings.application_name)
        .options([
            ("default_transaction_isolation", "read committed".to_owned()),
            ("statement_timeout", settings.statement_timeout.as_millis().to_string()),
            (
                "idle_in_transaction_session_timeout",
                settings.idle_in_transaction_timeout.as_millis().to_string(),
            ),
        ])
        .log_statements(LevelFilter::Debug)
        .log_slow_statements(LevelFilter::Warn, SLOW_STATEMENT);
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .connect_with(options)
        .await?;
    Ok(pool)
}
