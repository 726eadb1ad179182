//! What plugins give to clients as data: navigation, commands, screens, translations.

use async_graphql::{Context, Object, SimpleObject};
use vectis_contracts::plugins::Contribution;

use crate::caller::ContextExt;
use crate::policy::{Access, TypePolicy};
use crate::scalars::Json;

pub(crate) const POLICY: &[TypePolicy] = &[
    ("Query", &[(Access::Public, "pluginContributions")]),
    (
        "PluginContributions",
        &[(Access::Public, "navigation commands translations"), (Access::AnyStaff, "screens schedules")],
    ),
    ("PluginNavigationEntry", &[(Access::Owner, "plugin key label path icon")]),
    ("PluginCommandEntry", &[(Access::Owner, "plugin key label path keywords")]),
    ("PluginConfigScreen", &[(Access::Owner, "plugin point entryPoint title schema hints")]),
    ("PluginScheduleEntry", &[(Access::Owner, "plugin name task timing description")]),
    ("PluginTranslation", &[(Access::Owner, "plugin key text")]),
];

/// A place in the navigation.
#[derive(SimpleObject)]
pub struct PluginNavigationEntry {
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes.
    pub path: String,
    /// Name of an icon.
    pub icon: Option<String>,
}

/// A command of the palette.
#[derive(SimpleObject)]
pub struct PluginCommandEntry {
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes.
    pub path: String,
    /// Further words it is found by.
    pub keywords: Vec<String>,
}

/// When a plugin works by itself.
#[derive(SimpleObject)]
pub struct PluginScheduleEntry {
    /// The plugin's name.
    pub plugin: String,
    /// Unique among the plugin's.
    pub name: String,
    /// The entry point of `vectis.task` that runs.
    pub task: String,
    /// `every 1h`, `cron 0 3 * * * Europe/Berlin`.
    pub timing: String,
    /// From the manifest; may be empty.
    pub description: String,
}

/// How the configuration of an entry point is shown.
#[derive(SimpleObject)]
pub struct PluginConfigScreen {
    /// The plugin's name.
    pub plugin: String,
    /// `vectis.pricing`.
    pub point: String,
    /// The entry point's name.
    pub entry_point: String,
    /// What a person reads.
    pub title: String,
    /// JSON Schema of the configuration.
    pub schema: Json,
    /// `order` of the settings and `widgets` that edit them, by JSON pointer.
    pub hints: Json,
}

/// A text in another language.
#[derive(SimpleObject)]
pub struct PluginTranslation {
    /// The plugin's name.
    pub plugin: String,
    /// `navigation.warranties`, `commands.register`, `screens.warranty`, or the JSON pointer of a setting.
    pub key: String,
    /// What a person reads.
    pub text: String,
}

/// What plugins give to clients: what the caller may use of it.
pub struct PluginContributions(Vec<Contribution>);

#[Object]
impl PluginContributions {
    /// Places in the navigation.
    async fn navigation(&self) -> Vec<PluginNavigationEntry> {
        let entries =
            self.0.iter().flat_map(|one| one.navigation.iter().map(move |entry| (&one.plugin, entry)));
        let entry =
            |(plugin, entry): (&String, &vectis_contracts::plugins::NavigationEntry)| PluginNavigationEntry {
                plugin: plugin.clone(),
                key: entry.key.clone(),
                label: entry.label.clone(),
                path: entry.path.clone(),
                icon: entry.icon.clone(),
            };
        entries.map(entry).collect()
    }

    /// Commands of the palette.
    async fn commands(&self) -> Vec<PluginCommandEntry> {
        let entries =
            self.0.iter().flat_map(|one| one.commands.iter().map(move |entry| (&one.plugin, entry)));
        let entry =
            |(plugin, entry): (&String, &vectis_contracts::plugins::CommandEntry)| PluginCommandEntry {
                plugin: plugin.clone(),
                key: entry.key.clone(),
                label: entry.label.clone(),
                path: entry.path.clone(),
                keywords: entry.keywords.clone(),
            };
        entries.map(entry).collect()
    }

    /// Screens for configurations; none without `plugins.write`.
    async fn screens(&self) -> Vec<PluginConfigScreen> {
        let screens =
            self.0.iter().flat_map(|one| one.screens.iter().map(move |screen| (&one.plugin, screen)));
        let screen =
            |(plugin, screen): (&String, &vectis_contracts::plugins::ConfigScreen)| PluginConfigScreen {
                plugin: plugin.clone(),
                point: screen.point.clone(),
                entry_point: screen.entry_point.clone(),
                title: screen.title.clone(),
                schema: Json(screen.schema.clone()),
                hints: Json(screen.hints.clone()),
            };
        screens.map(screen).collect()
    }

    /// When plugins work by themselves, as their manifests say; none without `plugins.write`. How they do says `pluginSchedules`.
    async fn schedules(&self) -> Vec<PluginScheduleEntry> {
        let schedules =
            self.0.iter().flat_map(|one| one.schedules.iter().map(move |schedule| (&one.plugin, schedule)));
        let entry =
            |(plugin, schedule): (&String, &vectis_contracts::plugins::ScheduleEntry)| PluginScheduleEntry {
                plugin: plugin.clone(),
                name: schedule.name.clone(),
                task: schedule.task.clone(),
                timing: schedule.timing.clone(),
                description: schedule.description.clone(),
            };
        schedules.map(entry).collect()
    }

    /// All texts in a language: `de-AT` gives those of `de` where it has none of its own.
    async fn translations(&self, locale: String) -> Vec<PluginTranslation> {
        let language = locale.split('-').next().unwrap_or_default();
        let mut all = Vec::new();
        for one in &self.0 {
            let mut texts = one.translations.get(language).cloned().unwrap_or_default();
            texts.extend(one.translations.get(&locale).cloned().unwrap_or_default());
            let plugin = &one.plugin;
            all.extend(texts.into_iter().map(|(key, text)| PluginTranslation {
                plugin: plugin.clone(),
                key,
                text,
            }));
        }
        all
    }
}

/// What plugins give to clients.
#[derive(Default)]
pub struct ContributionQuery;

#[Object]
impl ContributionQuery {
    /// What plugins give to clients: navigation, commands, screens and translations that the caller may use.
    async fn plugin_contributions(&self, ctx: &Context<'_>) -> PluginContributions {
        PluginContributions(ctx.services().plugins.contributions(&ctx.caller().ctx))
    }
}
