//! A plugins folder, two channels and a runtime on them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use vectis_contracts::channels::StrategyBinding;
use vectis_contracts::plugins::{Isolation, Plugin, PluginStatus, Plugins};
use vectis_contracts::points::{
    ApprovalPoint, OrderProcessPoint, PointError, PricingPoint, Strategies, TaxPoint,
};
use vectis_kernel::Ctx;
use vectis_kernel::ids::ChannelId;
use vectis_plugin_runtime::{
    IsolationPolicy, PluginRuntime, ProcessOptions, RuntimeOptions, StartError, TrustOptions,
};

use crate::channels::FakeChannels;
use crate::releases::FakeReleases;

/// Slug `shop`.
pub(crate) const SHOP: ChannelId = ChannelId(Uuid::from_u128(1));
/// Slug `outlet`.
pub(crate) const OUTLET: ChannelId = ChannelId(Uuid::from_u128(2));

/// A folder with files, not started yet.
pub(crate) struct Folder {
    pub(crate) place: TempDir,
    pub(crate) channels: Arc<FakeChannels>,
    pub(crate) releases: Arc<FakeReleases>,
}

pub(crate) struct Shop {
    pub(crate) folder: Folder,
    pub(crate) runtime: Arc<PluginRuntime>,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        let channels = FakeChannels::default();
        channels.add(SHOP, "shop");
        channels.add(OUTLET, "outlet");
        let folder = Self {
            place: tempfile::tempdir().unwrap(),
            channels: Arc::new(channels),
            releases: Arc::default(),
        };
        for (name, bytes) in files {
            folder.put(name, bytes);
        }
        folder
    }

    /// Copies a file as an operator should: aside first, then into its place.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let aside = self.place.path().join(format!("{name}.part"));
        std::fs::write(&aside, bytes).unwrap();
        std::fs::rename(&aside, self.path(name)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Binds the fault plugin.
    pub(crate) fn bind(&self, point: &str, config: Value) {
        self.bind_in(SHOP, point, config);
    }

    pub(crate) fn bind_in(&self, channel_id: ChannelId, point: &str, config: Value) {
        let entry_point = match point {
            "vectis.pricing" => "fault-pricing",
            "vectis.tax" => "fault-tax",
            "vectis.order_process" => "fault-process",
            _ => "fault-approval",
        };
        self.channels.bind(binding(channel_id, point, ("fault", entry_point), config));
    }

    pub(crate) fn options(&self) -> RuntimeOptions {
        let place = self.place.path();
        RuntimeOptions {
            call_budget: Duration::from_millis(20),
            trust: TrustOptions { lock_file: place.join("plugins.lock"), ..TrustOptions::default() },
            isolation: IsolationPolicy { default: Isolation::InProcess, ..IsolationPolicy::default() },
            ..RuntimeOptions::of_folder(place)
        }
    }

    /// The same with every plugin in processes of its own, which get their answers done on the busiest machine.
    pub(crate) fn options_apart(&self) -> RuntimeOptions {
        RuntimeOptions {
            isolation: IsolationPolicy::default(),
            process: ProcessOptions {
                program: env!("CARGO_BIN_EXE_vectis-plugin-process").into(),
                arguments: Vec::new(),
                kill_grace: Duration::from_secs(20),
                ..ProcessOptions::default()
            },
            ..self.options()
        }
    }

    pub(crate) async fn start_apart(self) -> Shop {
        let options = self.options_apart();
        self.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
    }

    pub(crate) async fn start(self) -> Shop {
        let options = self.options();
        self.start_with(options).await.unwrap_or_else(|(_, error)| panic!("{error}"))
    }

    pub(crate) async fn start_with(self, options: RuntimeOptions) -> Result<Shop, (Self, StartError)> {
        match PluginRuntime::start(options, self.channels.clone(), self.releases.clone()).await {
            Ok(runtime) => Ok(Shop { folder: self, runtime }),
            Err(error) => Err((self, error)),
        }
    }
}

pub(crate) fn binding(
    channel_id: ChannelId,
    point: &str,
    (plugin, entry_point): (&str, &str),
    config: Value,
) -> StrategyBinding {
    StrategyBinding {
        channel_id,
        point: point.to_owned(),
        plugin: plugin.to_owned(),
        entry_point: entry_point.to_owned(),
        priority: 0,
        config,
    }
}

impl Shop {
    /// A shop with the fault plugin bound nowhere.
    pub(crate) async fn with(files: &[(&str, &[u8])]) -> Self {
        Folder::new(files).start().await
    }

    /// A request that begins now.
    pub(crate) fn request(&self) -> Ctx {
        Ctx { plugin_set: Some(self.runtime.snapshot()), ..ctx() }
    }

    pub(crate) fn pricing(&self) -> Result<Arc<dyn PricingPoint>, PointError> {
        self.runtime.pricing(&ctx(), SHOP)
    }

    pub(crate) fn taxes(&self) -> Result<Vec<Arc<dyn TaxPoint>>, PointError> {
        self.runtime.tax(&ctx(), SHOP)
    }

    pub(crate) fn order_process(&self) -> Result<Arc<dyn OrderProcessPoint>, PointError> {
        self.runtime.order_process(&ctx(), SHOP)
    }

    pub(crate) fn approval(&self) -> Result<Arc<dyn ApprovalPoint>, PointError> {
        self.runtime.approval(&ctx(), SHOP)
    }

    pub(crate) async fn list(&self) -> Vec<Plugin> {
        self.runtime.list(&ctx()).await.unwrap()
    }

    pub(crate) async fn reload(&self) -> Vec<Plugin> {
        self.runtime.reload(&ctx()).await.unwrap()
    }
}

/// What was refused, sentence by sentence.
pub(crate) fn refusals(plugins: &[Plugin]) -> Vec<&str> {
    plugins
        .iter()
        .filter_map(|plugin| match &plugin.status {
            PluginStatus::Loaded => None,
            PluginStatus::Refused(sentence) => Some(sentence.as_str()),
            PluginStatus::Quarantined(_) | PluginStatus::Disabled(_) | PluginStatus::Superseded(_) => None,
        })
        .collect()
}

/// `name version` of what is loaded.
pub(crate) fn loaded(plugins: &[Plugin]) -> Vec<String> {
    let is_loaded = |plugin: &&Plugin| plugin.status == PluginStatus::Loaded;
    plugins.iter().filter(is_loaded).map(|plugin| format!("{} {}", plugin.name, plugin.version)).collect()
}

/// The platform itself, asking whatever set is in force.
pub(crate) fn ctx() -> Ctx {
    Ctx::system("test")
}

pub(crate) fn surcharge(micros: i64) -> Value {
    json!({ "surcharge_micros": micros })
}
