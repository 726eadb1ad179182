//! What plugins give to clients, as far as the caller may use it.

use serde_json::json;
use vectis_contracts::plugin_schedules::Timing;
use vectis_contracts::plugins::{CommandEntry, ConfigScreen, Contribution, NavigationEntry, ScheduleEntry};
use vectis_kernel::permission::{buyer, staff};
use vectis_kernel::{Ctx, Permission};
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::schedules::Schedule;

use crate::load::Library;
use crate::registry::PluginSet;

/// A permission that nobody can hold is a typing error.
pub(crate) fn check(manifest: &Manifest) -> Result<(), String> {
    let navigation = manifest.navigation.iter().map(|entry| ("navigation", &entry.key, &entry.permission));
    let commands = manifest.commands.iter().map(|entry| ("commands", &entry.key, &entry.permission));
    for (section, key, permission) in navigation.chain(commands) {
        let Some(permission) = permission else { continue };
        let mut known = buyer::ALL.iter().chain(staff::ALL).map(Permission::key);
        if !known.any(|known| known == permission) && !manifest.permissions.add.contains(permission) {
            return Err(format!(
                "[[{section}]] {key}: there is no permission {permission:?}; add it to [permissions] or use one of the platform's"
            ));
        }
    }
    Ok(())
}

pub(crate) fn of_set(set: &PluginSet, ctx: &Ctx) -> Vec<Contribution> {
    let libraries = set.files.iter().filter_map(|file| file.library.as_deref());
    let mut all: Vec<_> = libraries.map(|library| contribution(library, ctx)).collect();
    all.sort_by(|a, b| a.plugin.cmp(&b.plugin));
    all
}

fn contribution(library: &Library, ctx: &Ctx) -> Contribution {
    let Manifest { navigation, commands, translations, .. } = &library.manifest;
    let may = |permission: &Option<String>| match permission {
        Some(key) => Permission::parse(key).is_some_and(|permission| ctx.may(&permission)),
        None => true,
    };
    let navigation = navigation.iter().filter(|entry| may(&entry.permission)).map(|entry| NavigationEntry {
        key: entry.key.clone(),
        label: entry.label.clone(),
        path: entry.path.clone(),
        icon: Some(entry.icon.clone()).filter(|icon| !icon.is_empty()),
    });
    let commands = commands.iter().filter(|entry| may(&entry.permission)).map(|entry| CommandEntry {
        key: entry.key.clone(),
        label: entry.label.clone(),
        path: entry.path.clone(),
        keywords: entry.keywords.clone(),
    });
    let may_manage = ctx.is_staff() && ctx.may(&staff::PLUGINS_WRITE);
    Contribution {
        plugin: library.name().to_owned(),
        navigation: navigation.collect(),
        commands: commands.collect(),
        screens: if may_manage { screens(library) } else { Vec::new() },
        schedules: if may_manage { schedules(library) } else { Vec::new() },
        translations: translations.clone(),
    }
}

fn screens(library: &Library) -> Vec<ConfigScreen> {
    let Manifest { screens, config, .. } = &library.manifest;
    let screen = |entry: &crate::manifest::EntryPoint| {
        let screen = screens.get(&entry.name)?;
        Some(ConfigScreen {
            point: entry.point.group().to_owned(),
            entry_point: entry.name.clone(),
            title: screen.title.clone(),
            schema: config.get(&entry.name)?.clone(),
            hints: json!({ "order": screen.order, "widgets": screen.widgets }),
        })
    };
    library.entry_points.iter().filter_map(screen).collect()
}

fn schedules(library: &Library) -> Vec<ScheduleEntry> {
    let entry = |(schedule, timing): &(Schedule, Timing)| ScheduleEntry {
        name: schedule.name.clone(),
        task: schedule.task.clone(),
        timing: timing.to_string(),
        description: schedule.description.clone(),
    };
    library.schedules.iter().map(entry).collect()
}
