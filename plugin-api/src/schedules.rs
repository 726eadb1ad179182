//! `[[schedules]]` of the manifest: when the plugin's [tasks](crate::task) run. Since API 1.2.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Schedules of one plugin.
pub const MAX_SCHEDULES: usize = 20;
/// Letters of a description.
const MAX_LETTERS: usize = 500;

/// `[[schedules]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Schedule {
    /// Unique among the plugin's: lower-case letters, digits and hyphens.
    pub name: String,
    /// The entry point of `vectis.task` that runs.
    pub task: String,
    /// `90m`, `1h`, `7d`: from a minute to 366 days. Either this or `cron`.
    #[serde(default)]
    pub every: Option<String>,
    /// Minute, hour, day of the month, month, day of the week: `0 3 * * *`.
    #[serde(default)]
    pub cron: Option<String>,
    /// Of `cron`: `Europe/Berlin`; UTC without it.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// A sentence for staff.
    #[serde(default)]
    pub description: String,
}

/// What can be said without knowing calendars; the host judges patterns and time zones.
pub(crate) fn check(schedules: &[Schedule], tasks: Option<&BTreeMap<String, String>>) -> Result<(), String> {
    if schedules.len() > MAX_SCHEDULES {
        return Err(format!(
            "[[schedules]] has {} schedules, a plugin has at most {MAX_SCHEDULES}",
            schedules.len()
        ));
    }
    let mut seen = BTreeSet::new();
    for schedule in schedules {
        let Schedule { name, task, every, cron, time_zone, description } = schedule;
        let wrong = |why: String| Err(format!("[[schedules]] {name}: {why}"));
        if !crate::manifest::is_name(name) || name.len() > 60 {
            return Err(format!(
                "[[schedules]] the name {name:?} must be at most 60 lower-case letters, digits and hyphens and start with a letter"
            ));
        }
        if !seen.insert(name) {
            return wrong("there are two of this name; rename one".to_owned());
        }
        if !tasks.is_some_and(|tasks| tasks.contains_key(task)) {
            return wrong(format!(
                "there is no task {task:?}; name an entry point under [entry-points.\"vectis.task\"]"
            ));
        }
        match (every, cron) {
            (Some(_), None) if time_zone.is_some() => {
                return wrong("time-zone belongs to cron; every counts in UTC".to_owned());
            }
            (Some(_), None) | (None, Some(_)) => {}
            (Some(_), Some(_)) => return wrong("it has every and cron; take one of them away".to_owned()),
            (None, None) => {
                return wrong("it does not say when; add every = \"1h\" or cron = \"0 3 * * *\"".to_owned());
            }
        }
        if description.chars().count() > MAX_LETTERS || description.chars().any(char::is_control) {
            return wrong(format!("its description must be one line of at most {MAX_LETTERS} letters"));
        }
    }
    Ok(())
}
