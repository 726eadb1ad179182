//! Plugins as staff see them: list, reload, activate.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use vectis_contracts::plugins::{self as contract, ActivateStrategy, PluginStatus as Status};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::id::GlobalId;
use crate::policy::{Access, TypePolicy};
use crate::scalars::Json;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::AnyStaff, "plugins")]),
    (
        "Mutation",
        &[(Access::Staff(&staff::PLUGINS_WRITE), "pluginsReload strategyActivate strategyDeactivate")],
    ),
    (
        "Plugin",
        &[(
            Access::Owner,
            "name version description file sha256 standing signer status refusal isolation processes entryPoints",
        )],
    ),
    ("PluginProcesses", &[(Access::Owner, "pids restarts faults memoryKb")]),
    ("PluginEntryPoint", &[(Access::Owner, "point name configSchema activeInChannelIds")]),
];

/// Whether a plugin answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PluginStatus {
    /// Its entry points can be activated.
    Loaded,
    /// It is loaded, but an entry point failed too often and is not asked any more; `refusal` says which, why, and what
    /// answers instead.
    Quarantined,
    /// It was not loaded; `refusal` says why.
    Refused,
    /// Somebody switched it off.
    Disabled,
    /// Another version of the plugin was decided on.
    Superseded,
}

/// Where the code of a plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::Isolation")]
pub enum PluginIsolation {
    /// In the server's own process: fastest, and fully trusted.
    InProcess,
    /// In processes of its own.
    Process,
}

/// Why a plugin command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "contract::PluginCode")]
#[expect(missing_docs, reason = "documented on the contract's codes")]
pub enum PluginErrorCode {
    Forbidden,
    PluginNotFound,
    EntryPointNotFound,
    UnknownPoint,
    ChannelNotFound,
    InvalidConfig,
    PluginFailed,
    FileNotFound,
    VersionNotFound,
    NothingToRollBackTo,
    AnswersDiffer,
    StaleRevision,
}

/// A file in the plugins folder.
#[derive(SimpleObject)]
pub struct Plugin {
    /// Name in the manifest, or the file's name when it could not be read.
    pub name: String,
    /// Version in the manifest.
    pub version: String,
    /// From the manifest.
    pub description: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Why it may run: `pinned`, `trusted` or `unsigned` by the operator's lock file, or `signed`; empty when it does not.
    pub standing: String,
    /// Id of the key that signed it.
    pub signer: Option<String>,
    /// Whether it answers.
    pub status: PluginStatus,
    /// What, where, why, fix, when it does not answer.
    pub refusal: Option<String>,
    /// Where it runs; nowhere when it was refused.
    pub isolation: Option<PluginIsolation>,
    /// Its processes in the server that answers, when it runs apart.
    pub processes: Option<PluginProcesses>,
    /// What it offers.
    pub entry_points: Vec<PluginEntryPoint>,
}

/// The processes of a plugin that runs apart.
#[derive(SimpleObject)]
pub struct PluginProcesses {
    /// Those that run.
    pub pids: Vec<u32>,
    /// How many have ended and were replaced.
    pub restarts: u32,
    /// Calls they did not answer: they died, or they were killed.
    pub faults: u32,
    /// Memory they use, all together, in units of 1,024 bytes.
    pub memory_kb: u32,
}

impl From<contract::PluginProcesses> for PluginProcesses {
    fn from(processes: contract::PluginProcesses) -> Self {
        let contract::PluginProcesses { pids, restarts, faults, memory_bytes } = processes;
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self { pids, restarts: count(restarts), faults: count(faults), memory_kb: count(memory_bytes / 1024) }
    }
}

/// One answer to an extension point.
#[derive(SimpleObject)]
pub struct PluginEntryPoint {
    /// `vectis.pricing`.
    pub point: String,
    /// Its name.
    pub name: String,
    /// JSON Schema of its configuration.
    pub config_schema: Option<Json>,
    /// Channels it is activated in.
    pub active_in_channel_ids: Vec<GlobalId<ChannelId>>,
}

