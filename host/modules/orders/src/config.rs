//! The section `[orders]`.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Settings of the orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Minutes for which the stock of a cart is held while it waits for approval. After that it can be sold to others,
    /// and the approval may find nothing left.
    pub hold_ttl_minutes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { hold_ttl_minutes: 15 }
    }
}

impl Config {
    /// The same as a span of time.
    pub(crate) fn hold_ttl(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.hold_ttl_minutes))
    }
}
