//! One schema, one folder, one history per owner.

use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection};

use crate::{DbError, outbox};

/// The migrations of one schema, as their owner declares them:
///
/// ```ignore
/// pub static MIGRATIONS: ModuleMigrations =
///     ModuleMigrations { schema: "orders", migrator: sqlx::migrate!("../../../migrations/orders") };
/// ```
pub struct ModuleMigrations {
    /// The schema, created when missing; its history is kept in `<schema>._migration`.
    pub schema: &'static str,
    /// The folder.
    pub migrator: Migrator,
}

/// The migrations of outbox, inbox and idempotency.
pub static EVENTS_MIGRATIONS: ModuleMigrations =
    ModuleMigrations { schema: "events", migrator: sqlx::migrate!("../../migrations/events") };

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationsError {
    /// No connection.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A migration failed, or one already applied has changed.
    #[error("migrating schema {schema}: {source}")]
    Migrate {
        /// Which schema.
        schema: &'static str,
        /// Why.
        source: MigrateError,
    },
}

/// Applies what is missing: `events` first, then the modules in any order, since nothing crosses. Applying twice changes
/// nothing; of several processes that start together one migrates and the others wait.
pub async fn migrate(pool: &PgPool, modules: &[&ModuleMigrations]) -> Result<(), MigrationsError> {
    // A connection of its own: the lock is the session's, so closing it gives the lock back whatever happened.
    let mut connection = pool.acquire().await.map_err(DbError)?.detach();
    let outcome = apply_all(&mut connection, modules).await;
    connection.close().await.map_err(DbError)?;
    outcome
}

async fn apply_all(
    connection: &mut PgConnection,
    modules: &[&ModuleMigrations],
) -> Result<(), MigrationsError> {
    sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.map_err(DbError::from)?;
    for module in std::iter::once(&&EVENTS_MIGRATIONS).chain(modules) {
        module
            .prepared()
            .run_direct(None, &mut *connection, false)
            .await
            .map_err(|source| MigrationsError::Migrate { schema: module.schema, source })?;
    }
    outbox::adopt_restored(connection).await.map_err(DbError::from)?;
    Ok(())
}

impl ModuleMigrations {
    /// The migrator with its history in the module's own schema.
    fn prepared(&self) -> Migrator {
        let mut migrator = Migrator { migrations: self.migrator.migrations.clone(), ..Migrator::DEFAULT };
        migrator.dangerous_set_table_name(format!("{}._migration", self.schema));
        migrator.create_schema(self.schema);
        migrator
    }
}
