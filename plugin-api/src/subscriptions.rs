//! Which events a plugin is told of: `[[subscriptions]]` of its manifest, and the capability `events`. Since API 1.2.
//!
//! [`crate::observer`] has an example and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The extension point that subscriptions are answered by.
const POINT: &str = "vectis.observer";
/// Subscriptions of a plugin.
const MAX_SUBSCRIPTIONS: usize = 20;
/// Event types or domains of a subscription.
const MAX_EVENTS: usize = 50;
/// Letters of a name: it is part of the reader's.
const MAX_NAME: usize = 40;
/// Events of a call.
const MAX_BATCH: usize = 100;
/// As many as a call may send HTTP requests.
const USUAL_BATCH: usize = 10;

/// `[[subscriptions]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Unique among the plugin's: lower-case letters, digits and hyphens. Its place in the log is kept under it.
    pub name: String,
    /// The entry point of `vectis.observer` that is told.
    pub observer: String,
    /// Event types, `vectis.orders.order_placed.v1`, or all of a domain, `vectis.orders.*`.
    pub events: Vec<String>,
    /// Where it begins when it is there for the first time.
    #[serde(default)]
    pub start: Start,
    /// Most events of a call.
    #[serde(default = "usual_batch")]
    pub batch: usize,
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// With what happens from then on.
    #[default]
    Now,
    /// With the oldest event that the log still has.
    Beginning,
}

fn usual_batch() -> usize {
    USUAL_BATCH
}

/// What is wrong with a manifest's subscriptions.
pub(crate) fn check(
    subscriptions: &[Subscription],
    entry_points: &BTreeMap<String, BTreeMap<String, String>>,
    capabilities: &BTreeMap<String, Vec<String>>,
) -> Result<(), String> {
    if subscriptions.len() > MAX_SUBSCRIPTIONS {
        let count = subscriptions.len();
        return Err(format!("[[subscriptions]] there are {count}, at most {MAX_SUBSCRIPTIONS} are taken"));
    }
    let asked = capabilities.get("events").map(Vec::as_slice).unwrap_or_default();
    let mut names = BTreeSet::new();
    for subscription in subscriptions {
        let name = &subscription.name;
        let wrong = |why: String| Err(format!("[[subscriptions]] {name:.60}: {why}"));
        if !crate::manifest::is_name(name) || name.len() > MAX_NAME {
            return wrong(format!(
                "a name is lower-case letters, digits and hyphens, starts with a letter and has at most {MAX_NAME}"
            ));
        }
        if !names.insert(name) {
            return wrong("the name is given twice; give each subscription one of its own".to_owned());
        }
        let observers = entry_points.get(POINT);
        if observers.is_none_or(|observers| !observers.contains_key(&subscription.observer)) {
            let observer = &subscription.observer;
            return wrong(format!("{observer:?} is no entry point of {POINT}; name it under [entry-points]"));
        }
        if subscription.batch == 0 || subscription.batch > MAX_BATCH {
            return wrong(format!("batch is {}; write 1 to {MAX_BATCH}", subscription.batch));
        }
        check_events(&subscription.events, asked).or_else(wrong)?;
    }
    Ok(())
}

fn check_events(events: &[String], asked: &[String]) -> Result<(), String> {
    if events.is_empty() || events.len() > MAX_EVENTS {
        return Err(format!("events names {} types; write 1 to {MAX_EVENTS}", events.len()));
    }
    let mut seen = BTreeSet::new();
    for event in events {
        check_event(event)?;
        if !seen.insert(event) {
            return Err(format!("{event} is named twice"));
        }
        if !asked.iter().any(|pattern| covers(pattern, event)) {
            return Err(format!("{event} is not asked for; add it to events of [capabilities]"));
        }
    }
    Ok(())
}

/// Whether a text names an event type, or all of a domain.
///
/// # Errors
/// Says why not.
pub fn check_event(text: &str) -> Result<(), String> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let is_version = |word: &str| {
        word.strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let words: Vec<&str> = text.split('.').collect();
    let is_good = match words.as_slice() {
        ["vectis", domain, "*"] => is_word(domain),
        ["vectis", domain, event, version] => is_word(domain) && is_word(event) && is_version(version),
        _ => false,
    };
    if is_good {
        return Ok(());
    }
    Err(format!(
        "{text:.100?} names no events; write vectis.orders.order_placed.v1, or vectis.orders.* for a domain"
    ))
}

/// Whether what one text names includes all that the other does.
pub fn covers(pattern: &str, event: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(domain) => event.starts_with(domain),
        None => pattern == event,
    }
}
