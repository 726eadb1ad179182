//! A task: reads a rate once an hour and keeps it, so that nobody who needs it has to wait.

use std::time::Duration;

use vectis_plugin_api::schemars::{self, JsonSchema};
use vectis_plugin_api::serde::Deserialize;
use vectis_plugin_api::services::Request;
use vectis_plugin_api::task::{Task, TaskCtx, TaskReport, TaskRun};
use vectis_plugin_api::{Error, ErrorCode, Host, export_plugin};

/// What an operator sets.
#[derive(Deserialize, JsonSchema)]
#[serde(crate = "vectis_plugin_api::serde", deny_unknown_fields, default)]
pub struct Config {
    /// Hours after which a rate that could not be read anew is forgotten.
    keep_hours: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { keep_hours: 24 }
    }
}

/// The task.
pub struct PluginTemplate {
    config: Config,
    host: Host,
}

impl Task for PluginTemplate {
    type Config = Config;

    fn new(config: Config, host: Host) -> Result<Self, Error> {
        Ok(Self { config, host })
    }

    /// Repeated, it writes the same once more; an error has it attempted again.
    fn run(&self, _ctx: &TaskCtx, _run: &TaskRun) -> Result<TaskReport, Error> {
        let answer = self.host.http(&Request::get("https://api.rates.example/v1/rate"))?;
        if !answer.is_success() {
            return Err(Error::new(ErrorCode::UNAVAILABLE, format!("the rates answer {}", answer.status)));
        }
        let rate: i64 = answer.json()?;
        let keep = Duration::from_secs(u64::from(self.config.keep_hours) * 3_600);
        self.host.kv_put("rate", rate.to_string().as_bytes(), Some(keep))?;
        Ok(TaskReport::new(1, format!("the rate is {rate}")))
    }
}

export_plugin! {
    manifest: "../plugin.toml",
    task: { "plugin-template" => PluginTemplate },
}

#[cfg(test)]
mod tests;
