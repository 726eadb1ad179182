//! Tables of plugins: a schema and a role for each, `plugin_<name>`. What a plugin brings runs as that role, inside of functions
//! from which no other role can be reached, so that PostgreSQL itself keeps it away from everything else.
//!
//! The names are put into the text of statements; they are made of lower-case letters, digits and underscores only.

#![expect(
    clippy::disallowed_types,
    reason = "names of schemas and roles cannot be bound; `schema_of` makes them"
)]

mod install;

use std::time::Duration;

use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Executor, PgPool};

use crate::DbError;

pub use install::{InstallError, Migration};

/// Connections of a process for statements of plugins, so that they never take the shop's.
const CONNECTIONS: u32 = 4;
/// How long one statement may run.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one statement waits for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// Rows of one answer.
pub const MAX_ROWS: i32 = 10_000;
/// Bytes of one answer.
pub const MAX_BYTES: i32 = 1024 * 1024;
/// Letters of a plugin's name: PostgreSQL's names have 63.
const MAX_NAME: usize = 56;

/// What a statement can leave behind in its session: settings, locks, temporary tables.
const CLEAN: &str = "RESET ALL; SELECT pg_catalog.pg_advisory_unlock_all(); UNLISTEN *; DISCARD TEMP";

/// The schemas of the plugins.
#[derive(Clone)]
pub struct PluginSchemas {
    /// For migrations and purges.
    host: PgPool,
    /// For statements. Its connections are cleaned whenever they come back.
    statements: PgPool,
}

/// Why a statement was not run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It does what the plugin's role may not.
    #[error("{0}")]
    Denied(String),
    /// It, or what it was given, is wrong.
    #[error("{0}")]
    Refused(String),
    /// It takes too long or gives too much.
    #[error("{0}")]
    Limit(String),
    /// The database cannot answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The role and schema of a plugin. `None` for a name that is none or too long.
pub fn schema_of(plugin: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_name = plugin.bytes().all(is_plain) && (1..=MAX_NAME).contains(&plugin.len());
    is_name.then(|| format!("plugin_{}", plugin.replace('-', "_")))
}

impl PluginSchemas {
    /// Over the database of a pool. No connection is made yet.
    pub fn new(host: PgPool) -> Self {
        let options = (*host.connect_options()).clone().options([
            ("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()),
            ("lock_timeout", LOCK_TIMEOUT.as_millis().to_string()),
        ]);
        let statements = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.execute(CLEAN).await?;
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Self { host, statements }
    }

    /// Runs one statement of a plugin with `$1` bound to the parameters: its rows as JSON objects.
    pub async fn run(
        &self,
        plugin: &str,
        statement: &str,
        parameters: &Value,
    ) -> Result<Vec<Value>, StatementError> {
        let schema = named(plugin)?;
        let sql = format!("SELECT answer FROM {schema}._run($1, $2, $3, $4) AS answer");
        // Never a prepared statement by name: names are the session's.
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .bind(statement)
            .bind(parameters)
            .bind(MAX_ROWS)
            .bind(MAX_BYTES)
            .fetch_all(&self.statements)
            .await
            .map_err(why)?;
        let read = |row: String| serde_json::from_str(&row);
        rows.into_iter()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|error| StatementError::Refused(error.to_string()))
    }

    /// Drops a plugin's schema with all that is in it. False when there was none.
    pub async fn purge(&self, plugin: &str) -> Result<bool, StatementError> {
        let schema = named(plugin)?;
        let mut tx = self.host.begin().await.map_err(DbError)?;
        install::lock(&mut tx, &schema).await?;
        let was_there = install::exists(&mut tx, &schema).await?;
        if was_there {
            // The role stays: it belongs to the whole server and owns nothing here any more.
            let sql = format!("DROP SCHEMA {schema} CASCADE");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await.map_err(DbError)?;
        }
        tx.commit().await.map_err(DbError)?;
        Ok(was_there)
    }

    /// Ends the connections for statements.
    pub async fn close(&self) {
        self.statements.close().await;
    }
}

fn named(plugin: &str) -> Result<String, StatementError> {
    schema_of(plugin).ok_or_else(|| {
        StatementError::Refused(format!(
            "the name {plugin:?} is too long for tables; {MAX_NAME} letters are the most"
        ))
    })
}

fn why(error: sqlx::Error) -> StatementError {
    let sqlx::Error::Database(database) = &error else { return DbError(error).into() };
    let message = database.message().to_owned();
    match database.code().unwrap_or_default().as_ref() {
        "42501" => StatementError::Denied(message),
        "57014" => StatementError::Limit(format!("it took longer than {} ms", STATEMENT_TIMEOUT.as_millis())),
        "55P03" => {
            StatementError::Limit(format!("it waited longer than {} ms for a lock", LOCK_TIMEOUT.as_millis()))
        }
        "54000" => StatementError::Limit(message),
        // The schema or its function is not there: nothing was installed.
        "3F000" => StatementError::Refused("the plugin has no tables here".to_owned()),
        code if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => {
            DbError(error).into()
        }
        _ => StatementError::Refused(message),
    }
}
