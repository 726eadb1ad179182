//! What staff may see and do.

use async_trait::async_trait;
use serde_json::{Value, json};
use vectis_contracts::channels::{ChannelCode, StrategyBinding};
use vectis_contracts::plugins::{
    ActivateStrategy, Contribution, EntryPoint as EntryPointView, Installed, Plugin, PluginCode,
    PluginStatus, Plugins, PluginsHealth, SwapPlugin,
};
use vectis_kernel::ids::ChannelId;
use vectis_kernel::permission::staff;
use vectis_kernel::{Ctx, Failure, Refusal};

use crate::adapters::rehearse;
use crate::contributions;
use crate::files::Aside;
use crate::load::Library;
use crate::point::Point;
use crate::refusal::{Fault, Identity, Step};
use crate::registry::PluginSet;
use crate::runtime::PluginRuntime;

#[async_trait]
impl Plugins for PluginRuntime {
    fn contributions(&self, ctx: &Ctx) -> Vec<Contribution> {
        contributions::of_set(&self.set_of(ctx), ctx)
    }

    async fn list(&self, ctx: &Ctx) -> Result<Vec<Plugin>, Failure<PluginCode>> {
        require_permission(ctx)?;
        Ok(views(&self.current()))
    }

    async fn reload(&self, ctx: &Ctx) -> Result<Vec<Plugin>, Failure<PluginCode>> {
        require_permission(ctx)?;
        self.rescan(ctx).await?;
        Ok(views(&self.current()))
    }

    async fn health(&self, ctx: &Ctx) -> Result<PluginsHealth, Failure<PluginCode>> {
        require_permission(ctx)?;
        self.all_health().await
    }

    async fn install(&self, ctx: &Ctx, file: &str) -> Result<Installed, Failure<PluginCode>> {
        require_permission(ctx)?;
        self.install_file(ctx, file).await
    }

    async fn swap(&self, ctx: &Ctx, swap: SwapPlugin) -> Result<(), Failure<PluginCode>> {
        require_permission(ctx)?;
        self.swap_to(ctx, swap).await
    }

    async fn rollback(&self, ctx: &Ctx, plugin: &str) -> Result<(), Failure<PluginCode>> {
        require_permission(ctx)?;
        self.roll_back(ctx, plugin).await
    }

    async fn set_enabled(
        &self,
        ctx: &Ctx,
        plugin: &str,
        is_enabled: bool,
    ) -> Result<(), Failure<PluginCode>> {
        require_permission(ctx)?;
        self.switch(ctx, plugin, is_enabled).await
    }

    async fn strategy_activate(
        &self,
        ctx: &Ctx,
        activate: ActivateStrategy,
    ) -> Result<(), Failure<PluginCode>> {
        require_permission(ctx)?;
        let point = point(&activate.point)?;
        let channel = self.channels.get_many(ctx, &[activate.channel_id]).await.map_err(of_channels)?;
        let Some(channel) = channel.into_iter().next() else {
            return Err(Failure::at(PluginCode::ChannelNotFound, "channel_id", "there is no such channel"));
        };
        let set = self.current();
        let Some(library) = set.plugin(&activate.plugin).cloned() else {
            return Err(Failure::at(PluginCode::PluginNotFound, "plugin", absence(&set, &activate.plugin)));
        };
        let entry =
            library.entry_points[entry_point(&library, point, activate.entry_point.as_deref())?].clone();
        // A plugin without settings may be activated without a configuration.
        let config = if activate.config.is_null() { json!({}) } else { activate.config };
        let binding = StrategyBinding {
            channel_id: channel.id,
            point: point.group().to_owned(),
            plugin: library.name().to_owned(),
            entry_point: entry.name.clone(),
            priority: activate.priority,
            config: config.clone(),
        };
        let workshop = self.workshop.clone();
        let rehearsal = tokio::task::spawn_blocking(move || {
            rehearse(point, workshop.recipe(&library, &entry, &config, &channel.slug)?)
        });
        rehearsal.await?.map_err(of_fault)?;
        self.channels.strategy_activate(ctx, binding, point.asks_all()).await.map_err(of_channels)?;
        self.follow().await;
        Ok(())
    }

    async fn strategy_deactivate(
        &self,
        ctx: &Ctx,
        channel_id: ChannelId,
        point_name: &str,
        plugin: &str,
    ) -> Result<(), Failure<PluginCode>> {
        require_permission(ctx)?;
        let point = point(point_name)?;
        let outcome = self.channels.strategy_deactivate(ctx, channel_id, point.group(), plugin).await;
        outcome.map_err(of_channels)?;
        self.follow().await;
        Ok(())
    }
}

impl PluginRuntime {
    /// Takes up what has just been committed. If that fails, the next look will: the command itself has succeeded.
    pub(crate) async fn follow(&self) {
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "what was activated is not in force yet; the next refresh tries again");
        }
    }
}

fn require_permission(ctx: &Ctx) -> Result<(), Failure<PluginCode>> {
    if ctx.may(&staff::PLUGINS_WRITE) {
        return Ok(());
    }
    Err(Failure::refused(PluginCode::Forbidden, "plugins need the permission plugins.write"))
}

