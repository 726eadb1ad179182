//! What a plugin says about itself: the embedded manifest, how it was built, and the entry points this host can use.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use vectis_contracts::plugin_fields::AddedSdl;
use vectis_contracts::plugin_schedules::Timing;
use vectis_contracts::plugin_tables::{TableMigration, TablesPlan};
use vectis_kernel::Permission;
use vectis_plugin_api::abi::embed;
use vectis_plugin_api::manifest::Manifest;
use vectis_plugin_api::schedules::Schedule;
use vectis_plugin_api::tables::{Migration, Tables};

use crate::config::ConfigSchema;
use crate::point::Point;
use crate::refusal::{Fault, Step};
use crate::verify::Structure;

/// The capability.
pub(crate) const TABLES: &str = "tables";

/// How a library was built; written by `export_plugin!`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Build {
    /// Version of `vectis-plugin-api` it was compiled with.
    pub(crate) api: semver::Version,
    pub(crate) target: String,
    pub(crate) panic: String,
    /// For people.
    #[serde(default)]
    pub(crate) rustc: String,
    /// For people.
    #[serde(default)]
    pub(crate) profile: String,
}

impl Build {
    /// How this host itself was built: the API it offers, the target it runs on.
    pub(crate) fn of_host() -> Self {
        toml::from_str(embed::BUILD).expect("the API crate writes it as TOML")
    }
}

/// One entry point that this host can ask.
#[derive(Clone, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) point: Point,
    pub(crate) name: String,
    /// Without one the constructor alone judges the configuration.
    pub(crate) schema: Option<Arc<ConfigSchema>>,
}

/// Text and content of the manifest.
pub(crate) fn manifest<'data>(structure: &Structure<'data>) -> Result<(&'data str, Manifest), Fault> {
    let text = std::str::from_utf8(structure.manifest).map_err(|_| {
        refused("the embedded manifest is not text; the file is damaged, copy it again".to_owned())
    })?;
    let manifest = Manifest::parse(text)
        .map_err(|error| refused(format!("plugin.toml: {error}; mend it and build the plugin again")))?;
    let version = &manifest.plugin.version;
    semver::Version::parse(version).map_err(|error| {
        refused(format!("plugin.toml: the version {version:?} is not semantic ({error}); write it as 1.4.0"))
    })?;
    if let Some(key) = manifest.permissions.add.iter().find(|key| Permission::parse(key).is_none()) {
        return Err(refused(format!(
            "plugin.toml: the permission {key:?} must read area.action, in lower case"
        )));
    }
    crate::contributions::check(&manifest).map_err(|why| refused(format!("plugin.toml: {why}")))?;
    schedules(&manifest)?;
    crate::observers::check(&manifest).map_err(|why| refused(format!("plugin.toml: {why}")))?;
    Ok((text, manifest))
}

/// How the library was built.
pub(crate) fn build(structure: &Structure<'_>) -> Result<Build, Fault> {
    let text = std::str::from_utf8(structure.build).unwrap_or_default();
    toml::from_str(text).map_err(|error| {
        let why =
            format!("its build section cannot be read ({}); build it with export_plugin!", error.message());
        Fault::new(Step::Target, why)
    })
}

/// The entry points of points this host knows; the others are named in a warning.
pub(crate) fn entry_points(manifest: &Manifest) -> Result<Vec<EntryPoint>, Fault> {
    let mut found = Vec::new();
    for (group, names) in &manifest.entry_points {
        let Some(point) = Point::of_group(group) else {
            let plugin = &manifest.plugin.name;
            tracing::warn!(
                plugin,
                group,
                "{plugin} offers {group}, which this server does not know; it is ignored"
            );
            continue;
        };
        for name in names.keys() {
            let schema = match manifest.config.get(name) {
                Some(json) => Some(Arc::new(ConfigSchema::new(json).map_err(|error| {
                    refused(format!("plugin.toml: [config.{name}] is no usable JSON schema: {error}"))
                })?)),
                None => None,
            };
            found.push(EntryPoint { point, name: name.clone(), schema });
        }
    }
    Ok(found)
}

/// When the plugin's tasks run.
pub(crate) fn schedules(manifest: &Manifest) -> Result<Vec<(Schedule, Timing)>, Fault> {
    let timed = |schedule: &Schedule| {
        let timing = match (&schedule.every, &schedule.cron) {
            (Some(every), _) => Timing::every(every),
            (None, cron) => Timing::cron(cron.as_deref().unwrap_or_default(), schedule.time_zone.as_deref()),
        };
        let name = &schedule.name;
        let timing =
            timing.map_err(|error| refused(format!("plugin.toml: [[schedules]] {name}: {error}")))?;
        Ok((schedule.clone(), timing))
    };
    manifest.schedules.iter().map(timed).collect()
}

/// What the plugin adds to the GraphQL API: definitions, and the one entry point that answers them.
pub(crate) fn added(structure: &Structure<'_>, manifest: &Manifest) -> Result<Option<AddedSdl>, Fault> {
    let answering = manifest.entry_points.get(Point::Fields.group()).map_or(0, BTreeMap::len);
    let sdl = match (structure.graphql, answering) {
        (None, 0) => return Ok(None),
        (Some(sdl), 1) => sdl,
        (None, _) => {
            return Err(refused(
                "plugin.toml offers vectis.fields, but the file embeds no definitions; give export_plugin! the file after \
                 graphql:"
                    .to_owned(),
            ));
        }
        (Some(_), many) => {
            return Err(refused(format!(
                "its definitions for the API are to be answered by one entry point of vectis.fields, plugin.toml names {many}"
            )));
        }
    };
    let sdl = std::str::from_utf8(sdl).map_err(|_| {
        refused(
            "the embedded definitions for the API are not text; the file is damaged, copy it again"
                .to_owned(),
        )
    })?;
    let permissions = manifest.permissions.add.clone();
    Ok(Some(AddedSdl { plugin: manifest.plugin.name.clone(), sdl: sdl.to_owned(), permissions }))
}

/// The plugin's own tables, for which it has to ask.
pub(crate) fn tables(
    structure: &Structure<'_>,
    manifest: &Manifest,
) -> Result<Option<Arc<TablesPlan>>, Fault> {
    let is_asked_for = manifest.capabilities.get(TABLES).is_some_and(|values| !values.is_empty());
    let text = match (structure.tables, is_asked_for) {
        (None, false) => return Ok(None),
        (Some(text), true) => text,
        (None, true) => {
            return Err(refused(
                "plugin.toml asks for tables, but the file embeds no SQL; give export_plugin! the file after tables:".to_owned(),
            ));
        }
        (Some(_), false) => {
            return Err(refused(
                "the file embeds SQL for tables, but plugin.toml does not ask for them; add tables = [\"own\"] to its \
                 [capabilities]"
                    .to_owned(),
            ));
        }
    };
    let faulty =
        |why: String| Fault::new(Step::Tables, format!("its SQL: {why}; mend it and build the plugin again"));
    let text = std::str::from_utf8(text).map_err(|_| faulty("it is not text".to_owned()))?;
    let Tables { migrations, statements } = Tables::parse(text).map_err(|error| faulty(error.to_string()))?;
    let migration = |Migration { number, name, sql }| TableMigration { number, name, sql };
    let migrations = migrations.into_iter().map(migration).collect();
    Ok(Some(Arc::new(TablesPlan { plugin: manifest.plugin.name.clone(), migrations, statements })))
}

fn refused(why: String) -> Fault {
    Fault::new(Step::Manifest, why)
}
