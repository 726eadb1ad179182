//! Bringing a plugin's schema up to date, in one transaction.

#![expect(
    clippy::disallowed_types,
    reason = "names of schemas and roles cannot be bound; `schema_of` makes them"
)]

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{DbError, PluginSchemas, schema_of};

const ROLE: &str = include_str!("role.sql");
const MIGRATE: &str = include_str!("migrate.sql");
const SEAL: &str = include_str!("seal.sql");
/// How long all migrations of a plugin together may take.
const TIMEOUT: &str = "SET statement_timeout = '60s'; SET lock_timeout = '10s'";

/// A step of a schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// From 1, without gaps.
    pub number: i32,
    /// For people.
    pub name: String,
    /// What it does.
    pub sql: String,
    /// Of the text.
    pub checksum: Vec<u8>,
}

/// Why a plugin's schema could not be brought up to date. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The plugin's part is wrong: one sentence, with the fix.
    #[error("{0}")]
    Refused(String),
    /// The database cannot answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A migration that was applied.
#[derive(sqlx::FromRow)]
struct Applied {
    number: i32,
    name: String,
    checksum: Vec<u8>,
}

impl PluginSchemas {
    /// Applies what is missing and tries every statement (name, text) on the outcome. A plugin that brings fewer migrations
    /// than were applied runs on the tables of a newer version. How many were applied now.
    pub async fn install(
        &self,
        plugin: &str,
        migrations: &[Migration],
        statements: &[(String, String)],
    ) -> Result<usize, InstallError> {
        let schema = schema_of(plugin).ok_or_else(|| {
            InstallError::Refused(format!(
                "the name {plugin} is too long for tables; give the plugin a shorter one"
            ))
        })?;
        // A connection of its own, closed afterwards: what a migration leaves in the session ends with it.
        let mut connection = self.host.acquire().await.map_err(DbError)?.detach();
        let outcome = install(&mut connection, &schema, migrations, statements).await;
        // The outcome stands; the server ends the session at the latest when the socket closes.
        let _ = connection.close().await;
        outcome
    }
}

async fn install(
    connection: &mut PgConnection,
    schema: &str,
    migrations: &[Migration],
    statements: &[(String, String)],
) -> Result<usize, InstallError> {
    run(connection, TIMEOUT).await?;
    let mut tx = connection.begin().await.map_err(DbError)?;
    lock(&mut tx, schema).await?;
    run(&mut tx, &ROLE.replace("{role}", schema)).await?;
    let applied = applied(&mut tx, schema).await?;
    check(&applied, migrations)?;
    let pending = migrations.get(applied.len()..).unwrap_or_default();
    run(&mut tx, &MIGRATE.replace("{role}", schema)).await?;
    let names: Vec<_> = pending.iter().map(|one| format!("{} ({})", one.number, one.name)).collect();
    let texts: Vec<_> = pending.iter().map(|one| one.sql.clone()).collect();
    let (labels, statements): (Vec<_>, Vec<_>) = statements.iter().cloned().unzip();
    sqlx::query(AssertSqlSafe(format!("SELECT {schema}._migrate($1, $2, $3, $4)")))
        .persistent(false)
        .bind(names)
        .bind(texts)
        .bind(labels)
        .bind(statements)
        .execute(&mut *tx)
        .await
        .map_err(refused)?;
    run(&mut tx, &SEAL.replace("{role}", schema)).await?;
    for one in pending {
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO {schema}._migration (number, name, checksum) VALUES ($1, $2, $3)"
        )))
        .persistent(false)
        .bind(one.number)
        .bind(&one.name)
        .bind(&one.checksum)
        .execute(&mut *tx)
        .await
        .map_err(refused)?;
    }
    tx.commit().await.map_err(refused)?;
    Ok(pending.len())
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), InstallError> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop).map_err(refused)
}

/// Until the end of the transaction nobody else changes the schema.
pub(super) async fn lock(connection: &mut PgConnection, schema: &str) -> Result<(), DbError> {
    sqlx::query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))")
        .bind(format!("vectis {schema}"))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn exists(connection: &mut PgConnection, schema: &str) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(connection)
        .await?)
}

async fn applied(connection: &mut PgConnection, schema: &str) -> Result<Vec<Applied>, DbError> {
    let sql = format!("SELECT number, name, checksum FROM {schema}._migration ORDER BY number");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_all(connection).await?)
}

/// History is only ever added to.
fn check(applied: &[Applied], migrations: &[Migration]) -> Result<(), InstallError> {
    let changed = applied.iter().zip(migrations).find(|(before, now)| before.checksum != now.checksum);
    match changed {
        Some((Applied { number, name, .. }, _)) => Err(InstallError::Refused(format!(
            "migration {number} ({name}) was applied with another text; put its old text back and add a migration after the last"
        ))),
        None => Ok(()),
    }
}

fn refused(error: sqlx::Error) -> InstallError {
    match &error {
        sqlx::Error::Database(database) if database.code().is_some_and(|code| !is_of_the_server(&code)) => {
            InstallError::Refused(format!("{}; mend the plugin's SQL", database.message()))
        }
        _ => DbError(error).into(),
    }
}

/// Connection, resources, shutting down: not the plugin's fault.
fn is_of_the_server(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("53") || code.starts_with("57P")
}
