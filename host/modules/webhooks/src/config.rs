//! The section `[webhooks]` of `vectis.toml`.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How webhooks are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// File with at least 32 random characters that secrets are made of. Left out: a key kept in the database.
    pub signing_key_file: Option<PathBuf>,
    /// Whether URLs may begin with `http://`.
    pub allow_http: bool,
    /// Private networks that may be reached beside the public internet.
    pub addresses: Vec<String>,
    /// How long one request may take.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Requests to one webhook that are under way at the same time, per process.
    pub concurrent: i32,
    /// How often a delivery is tried before it is given up.
    pub attempts: i32,
    /// Wait after the first failure; four times as long after each further one,
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retry_wait: Duration,
    /// but never longer than this.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub longest_wait: Duration,
    /// A webhook at which nothing has succeeded for so long is disabled,
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub disable_after: Duration,
    /// once so many attempts have failed in a row.
    pub disable_after_failures: i32,
    /// How long the secret before a new one signs too.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub secret_overlap: Duration,
    /// How long deliveries are kept, whatever became of them.
    #[serde(with = "vectis_kernel::duration")]
    #[schemars(with = "String")]
    pub retention: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Config {
    fn default() -> Self {
        Self {
            signing_key_file: None,
            allow_http: false,
            addresses: Vec::new(),
            timeout: Duration::from_secs(15),
            concurrent: 8,
            attempts: 10,
            retry_wait: Duration::from_secs(5),
            longest_wait: Duration::from_hours(8),
            disable_after: 3 * DAY,
            disable_after_failures: 20,
            secret_overlap: DAY,
            retention: 14 * DAY,
        }
    }
}

impl Config {
    /// What the types cannot say.
    ///
    /// # Errors
    /// The key that is wrong, in a sentence.
    pub fn check(&self) -> Result<(), String> {
        let wrong = if self.timeout.is_zero() || self.timeout > Duration::from_mins(2) {
            "webhooks.timeout is not between a millisecond and 2 minutes"
        } else if !(1..=100).contains(&self.concurrent) {
            "webhooks.concurrent is not between 1 and 100"
        } else if !(1..=50).contains(&self.attempts) {
            "webhooks.attempts is not between 1 and 50"
        } else if self.longest_wait > 7 * DAY {
            "webhooks.longest_wait is more than 7 days"
        } else if self.disable_after_failures < 1 {
            "webhooks.disable_after_failures is less than 1"
        } else if self.retention < 2 * DAY || self.retention > 365 * DAY {
            "webhooks.retention is not between 2 and 365 days"
        } else {
            return Ok(());
        };
        Err(wrong.to_owned())
    }
}