impl From<contract::Plugin> for Plugin {
    fn from(plugin: contract::Plugin) -> Self {
        let (status, refusal) = match plugin.status {
            Status::Loaded => (PluginStatus::Loaded, None),
            Status::Quarantined(why) => (PluginStatus::Quarantined, Some(why)),
            Status::Refused(why) => (PluginStatus::Refused, Some(why)),
            Status::Disabled(why) => (PluginStatus::Disabled, Some(why)),
            Status::Superseded(why) => (PluginStatus::Superseded, Some(why)),
        };
        let entry_point = |entry: contract::EntryPoint| PluginEntryPoint {
            point: entry.point,
            name: entry.name,
            config_schema: entry.config_schema.map(Json),
            active_in_channel_ids: entry.active_in.into_iter().map(GlobalId).collect(),
        };
        Self {
            name: plugin.name,
            version: plugin.version,
            description: plugin.description,
            file: plugin.file,
            sha256: plugin.sha256,
            standing: plugin.standing.to_owned(),
            signer: plugin.signer,
            status,
            refusal,
            isolation: plugin.isolation.map(Into::into),
            processes: plugin.processes.map(Into::into),
            entry_points: plugin.entry_points.into_iter().map(entry_point).collect(),
        }
    }
}

/// What a plugin command left behind.
#[derive(SimpleObject)]
pub struct PluginsPayload {
    /// All plugins now.
    pub plugins: Vec<Plugin>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PluginErrorCode>>,
}

/// What to activate where.
#[derive(InputObject)]
pub struct StrategyActivateInput {
    /// The channel.
    pub channel_id: GlobalId<ChannelId>,
    /// `vectis.pricing`.
    pub point: String,
    /// The plugin's name.
    pub plugin: String,
    /// The entry point; may be left out when the plugin offers one for the point.
    pub entry_point: Option<String>,
    /// Higher first among several of a point that asks all.
    #[graphql(default)]
    pub priority: i32,
    /// Configuration of the entry point: a JSON object.
    pub config: Option<Json>,
}

/// What to take away.
#[derive(InputObject)]
pub struct StrategyDeactivateInput {
    /// The channel.
    pub channel_id: GlobalId<ChannelId>,
    /// `vectis.pricing`.
    pub point: String,
    /// The plugin's name.
    pub plugin: String,
}

/// Queries about plugins.
#[derive(Default)]
pub struct PluginQuery;

#[Object]
impl PluginQuery {
    /// All files of the plugins folder, loaded or refused.
    async fn plugins(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Plugin>> {
        let found = answer(ctx, ctx.services().plugins.list(&ctx.caller().ctx).await)?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}

/// Commands on plugins.
#[derive(Default)]
pub struct PluginMutation;

impl PluginMutation {
    pub(crate) async fn listed(
        ctx: &Context<'_>,
        user_errors: Vec<UserError<PluginErrorCode>>,
    ) -> async_graphql::Result<PluginsPayload> {
        let plugins = answer(ctx, ctx.services().plugins.list(&ctx.caller().ctx).await)?;
        Ok(PluginsPayload { plugins: plugins.into_iter().map(Into::into).collect(), user_errors })
    }
}

#[Object]
impl PluginMutation {
    /// Looks into the plugins folder again.
    async fn plugins_reload(&self, ctx: &Context<'_>) -> async_graphql::Result<PluginsPayload> {
        let (plugins, user_errors) = outcome(ctx, ctx.services().plugins.reload(&ctx.command(None)?).await)?;
        let plugins = plugins.unwrap_or_default().into_iter().map(Into::into).collect();
        Ok(PluginsPayload { plugins, user_errors })
    }

    /// Lets a plugin answer an extension point in a channel, from the next request on.
    async fn strategy_activate(
        &self,
        ctx: &Context<'_>,
        input: StrategyActivateInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let activate = ActivateStrategy {
            channel_id: input.channel_id.0,
            point: input.point,
            plugin: input.plugin,
            entry_point: input.entry_point,
            priority: input.priority,
            config: input.config.map_or_else(|| serde_json::json!({}), |config| config.0),
        };
        let done = ctx.services().plugins.strategy_activate(&ctx.command(None)?, activate).await;
        let (_, user_errors) = outcome(ctx, done)?;
        Self::listed(ctx, user_errors).await
    }

    /// Takes an activation away.
    async fn strategy_deactivate(
        &self,
        ctx: &Context<'_>,
        input: StrategyDeactivateInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let plugins = &ctx.services().plugins;
        let done = plugins
            .strategy_deactivate(&ctx.command(None)?, input.channel_id.0, &input.point, &input.plugin)
            .await;
        let (_, user_errors) = outcome(ctx, done)?;
        Self::listed(ctx, user_errors).await
    }
}
