//! Ends certificates whose last day has passed.

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::serde_json::json;
use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::{Error, Host};

use crate::date::Date;

/// Certificates that the statement ends at once.
const AT_ONCE: u64 = 5_000;

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields)]
pub struct EndingConfig {}

/// The task.
pub struct Ending(Host);

impl Task for Ending {
    type Config = EndingConfig;

    fn new(EndingConfig {}: EndingConfig, host: Host) -> Result<Self, Error> {
        Ok(Self(host))
    }

    /// What has ended stays ended, so a run that is repeated goes on where the one before stopped.
    fn run(&self, ctx: &TaskCtx, _: &TaskRun) -> Result<TaskReport, Error> {
        let today = Date::of_instant(ctx.now_ms).ok_or_else(|| Error::input("the day has no date"))?;
        let mut all: u64 = 0;
        loop {
            ctx.check()?;
            let rows = self.0.sql("end_due", &json!({ "today": today.to_string() }))?;
            let ended = rows.first().and_then(|row| row["ended"].as_u64()).unwrap_or_default();
            all = all.saturating_add(ended);
            if ended < AT_ONCE {
                return Ok(TaskReport::new(all, format!("{all} certificates have ended before {today}")));
            }
        }
    }
}
