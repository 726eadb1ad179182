//! `plugin.toml`: what a plugin says about itself.
//!
//! ```toml
//! schema = 1                          # version of this format
//!
//! [plugin]
//! name = "acme-pricing"               # unique in a shop: a-z, 0-9 and hyphens
//! version = "1.4.0"                   # of the plugin
//! api = "^1.0"                        # versions of vectis-plugin-api it works with
//! description = "Prices of Acme Ltd"
//! license = "MIT"
//!
//! [entry-points."vectis.pricing"]     # group = extension point
//! acme = "AcmePricing"                # name = the type behind it
//!
//! [config.acme]                       # JSON Schema of the entry point's configuration
//! type = "object"
//! ```
//!
//! `export_plugin!` embeds it byte for byte; the host reads it without running any code of the plugin.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use crate::contributions::{CommandEntry, NavigationEntry, Screen, Sections};
use crate::schedules::{self, Schedule};
use crate::subscriptions::{self, Subscription};

/// The version of the format this crate reads.
pub const SCHEMA: u32 = 1;

/// A manifest.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The version of the format; [`SCHEMA`].
    pub schema: u32,
    /// The plugin as a whole.
    pub plugin: PluginSection,
    /// Group → name → type. A group is an extension point, `vectis.pricing`; a host ignores groups it does not know. A name
    /// stands in one group only.
    #[serde(default)]
    pub entry_points: BTreeMap<String, BTreeMap<String, String>>,
    /// Host services the plugin wants beyond log and clock, for instance `http = ["https://erp.example/*"]`; see
    /// [`crate::services`].
    #[serde(default)]
    pub capabilities: BTreeMap<String, Vec<String>>,
    /// Permission keys the plugin adds to the shop.
    #[serde(default)]
    pub permissions: PermissionsSection,
    /// Places in the navigation of clients; see [`crate::contributions`].
    #[serde(default)]
    pub navigation: Vec<NavigationEntry>,
    /// Commands of clients' palettes.
    #[serde(default)]
    pub commands: Vec<CommandEntry>,
    /// Entry point → how clients show its configuration.
    #[serde(default)]
    pub screens: BTreeMap<String, Screen>,
    /// Events it is told of; see [`crate::observer`].
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
    /// Language → key → text.
    #[serde(default)]
    pub translations: BTreeMap<String, BTreeMap<String, String>>,
    /// When its tasks run; see [`crate::schedules`].
    #[serde(default)]
    pub schedules: Vec<Schedule>,
    /// Entry point → JSON Schema of its configuration. Without one the host takes any configuration and the plugin checks it.
    #[serde(default)]
    pub config: BTreeMap<String, serde_json::Value>,
}

/// `[plugin]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginSection {
    /// Unique in a shop: lower-case letters, digits and hyphens, starting with a letter.
    pub name: String,
    /// Version of the plugin, semver.
    pub version: String,
    /// Range of `vectis-plugin-api` versions it works with, semver: `^1.0`.
    pub api: String,
    /// One sentence for operators.
    #[serde(default)]
    pub description: String,
    /// SPDX expression.
    #[serde(default)]
    pub license: String,
}

/// `[permissions]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionsSection {
    /// Keys of the form `area.action`.
    #[serde(default)]
    pub add: Vec<String>,
}

/// The text is no manifest of this format. Says where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError(String);

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ManifestError {}

