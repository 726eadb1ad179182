//! `vectis config check|print|schema`.

use std::process::ExitCode;

use super::say;
use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::{Config, load};

/// Looks at the configuration.
pub fn run(args: &ConfigArgs, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check => {
            load(args)?;
            say("the configuration is good");
        }
        ConfigCommand::Print => say(toml::to_string_pretty(&load(args)?)?.trim_end()),
        ConfigCommand::Schema => say(&serde_json::to_string_pretty(&schemars::schema_for!(Config))?),
    }
    Ok(ExitCode::SUCCESS)
}
