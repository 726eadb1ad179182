//! What the host does for a plugin.

use std::sync::Arc;

use crate::abi::host::HostObj;

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Level(pub u32);

impl Level {
    /// Steps of a computation.
    pub const TRACE: Self = Self(1);
    /// What a developer wants to see.
    pub const DEBUG: Self = Self(2);
    /// Facts of the business.
    pub const INFO: Self = Self(3);
    /// Something works less well than it should.
    pub const WARN: Self = Self(4);
    /// Someone has to act.
    pub const ERROR: Self = Self(5);
}

/// A plugin's way back to the host, given to every constructor. Cheap to clone; keep it in the strategy when calls need it.
#[derive(Clone)]
pub struct Host(Arc<HostObj>);

impl Host {
    pub(crate) fn new(object: HostObj) -> Self {
        Self(Arc::new(object))
    }

    /// Writes a line to the host's log, where it carries the names of plugin, entry point and channel. Lines above a rate
    /// the operator sets are dropped. Never log names, addresses, tokens.
    pub fn log(&self, level: Level, message: impl AsRef<str>) {
        self.log_with(level, message, &serde_json::Value::Null);
    }

    /// As [`Self::log`], with a JSON object of fields beside the message.
    pub fn log_with(&self, level: Level, message: impl AsRef<str>, fields: &serde_json::Value) {
        let fields = if fields.is_null() { String::new() } else { fields.to_string() };
        self.0.log(level.0, message.as_ref().into(), fields.as_str().into());
    }

    /// [`Self::log`] at [`Level::DEBUG`].
    pub fn debug(&self, message: impl AsRef<str>) {
        self.log(Level::DEBUG, message);
    }

    /// [`Self::log`] at [`Level::INFO`].
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(Level::INFO, message);
    }

    /// [`Self::log`] at [`Level::WARN`].
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::WARN, message);
    }

    /// [`Self::log`] at [`Level::ERROR`].
    pub fn error(&self, message: impl AsRef<str>) {
        self.log(Level::ERROR, message);
    }

    /// Milliseconds since 1970 by the host's clock. Decisions use the instant in the question instead, so that the same
    /// question gets the same answer.
    pub fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }
}