impl Manifest {
    /// Reads a manifest. Versions and ranges are only taken as text here; the host judges them.
    ///
    /// # Errors
    /// It is not TOML, lacks something, holds a key that does not exist, has another `schema`, a name with other letters
    /// than allowed or given twice, a configuration of no entry point, or a schedule of no task.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| in_one_line(text, &error))?;
        if manifest.schema != SCHEMA {
            return Err(ManifestError(format!("schema is {}, this version reads {SCHEMA}", manifest.schema)));
        }
        manifest.check_names()?;
        let Self { navigation, commands, screens, translations, config, .. } = &manifest;
        let sections = Sections { navigation, commands, screens, translations };
        sections.check(config).map_err(ManifestError)?;
        schedules::check(&manifest.schedules, manifest.entry_points.get("vectis.task"))
            .map_err(ManifestError)?;
        check_capabilities(&manifest.capabilities)
            .map_err(|why| ManifestError(format!("[capabilities] {why}")))?;
        let Self { subscriptions, entry_points, capabilities, .. } = &manifest;
        subscriptions::check(subscriptions, entry_points, capabilities).map_err(ManifestError)?;
        Ok(manifest)
    }

    fn check_names(&self) -> Result<(), ManifestError> {
        require_name("plugin", &self.plugin.name)?;
        let mut seen = BTreeSet::new();
        for name in self.entry_points.values().flat_map(BTreeMap::keys) {
            require_name("entry point", name)?;
            if !seen.insert(name) {
                return Err(ManifestError(format!("the entry point name {name:?} stands in two groups")));
            }
        }
        match self.config.keys().find(|name| !seen.contains(name)) {
            Some(name) => Err(ManifestError(format!(
                "[config.{name}] belongs to no entry point; a schema goes under [config.<entry point>]"
            ))),
            None => Ok(()),
        }
    }
}

/// Capabilities there are: the host services, and `initializers` for plugins that run more code when they are mapped.
const CAPABILITIES: [&str; 9] =
    ["http", "kv", "secret", "query", "emit", "metric", "tables", "events", "initializers"];

/// What is wrong with capabilities, in words that follow the place they stand in.
///
/// # Errors
/// One does not exist, or has a value it cannot have.
pub fn check_capabilities(capabilities: &BTreeMap<String, Vec<String>>) -> Result<(), String> {
    for (name, values) in capabilities {
        match name.as_str() {
            "http" => {
                for value in values {
                    check_pattern(value).map_err(|why| format!("http: {why}"))?;
                }
            }
            "kv" => {
                if let Some(value) = values.iter().find(|value| !["read", "write"].contains(&value.as_str()))
                {
                    return Err(format!("kv: {value:?} is neither read nor write"));
                }
            }
            "tables" => {
                if let Some(value) = values.iter().find(|value| *value != "own") {
                    return Err(format!("tables: {value:?} is not own; a plugin reaches no other tables"));
                }
            }
            "events" => {
                for value in values {
                    subscriptions::check_event(value).map_err(|why| format!("events: {why}"))?;
                }
            }
            known if CAPABILITIES.contains(&known) => {}
            unknown => {
                return Err(format!("{unknown}: no such capability; there are {}", CAPABILITIES.join(", ")));
            }
        }
    }
    Ok(())
}

/// Whether a text names URLs: `https://api.example/v1/rates`, or all below with a `*` at the end of the path. `https://*/*` is
/// any host, for a connector that learns its own from its configuration.
///
/// # Errors
/// Says why not.
pub fn check_pattern(text: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{text:?} {why}; write https://api.example/v1/*"));
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return wrong("is neither https nor http");
    };
    // `https://api.example*` would also be `https://api.example.evil`.
    let Some((host, path)) = rest.split_once('/') else {
        return wrong("has no path, not even /");
    };
    if host.is_empty() || host != "*" && host.contains(['*', '@', '?', '#', '\\']) {
        return wrong("names no host");
    }
    let path = path.strip_suffix('*').unwrap_or(path);
    if path.contains(['*', '?', '#', '\\']) {
        return wrong("may have one * at the end of its path and nothing after");
    }
    Ok(())
}

fn in_one_line(text: &str, error: &toml::de::Error) -> ManifestError {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    ManifestError(format!("line {line}: {}", error.message().replace('\n', ", ")))
}

fn require_name(what: &str, name: &str) -> Result<(), ManifestError> {
    if is_name(name) {
        return Ok(());
    }
    Err(ManifestError(format!(
        "the {what} name {name:?} must be lower-case letters, digits and hyphens and start with a letter"
    )))
}

pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
