//! `vectis worker`: works for workflows.

use std::process::ExitCode;

use super::until_signal;
use crate::compose::{Migrations, compose};
use crate::config::Config;
use crate::telemetry;

/// Works until SIGINT or SIGTERM.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::start(&config)?;
    let host = compose(config, Migrations::Assume).await?;
    // What activities tell goes on to those who relay and consume.
    host.events.start_knocking(&host.tasks);
    host.workflows.start(&host.tasks);
    tracing::info!("working");
    until_signal(&host.tasks).await?;
    host.stop().await;
    Ok(ExitCode::SUCCESS)
}
