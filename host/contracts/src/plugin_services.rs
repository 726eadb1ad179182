//! What the host does for plugins while they answer. The plugin runtime hands each question on as the plugin wrote it, with
//! who asks and until when; who serves judges it against what was granted. Questions go between the two as JSON and bytes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::plugin_tables::TablesPlan;

/// Capability → values, as in a manifest's `[capabilities]`: `http = ["https://api.carrier.example/*"]`.
pub type Capabilities = BTreeMap<String, Vec<String>>;

/// What the operator grants, by plugin name. A plugin may do what its manifest asks for *and* this grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants {
    /// Plugin → capability → values; `addresses` are the private networks its HTTP requests may reach.
    pub by_plugin: BTreeMap<String, Capabilities>,
}

impl Grants {
    /// What one plugin is granted.
    pub fn of(&self, plugin: &str) -> Capabilities {
        self.by_plugin.get(plugin).cloned().unwrap_or_default()
    }

    /// Grants more; what was granted stays.
    pub fn add(&mut self, plugin: &str, more: &Capabilities) {
        let capabilities = self.by_plugin.entry(plugin.to_owned()).or_default();
        for (name, values) in more {
            let granted = capabilities.entry(name.clone()).or_default();
            granted
                .extend(values.iter().filter(|value| !granted.contains(value)).cloned().collect::<Vec<_>>());
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceCaller {
    /// The plugin's name.
    pub plugin: String,
    /// What its manifest asks for.
    pub asked: Capabilities,
    /// What the operator granted.
    pub granted: Capabilities,
    /// What it may run on its own tables.
    pub tables: Option<Arc<TablesPlan>>,
}

/// A question to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceQuestion<'a> {
    /// `http`, `kv`, …
    pub service: &'a str,
    /// What is asked, as the plugin API defines it.
    pub json: &'a str,
    /// Bytes beside it: the body of a request, the value of a key.
    pub body: &'a [u8],
}

/// The host's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// As the plugin API defines it.
    pub json: String,
    /// Bytes beside it.
    pub body: Vec<u8>,
}

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceErrorKind {
    /// Not asked for by the manifest, not granted by the operator, or an address nobody may reach.
    Denied,
    /// The question makes no sense.
    Input,
    /// A limit is reached.
    Limit,
    /// The other side is away, slow or broken; later it may be there.
    Unavailable,
    /// No such service.
    Unsupported,
}

/// Why the host did not do it, in one sentence. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// The kind.
    pub kind: ServiceErrorKind,
    /// The sentence.
    pub message: String,
}

impl ServiceError {
    /// An error.
    pub fn new(kind: ServiceErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ServiceError {}

/// Serves plugins. Dropping a future that waits breaks off what it waits for.
#[async_trait]
pub trait PluginServices: Send + Sync {
    /// What needs no waiting: `secret`, `metric`. `None` for a service that does.
    fn serve_at_once(
        &self,
        caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Option<Result<ServiceAnswer, ServiceError>>;

    /// What waits for a network or the database: `http`, `kv`, `query`, `emit`. No transaction may be open.
    async fn serve(
        &self,
        caller: &ServiceCaller,
        question: ServiceQuestion<'_>,
    ) -> Result<ServiceAnswer, ServiceError>;
}
