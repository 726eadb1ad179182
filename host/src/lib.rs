//! The host: puts the modules, the plugins and the API together and runs them.
//!
//! *Owns*: configuration, the wiring list, HTTP, the commands of the program. *Depends on*: everything but plugins.
//! *Invariants*: no business rule; no plugin is named here; one wiring list, [`compose`]. *Start reading at*:
//! [`compose`], then [`http`].

// One layer of a future's type for each file of the schema, twenty and counting.
#![recursion_limit = "256"]

pub mod cli;
pub mod cmd;
pub mod compose;
pub mod config;
pub mod demo;
pub mod events;
pub mod http;
mod schedules;
mod search;
pub mod tasks;
pub mod telemetry;
pub mod workflows;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs one command of the program.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve => cmd::serve::run(config::load(&cli.config)?).await,
        Command::Up(up) => cmd::up::run(config::load(&cli.config)?, up).await,
        Command::Relay => cmd::relay::run(config::load(&cli.config)?).await,
        Command::Consume => cmd::consume::run(config::load(&cli.config)?).await,
        Command::Worker => cmd::worker::run(config::load(&cli.config)?).await,
        Command::Events(command) => Box::pin(cmd::events::run(config::load(&cli.config)?, command)).await,
        Command::Migrate => cmd::migrate::run(config::load(&cli.config)?).await,
        Command::Staff(staff) => cmd::staff_create::run(config::load(&cli.config)?, staff).await,
        Command::Search(command) => cmd::search::run(config::load(&cli.config)?, command).await,
        Command::Plugins(command) => cmd::plugins::run(&cli.config, command).await,
        Command::Config(command) => cmd::config::run(&cli.config, &command),
        Command::Doctor => cmd::doctor::run(&cli.config).await,
        Command::Schema(schema) => cmd::schema::run(&cli.config, &schema).await,
        Command::Import(import) => cmd::import::run(import).await,
        Command::Replay(replay) => cmd::replay::run(replay).await,
        // `main` does it before there is a runtime with threads, which the sandbox would not hold.
        Command::PluginProcess => Ok(vectis_plugin_runtime::run_plugin_process()),
    }
}

/// Says on standard error what went wrong, with its causes, in one line.
pub fn report(error: &anyhow::Error) -> ExitCode {
    cmd::say_error(&format!("vectis: {error:#}"));
    ExitCode::FAILURE
}
