//! Versions of plugins as staff see and decide them: install, swap, roll back, switch on and off, and how all do.

use std::time::Duration;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use vectis_contracts::plugin_releases::{self as releases, RunningPlugin};
use vectis_contracts::plugins::{self as contract, SwapPlugin};
use vectis_kernel::permission::staff;

use crate::caller::ContextExt;
use crate::error::{UserError, answer, outcome};
use crate::mixing::sdl_with;
use crate::plugins::{Plugin, PluginErrorCode, PluginMutation, PluginsPayload};
use crate::policy::{Access, TypePolicy};

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Staff(&staff::PLUGINS_WRITE), "pluginsHealth schemaDefinition")]),
    (
        "Mutation",
        &[(
            Access::Staff(&staff::PLUGINS_WRITE),
            "pluginInstall pluginSwap pluginRollback pluginDisable pluginEnable",
        )],
    ),
    ("PluginsHealth", &[(Access::Owner, "revision plugins replicas")]),
    ("PluginHealth", &[(Access::Owner, "plugin installed previous calls lastRefusal")]),
    ("PluginRefusal", &[(Access::Owner, "at sentence")]),
    ("PluginVersion", &[(Access::Owner, "version sha256")]),
    (
        "PluginCalls",
        &[(Access::Owner, "point entryPoint calls errors p50Microseconds p99Microseconds lastError")],
    ),
    ("PluginReplica", &[(Access::Owner, "name revision reportedAt plugins")]),
    ("ReplicaPlugin", &[(Access::Owner, "name version sha256 problem")]),
    ("PluginInstallPayload", &[(Access::Owner, "version isInForce plugins userErrors")]),
];

/// How all plugins do.
#[derive(SimpleObject)]
pub struct PluginsHealth {
    /// Counted up with every decision about versions; of the process that answers.
    pub revision: i64,
    /// In the process that answers.
    pub plugins: Vec<PluginHealth>,
    /// What every process says it runs.
    pub replicas: Vec<PluginReplica>,
}

/// How a plugin does in the process that answers.
#[derive(SimpleObject)]
pub struct PluginHealth {
    /// As listed.
    pub plugin: Plugin,
    /// Versions that can be swapped to.
    pub installed: Vec<PluginVersion>,
    /// What a rollback goes back to.
    pub previous: Option<PluginVersion>,
    /// What its entry points were asked since the process started.
    pub calls: Vec<PluginCalls>,
    /// The last time that a version of it was refused by this process.
    pub last_refusal: Option<PluginRefusal>,
}

/// When and why a version was refused.
#[derive(SimpleObject)]
pub struct PluginRefusal {
    /// When.
    pub at: DateTime<Utc>,
    /// What, where, why, fix.
    pub sentence: String,
}

/// A version of a plugin.
#[derive(SimpleObject)]
pub struct PluginVersion {
    /// In its manifest.
    pub version: String,
    /// Of the file, hex.
    pub sha256: String,
}

/// What an entry point was asked.
#[derive(SimpleObject)]
pub struct PluginCalls {
    /// `vectis.pricing`.
    pub point: String,
    /// Its name.
    pub entry_point: String,
    /// How often. A whole number, which may be larger than an Int.
    pub calls: f64,
    /// How often it gave no answer, or one that was refused. A whole number, which may be larger than an Int.
    pub errors: f64,
    /// Half of the calls took no longer.
    pub p50_microseconds: Option<f64>,
    /// 99 of 100 calls took no longer.
    pub p99_microseconds: Option<f64>,
    /// The last error.
    pub last_error: Option<String>,
}

/// A process and what it runs.
#[derive(SimpleObject)]
pub struct PluginReplica {
    /// Machine and process.
    pub name: String,
    /// The decisions it follows.
    pub revision: i64,
    /// When it said so.
    pub reported_at: DateTime<Utc>,
    /// By name.
    pub plugins: Vec<ReplicaPlugin>,
}

/// A plugin as a process runs it.
#[derive(SimpleObject)]
pub struct ReplicaPlugin {
    /// Its name.
    pub name: String,
    /// What answers; nothing when left out.
    pub version: Option<String>,
    /// Of the file that answers.
    pub sha256: Option<String>,
    /// Why that is not what the shop wants.
    pub problem: Option<String>,
}

impl From<releases::PluginVersion> for PluginVersion {
    fn from(version: releases::PluginVersion) -> Self {
        Self { version: version.version, sha256: version.sha256 }
    }
}

impl From<contract::PluginHealth> for PluginHealth {
    fn from(health: contract::PluginHealth) -> Self {
        let micros = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64() * 1e6);
        let count = |number: u64| number as f64;
        let calls = |calls: contract::EntryPointCalls| PluginCalls {
            point: calls.point,
            entry_point: calls.name,
            calls: count(calls.calls),
            errors: count(calls.errors),
            p50_microseconds: micros(calls.p50),
            p99_microseconds: micros(calls.p99),
            last_error: calls.last_error,
        };
        Self {
            plugin: health.plugin.into(),
            installed: health.installed.into_iter().map(Into::into).collect(),
            previous: health.previous.map(Into::into),
            calls: health.calls.into_iter().map(calls).collect(),
            last_refusal: health
                .last_refusal
                .map(|refusal| PluginRefusal { at: refusal.at, sentence: refusal.sentence }),
        }
    }
}

