//! The section `[orders]`.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Settings of the orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Minutes for which the stock of a cart is held while it waits for approval. After that it can be sold to others,
    /// and the approval may find nothing left.
    pub hold_ttl_minutes: u32,
    /// What time does to approval requests.
    pub approvals: ApprovalTimes,
}

/// What time does to approval requests, counted from when they were opened, of those opened from now on. `0s` is never.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalTimes {
    /// After how long, and how long again, those who may decide are reminded; anew with each step.
    #[serde(with = "vectis_kernel::duration")]
    pub remind_after: Duration,
    /// How often they are reminded of one step.
    pub reminders: u32,
    /// After how long others are told.
    #[serde(with = "vectis_kernel::duration")]
    pub escalate_after: Duration,
    /// After how long the request is closed and the cart opened again.
    #[serde(with = "vectis_kernel::duration")]
    pub expire_after: Duration,
}

impl Default for ApprovalTimes {
    fn default() -> Self {
        const DAY: u64 = 86_400;
        Self {
            remind_after: Duration::from_secs(DAY),
            reminders: 3,
            escalate_after: Duration::from_secs(3 * DAY),
            expire_after: Duration::from_secs(14 * DAY),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self { hold_ttl_minutes: 15, approvals: ApprovalTimes::default() }
    }
}

impl Config {
    /// The same as a span of time.
    pub(crate) fn hold_ttl(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.hold_ttl_minutes))
    }
}
