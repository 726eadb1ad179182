//! Tables of plugins' own: a schema for each, brought up to date when the plugin is loaded, reached by its named statements only.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value;
use vectis_kernel::Failure;

vectis_kernel::refusal_codes! {
    /// Why a plugin's SQL was not run.
    TablesCode {
        /// Its role may not do that.
        Denied = "TABLES_DENIED": Forbidden,
        /// The statement, or what it was given, is wrong.
        InvalidStatement = "INVALID_STATEMENT": Invalid,
        /// It takes too long or gives too much.
        Limit = "TABLES_LIMIT": Refused,
    }
}

/// A step of the schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMigration {
    /// From 1, without gaps.
    pub number: u32,
    /// For people.
    pub name: String,
    /// What it does.
    pub sql: String,
}

/// What a plugin brings for its schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TablesPlan {
    /// The plugin's name.
    pub plugin: String,
    /// In order.
    pub migrations: Vec<TableMigration>,
    /// Name → text.
    pub statements: BTreeMap<String, String>,
}

/// The schemas of the plugins. Nothing in them can be reached but by the plugin they belong to, and nothing else by it.
#[async_trait]
pub trait PluginTables: Send + Sync {
    /// Applies the migrations that are missing and tries every statement; all of it or nothing. How many were applied.
    async fn install(&self, plan: &TablesPlan) -> Result<usize, Failure<TablesCode>>;

    /// Runs one statement of a plugin in a transaction of its own, `$1` bound to the parameters: its rows as objects.
    async fn run(
        &self,
        plugin: &str,
        statement: &str,
        parameters: &Value,
    ) -> Result<Vec<Value>, Failure<TablesCode>>;

    /// Drops a plugin's schema with all that is in it. False when there was none.
    async fn purge(&self, plugin: &str) -> Result<bool, Failure<TablesCode>>;
}
