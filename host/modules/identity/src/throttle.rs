//! Counts attempts of one thing by one key in a window of time, in this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Keys watched at once. Beyond that new keys are refused: a flood does not open the door.
const MAX_KEYS: usize = 100_000;

struct Window {
    since: DateTime<Utc>,
    attempts: u32,
}

pub(crate) struct Throttle {
    limit: u32,
    window: TimeDelta,
    windows: Mutex<HashMap<String, Window>>,
}

impl Throttle {
    /// At most `limit` attempts by a key within `window`, which begins with the first of them.
    pub(crate) fn new(limit: u32, window: Duration) -> Self {
        let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
        Self { limit, window, windows: Mutex::default() }
    }

    /// Counts an attempt before it is made, so that parallel ones are counted too; false when it is one too many.
    pub(crate) fn attempt(&self, key: &str, now: DateTime<Utc>) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open = |window: &Window| (now - window.since).abs() < self.window;
        if let Some(window) = windows.get_mut(key).filter(|window| is_open(window)) {
            let is_allowed = window.attempts < self.limit;
            window.attempts += u32::from(is_allowed);
            return is_allowed;
        }
        if windows.len() >= MAX_KEYS {
            windows.retain(|_, window| is_open(window));
        }
        let has_room = windows.len() < MAX_KEYS;
        if has_room {
            windows.insert(key.to_owned(), Window { since: now, attempts: 1 });
        }
        has_room
    }

    /// Takes an attempt back: it succeeded.
    pub(crate) fn forgive(&self, key: &str) {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(window) = windows.get_mut(key) {
            window.attempts = window.attempts.saturating_sub(1);
        }
    }
}
