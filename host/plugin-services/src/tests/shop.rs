//! A store in memory, in place of the module.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::extensions::{Emit, ExtensionCode, Extensions, Put};
use vectis_contracts::plugin_tables::{PluginTables, TablesCode, TablesPlan};
use vectis_kernel::{Ctx, Failure};

#[derive(Default)]
pub(super) struct Store(Mutex<BTreeMap<(String, String), Vec<u8>>>);

type Outcome<T> = Result<T, Failure<ExtensionCode>>;

#[async_trait]
impl Extensions for Store {
    async fn get(&self, _: &Ctx, plugin: &str, key: &str) -> Outcome<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().get(&(plugin.to_owned(), key.to_owned())).cloned())
    }

    async fn put(&self, _: &Ctx, plugin: &str, put: Put<'_>) -> Outcome<()> {
        if put.value == b"too much" {
            return Err(Failure::refused(ExtensionCode::StoreFull, "it is full"));
        }
        self.0.lock().unwrap().insert((plugin.to_owned(), put.key.to_owned()), put.value.to_vec());
        Ok(())
    }

    async fn delete(&self, _: &Ctx, plugin: &str, key: &str) -> Outcome<bool> {
        Ok(self.0.lock().unwrap().remove(&(plugin.to_owned(), key.to_owned())).is_some())
    }

    async fn emit(&self, _: &Ctx, plugin: &str, emit: Emit<'_>) -> Outcome<()> {
        let key = (plugin.to_owned(), format!("told {}", emit.name));
        self.0.lock().unwrap().insert(key, emit.facts.to_string().into_bytes());
        Ok(())
    }

    async fn sweep(&self, _: &Ctx) -> Outcome<u64> {
        Ok(0)
    }
}

/// A database that tells what it was asked.
#[async_trait]
impl PluginTables for Store {
    async fn install(&self, _: &TablesPlan) -> Result<usize, Failure<TablesCode>> {
        Ok(0)
    }

    async fn run(
        &self,
        plugin: &str,
        statement: &str,
        parameters: &Value,
    ) -> Result<Vec<Value>, Failure<TablesCode>> {
        if statement == "DROP" {
            return Err(Failure::refused(TablesCode::Denied, "permission denied"));
        }
        Ok(vec![json!({ "plugin": plugin, "statement": statement, "parameters": parameters })])
    }

    async fn purge(&self, _: &str) -> Result<bool, Failure<TablesCode>> {
        Ok(false)
    }
}