impl From<releases::Replica> for PluginReplica {
    fn from(replica: releases::Replica) -> Self {
        let plugin = |RunningPlugin { plugin, running, problem }| {
            let (version, sha256) =
                running.map_or((None, None), |running| (Some(running.version), Some(running.sha256)));
            ReplicaPlugin { name: plugin, version, sha256, problem }
        };
        Self {
            name: replica.name,
            revision: replica.revision,
            reported_at: replica.reported_at,
            plugins: replica.running.into_iter().map(plugin).collect(),
        }
    }
}

/// What came of an installation.
#[derive(SimpleObject)]
pub struct PluginInstallPayload {
    /// What was installed.
    pub version: Option<PluginVersion>,
    /// Whether it answers now; otherwise it waits for `pluginSwap`.
    pub is_in_force: bool,
    /// All plugins now.
    pub plugins: Vec<Plugin>,
    /// Why it was refused; empty when it was not.
    pub user_errors: Vec<UserError<PluginErrorCode>>,
}

/// What to install.
#[derive(InputObject)]
pub struct PluginInstallInput {
    /// Name of a file in the server's inbox folder.
    pub file: String,
}

/// What takes over.
#[derive(InputObject)]
pub struct PluginSwapInput {
    /// The plugin's name.
    pub plugin: String,
    /// An installed version, or the first digits of its SHA-256.
    pub to: String,
    /// Whether it takes over although it answers recorded questions differently.
    #[graphql(default)]
    pub confirm_differences: bool,
}

/// What goes back.
#[derive(InputObject)]
pub struct PluginRollbackInput {
    /// The plugin's name.
    pub plugin: String,
}

/// What is switched off.
#[derive(InputObject)]
pub struct PluginDisableInput {
    /// The plugin's name.
    pub plugin: String,
}

/// What is switched on.
#[derive(InputObject)]
pub struct PluginEnableInput {
    /// The plugin's name.
    pub plugin: String,
}

/// Queries about versions.
#[derive(Default)]
pub struct PluginLifeQuery;

#[Object]
impl PluginLifeQuery {
    /// How all plugins do, here and in the other processes.
    async fn plugins_health(&self, ctx: &Context<'_>) -> async_graphql::Result<PluginsHealth> {
        let health = answer(ctx, ctx.services().plugins.health(&ctx.caller().ctx).await)?;
        Ok(PluginsHealth {
            revision: health.revision,
            plugins: health.plugins.into_iter().map(Into::into).collect(),
            replicas: health.replicas.into_iter().map(Into::into).collect(),
        })
    }

    /// The whole schema definition, with what the plugins in force add.
    async fn schema_definition(&self, ctx: &Context<'_>) -> String {
        let additions = ctx.services().plugin_fields.additions(&ctx.caller().ctx);
        sdl_with(additions.plugins.clone())
    }
}

/// Commands on versions.
#[derive(Default)]
pub struct PluginLifeMutation;

#[Object]
impl PluginLifeMutation {
    /// Takes a file of the server's inbox through all checks and keeps it. A plugin that was not there answers from now on;
    /// of one that was, the new version waits for `pluginSwap`.
    async fn plugin_install(
        &self,
        ctx: &Context<'_>,
        input: PluginInstallInput,
    ) -> async_graphql::Result<PluginInstallPayload> {
        let done = ctx.services().plugins.install(&ctx.command(None)?, &input.file).await;
        let (installed, user_errors) = outcome(ctx, done)?;
        let PluginsPayload { plugins, user_errors } = PluginMutation::listed(ctx, user_errors).await?;
        let is_in_force = installed.as_ref().is_some_and(|installed| installed.is_in_force);
        let version = installed.map(|installed| installed.version.into());
        Ok(PluginInstallPayload { version, is_in_force, plugins, user_errors })
    }

    /// Lets an installed version take over in all processes, from the next request on, once it has started as every
    /// channel wants it and answered recorded questions like the one before.
    async fn plugin_swap(
        &self,
        ctx: &Context<'_>,
        input: PluginSwapInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let PluginSwapInput { plugin, to, confirm_differences } = input;
        let swap = SwapPlugin { plugin, to, confirm_differences };
        let done = ctx.services().plugins.swap(&ctx.command(None)?, swap).await;
        let (_, user_errors) = outcome(ctx, done)?;
        PluginMutation::listed(ctx, user_errors).await
    }

    /// Lets the version before take over again.
    async fn plugin_rollback(
        &self,
        ctx: &Context<'_>,
        input: PluginRollbackInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let done = ctx.services().plugins.rollback(&ctx.command(None)?, &input.plugin).await;
        let (_, user_errors) = outcome(ctx, done)?;
        PluginMutation::listed(ctx, user_errors).await
    }

    /// Switches a plugin off in all processes; what it answered is refused by name until another is activated.
    async fn plugin_disable(
        &self,
        ctx: &Context<'_>,
        input: PluginDisableInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let done = ctx.services().plugins.set_enabled(&ctx.command(None)?, &input.plugin, false).await;
        let (_, user_errors) = outcome(ctx, done)?;
        PluginMutation::listed(ctx, user_errors).await
    }

    /// Switches a plugin on again.
    async fn plugin_enable(
        &self,
        ctx: &Context<'_>,
        input: PluginEnableInput,
    ) -> async_graphql::Result<PluginsPayload> {
        let done = ctx.services().plugins.set_enabled(&ctx.command(None)?, &input.plugin, true).await;
        let (_, user_errors) = outcome(ctx, done)?;
        PluginMutation::listed(ctx, user_errors).await
    }
}
