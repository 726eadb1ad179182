use std::sync::{Arc, Mutex, PoisonError};

use crate::abi::host::{HostObj, HostServices, object};
use crate::host::{Host, Level};

/// The instant every test happens at: 2026-01-15 12:00 UTC.
pub const NOW_MS: i64 = 1_768_478_400_000;

/// One line a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
    /// A JSON object or empty.
    pub fields_json: String,
}

/// A host that records what a plugin logs and whose clock stands still.
#[derive(Clone, Default)]
pub struct TestHost(Arc<Mutex<Vec<LogLine>>>);

impl TestHost {
    /// What a constructor is given.
    pub fn handle(&self) -> Host {
        Host::new(self.object())
    }

    /// The same behind its vtable.
    #[doc(hidden)]
    pub fn object(&self) -> HostObj {
        object(Arc::new(self.clone()))
    }

    /// All lines so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl HostServices for TestHost {
    fn log(&self, level: u32, message: &str, fields_json: &str) {
        let line =
            LogLine { level: Level(level), message: message.to_owned(), fields_json: fields_json.to_owned() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}
