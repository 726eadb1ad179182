//! `[workflows]`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[workflows]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workflows {
    /// Whether `vectis serve` and `vectis up` also work for workflows. Switch it off where `vectis worker` runs.
    pub run_in_server: bool,
    /// Activities at once, per process.
    pub concurrency: usize,
    /// How long one activity may take; then it is tried again. What a dead worker was at is done again after half as long more.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub run_timeout: Duration,
    /// How often workers look by themselves, should nobody knock.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub look_interval: Duration,
    /// How long workflows that have ended can be looked at.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retention: Duration,
}

impl Default for Workflows {
    fn default() -> Self {
        Self {
            run_in_server: true,
            concurrency: 8,
            run_timeout: Duration::from_secs(60),
            look_interval: Duration::from_secs(5),
            retention: Duration::from_secs(90 * 86_400),
        }
    }
}

impl Workflows {
    /// What the type cannot say.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = if self.concurrency == 0 {
            "workflows.concurrency is 0: no activity would ever run"
        } else if self.run_timeout.is_zero() {
            "workflows.run_timeout is 0s: no activity would ever end in time"
        } else if self.look_interval.is_zero() {
            "workflows.look_interval is 0s: workers would never sleep"
        } else {
            return Ok(());
        };
        Err(ConfigError::Invalid(wrong.to_owned()))
    }
}
