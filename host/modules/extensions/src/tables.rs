//! Tables of plugins' own, over the schemas that `db` keeps apart.

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use vectis_contracts::plugin_tables::{PluginTables, TableMigration, TablesCode, TablesPlan};
use vectis_db::PluginSchemas;
use vectis_db::plugin_schemas::{InstallError, Migration, StatementError};
use vectis_kernel::Failure;

type Outcome<T> = Result<T, Failure<TablesCode>>;

pub(crate) struct PgTables(pub(crate) PluginSchemas);

#[async_trait]
impl PluginTables for PgTables {
    async fn install(&self, plan: &TablesPlan) -> Outcome<usize> {
        let TablesPlan { plugin, migrations, statements } = plan;
        let migrations = migrations.iter().map(migration).collect::<Result<Vec<_>, _>>()?;
        let statements: Vec<_> = statements.iter().map(|(name, text)| (name.clone(), text.clone())).collect();
        let applied =
            self.0.install(plugin, &migrations, &statements).await.map_err(|error| match error {
                InstallError::Refused(why) => Failure::refused(TablesCode::InvalidStatement, why),
                InstallError::Db(error) => error.into(),
            })?;
        if applied > 0 {
            tracing::info!(plugin, applied, "applied {applied} migrations of {plugin}");
        }
        Ok(applied)
    }

    async fn run(&self, plugin: &str, statement: &str, parameters: &Value) -> Outcome<Vec<Value>> {
        self.0.run(plugin, statement, parameters).await.map_err(failure)
    }

    async fn purge(&self, plugin: &str) -> Outcome<bool> {
        self.0.purge(plugin).await.map_err(failure)
    }
}

fn migration(migration: &TableMigration) -> Outcome<Migration> {
    let TableMigration { number, name, sql } = migration;
    let number = i32::try_from(*number).map_err(|_| {
        Failure::refused(TablesCode::InvalidStatement, "the number of a migration is too large")
    })?;
    let checksum = Sha256::digest(sql.as_bytes()).to_vec();
    Ok(Migration { number, name: name.clone(), sql: sql.clone(), checksum })
}

fn failure(error: StatementError) -> Failure<TablesCode> {
    match error {
        StatementError::Denied(why) => Failure::refused(TablesCode::Denied, why),
        StatementError::Refused(why) => Failure::refused(TablesCode::InvalidStatement, why),
        StatementError::Limit(why) => Failure::refused(TablesCode::Limit, why),
        StatementError::Db(error) => error.into(),
    }
}