fn point(name: &str) -> Result<Point, Failure<PluginCode>> {
    Point::of_group(name).ok_or_else(|| {
        let known: Vec<_> = Point::ALL.iter().map(|point| point.group()).collect();
        let message = format!("{name:?} is no extension point; there are {}", known.join(", "));
        Failure::at(PluginCode::UnknownPoint, "point", message)
    })
}

/// The named entry point, or the only one for the point.
fn entry_point(library: &Library, point: Point, name: Option<&str>) -> Result<usize, Failure<PluginCode>> {
    let offers = library.entry_points.iter().enumerate().filter(|(_, entry)| entry.point == point);
    let fits = offers.clone().filter(|(_, entry)| name.is_none_or(|name| entry.name == name));
    let fits: Vec<_> = fits.map(|(index, _)| index).collect();
    if let [only] = fits[..] {
        return Ok(only);
    }
    let names: Vec<_> = offers.map(|(_, entry)| entry.name.as_str()).collect();
    let label = library.label();
    let message = if names.is_empty() {
        format!("{label} offers nothing for {point}")
    } else {
        format!("{label} offers {} for {point}; name one of them", names.join(", "))
    };
    Err(Failure::at(PluginCode::EntryPointNotFound, "entry_point", message))
}

pub(crate) fn absence(set: &PluginSet, name: &str) -> String {
    let refusal =
        set.files.iter().filter(|file| file.known.name == name).find_map(|file| file.refusal.clone());
    refusal.unwrap_or_else(|| format!("no plugin {name} is loaded; copy its file into the folder and reload"))
}

fn of_fault(fault: Fault) -> Failure<PluginCode> {
    let (code, field) = match (fault.step, fault.pointer) {
        (Step::Config, Some(pointer)) if !pointer.is_empty() => (PluginCode::InvalidConfig, vec![pointer]),
        (Step::Config, _) => (PluginCode::InvalidConfig, Vec::new()),
        _ => (PluginCode::PluginFailed, Vec::new()),
    };
    Failure::Refused(vec![Refusal { code, field, message: fault.why }])
}

fn of_channels(failure: Failure<ChannelCode>) -> Failure<PluginCode> {
    failure.map_code(|code| match code {
        ChannelCode::Forbidden => PluginCode::Forbidden,
        ChannelCode::ChannelNotFound => PluginCode::ChannelNotFound,
        ChannelCode::SlugTaken
        | ChannelCode::StaleVersion
        | ChannelCode::InvalidInput
        | ChannelCode::ModeMismatch => PluginCode::PluginFailed,
    })
}

/// By name: every plugin that answers; every file that was refused, also when an older version of it answers; every
/// plugin that does not start as a channel wants it.
pub(crate) fn views(set: &PluginSet) -> Vec<Plugin> {
    let mut views = Vec::new();
    for file in &set.files {
        if let Some(library) = &file.library {
            let known = Identity::of(&file.known.file, library, &file.verdict);
            views.push(Plugin {
                standing: file.verdict.standing.word(),
                signer: file.verdict.signer.clone(),
                isolation: Some(library.isolation()),
                processes: library.processes(),
                ..view(&known, status_of(set, library), entry_point_views(set, library))
            });
        }
        if let Some(sentence) = file.refusal.clone() {
            let status = match file.aside {
                None => PluginStatus::Refused(sentence),
                Some(Aside::Disabled) => PluginStatus::Disabled(sentence),
                Some(Aside::Superseded) => PluginStatus::Superseded(sentence),
            };
            views.push(view(&file.known, status, Vec::new()));
        }
    }
    for problem in &set.problems {
        views.push(view(&problem.known, PluginStatus::Refused(problem.sentence.clone()), Vec::new()));
    }
    views.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    views
}

/// Of a plugin that is loaded.
fn status_of(set: &PluginSet, library: &Library) -> PluginStatus {
    match &set.quarantined(library.name())[..] {
        [] => PluginStatus::Loaded,
        sentences => PluginStatus::Quarantined(sentences.join("; ")),
    }
}

fn view(known: &Identity, status: PluginStatus, entry_points: Vec<EntryPointView>) -> Plugin {
    let name = if known.name.is_empty() { &known.file } else { &known.name };
    Plugin {
        name: name.clone(),
        version: known.version.clone(),
        description: known.description.clone(),
        file: known.file.clone(),
        sha256: known.sha256.clone(),
        standing: "",
        signer: None,
        status,
        isolation: None,
        processes: None,
        entry_points,
    }
}

fn entry_point_views(set: &PluginSet, library: &Library) -> Vec<EntryPointView> {
    let mut views = Vec::new();
    for entry in &library.entry_points {
        let is_it = |binding: &&StrategyBinding| {
            binding.plugin == library.name()
                && binding.entry_point == entry.name
                && binding.point == entry.point.group()
        };
        let schema: Option<Value> = entry.schema.as_ref().map(|schema| schema.json.clone());
        views.push(EntryPointView {
            point: entry.point.group().to_owned(),
            name: entry.name.clone(),
            config_schema: schema,
            active_in: set.bindings.all.iter().filter(is_it).map(|binding| binding.channel_id).collect(),
        });
    }
    views
}
