//! What a plugin gives to clients as data: places in the navigation, commands of the palette, screens for its configuration, and
//! all of it in other languages. Since API 1.1.
//!
//! The shop's API hands it out, `pluginContributions`, to those who may use it; admin and storefront show it as their own.
//!
//! ```toml
//! # plugin.toml
//! [[navigation]]
//! key = "warranties"                   # unique among the plugin's navigation entries
//! label = "Warranties"
//! path = "/warranties"                 # where the client goes, below its own root
//! icon = "shield-check"                # the name of a Lucide icon; may be left out
//! permission = "warranty.read"         # who sees it; everybody without one
//!
//! [[commands]]
//! key = "register"
//! label = "Register a warranty"
//! path = "/warranties/new"
//! keywords = ["guarantee", "serial number"]
//! permission = "warranty.register"
//!
//! [screens.warranty]                   # of the entry point whose configuration it edits, [config.warranty]
//! title = "Warranty terms"
//! order = ["categories", "others"]     # of the settings; the others follow
//! [screens.warranty.widgets]           # JSON pointer of a setting → what edits it, see WIDGETS
//! "/categories" = "table"
//!
//! [translations.de]                    # language, or language and country: de-AT
//! "navigation.warranties" = "Garantien"
//! "commands.register" = "Garantie erfassen"
//! "screens.warranty" = "Garantiebedingungen"
//! "/categories" = "Warengruppen"       # a setting, by its JSON pointer
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What may edit a setting. Clients that do not know one use what fits the setting's type.
pub const WIDGETS: [&str; 8] = ["text", "textarea", "number", "money", "checkbox", "select", "table", "json"];

/// Entries of one kind.
const MAX_ENTRIES: usize = 50;
/// Texts of one language.
const MAX_TEXTS: usize = 1_000;
/// Letters of a text.
const MAX_LETTERS: usize = 500;

/// `[[navigation]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NavigationEntry {
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes: `/warranties`.
    pub path: String,
    /// Name of an icon; empty for none.
    #[serde(default)]
    pub icon: String,
    /// Who sees it; everybody without one.
    #[serde(default)]
    pub permission: Option<String>,
}

/// `[[commands]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandEntry {
    /// Unique among the plugin's.
    pub key: String,
    /// What a person reads.
    pub label: String,
    /// Where the client goes: `/warranties/new`.
    pub path: String,
    /// Further words it is found by.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Who sees it; everybody without one.
    #[serde(default)]
    pub permission: Option<String>,
}

/// `[screens.<entry point>]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Screen {
    /// What a person reads.
    pub title: String,
    /// Settings in their order; the others follow.
    #[serde(default)]
    pub order: Vec<String>,
    /// JSON pointer of a setting → one of [`WIDGETS`].
    #[serde(default)]
    pub widgets: BTreeMap<String, String>,
}

/// All sections of a manifest that are for clients.
pub(crate) struct Sections<'a> {
    pub(crate) navigation: &'a [NavigationEntry],
    pub(crate) commands: &'a [CommandEntry],
    pub(crate) screens: &'a BTreeMap<String, Screen>,
    pub(crate) translations: &'a BTreeMap<String, BTreeMap<String, String>>,
}

impl Sections<'_> {
    /// `config` holds the entry points that have a schema.
    pub(crate) fn check(&self, config: &BTreeMap<String, serde_json::Value>) -> Result<(), String> {
        let navigation = self.navigation.iter().map(|entry| (&entry.key, &entry.label, &entry.path));
        check_entries("navigation", navigation)?;
        let commands = self.commands.iter().map(|entry| (&entry.key, &entry.label, &entry.path));
        check_entries("commands", commands)?;
        for entry in self.commands {
            for keyword in &entry.keywords {
                check_text(&format!("[[commands]] {}: a keyword", entry.key), keyword)?;
            }
        }
        for (entry_point, screen) in self.screens {
            let place = format!("[screens.{entry_point}]");
            let Some(schema) = config.get(entry_point) else {
                return Err(format!("{place} shows a configuration, and there is no [config.{entry_point}]"));
            };
            check_screen(screen, schema).map_err(|why| format!("{place} {why}"))?;
        }
        self.check_translations()
    }

    fn check_translations(&self) -> Result<(), String> {
        let mut keys: BTreeSet<String> = BTreeSet::new();
        keys.extend(self.navigation.iter().map(|entry| format!("navigation.{}", entry.key)));
        keys.extend(self.commands.iter().map(|entry| format!("commands.{}", entry.key)));
        keys.extend(self.screens.keys().map(|name| format!("screens.{name}")));
        for (locale, texts) in self.translations {
            let place = format!("[translations.{locale}]");
            if !is_locale(locale) {
                return Err(format!("{place} is no language: write de, or de-AT with a country"));
            }
            if texts.len() > MAX_TEXTS {
                return Err(format!("{place} has more than {MAX_TEXTS} texts"));
            }
            for (key, text) in texts {
                if !keys.contains(key) && !key.starts_with('/') {
                    return Err(format!(
                        "{place} {key:?} translates nothing: write navigation.<key>, commands.<key>, screens.<entry point>, or the \
                         JSON pointer of a setting"
                    ));
                }
                check_text(&format!("{place} {key:?}"), text)?;
            }
        }
        Ok(())
    }
}

fn check_entries<'a>(
    section: &str,
    entries: impl Iterator<Item = (&'a String, &'a String, &'a String)>,
) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (key, label, path) in entries {
        let place = format!("[[{section}]] {key:?}");
        if !is_key(key) {
            return Err(format!(
                "{place}: a key must be lower-case letters, digits and hyphens and start with a letter"
            ));
        }
        if !seen.insert(key) {
            return Err(format!("{place} stands there twice"));
        }
        check_text(&format!("{place}: the label"), label)?;
        // `//elsewhere.example` would leave the client.
        let is_path = path.starts_with('/') && !path.starts_with("//") && path.len() <= MAX_LETTERS;
        if !is_path || path.contains(['\\', ' ', '"', '<', '>']) || path.chars().any(char::is_control) {
            return Err(format!("{place}: the path {path:?} must stay in the client, like /warranties"));
        }
    }
    if seen.len() > MAX_ENTRIES {
        return Err(format!("[[{section}]] has more than {MAX_ENTRIES} entries"));
    }
    Ok(())
}

fn check_screen(screen: &Screen, schema: &serde_json::Value) -> Result<(), String> {
    check_text("title", &screen.title)?;
    if let Some(unknown) = screen.order.iter().find(|name| schema["properties"].get(name.as_str()).is_none())
    {
        return Err(format!("order: the configuration has no setting {unknown:?}"));
    }
    for (pointer, widget) in &screen.widgets {
        if !pointer.starts_with('/') {
            return Err(format!("widgets: {pointer:?} is no JSON pointer, like /categories"));
        }
        if !WIDGETS.contains(&widget.as_str()) {
            return Err(format!("widgets: there is no {widget:?}; there are {}", WIDGETS.join(", ")));
        }
    }
    Ok(())
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.chars().count() > MAX_LETTERS || text.chars().any(char::is_control) {
        return Err(format!("{what} must be 1 to {MAX_LETTERS} letters on one line"));
    }
    Ok(())
}

fn is_key(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_locale(text: &str) -> bool {
    let (language, country) = text.split_once('-').unwrap_or((text, "XX"));
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
}
