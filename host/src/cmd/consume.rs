//! `vectis consume`: takes events in.

use std::process::ExitCode;

use super::until_signal;
use crate::compose::{Migrations, compose};
use crate::config::Config;
use crate::telemetry;

/// Consumes until SIGINT or SIGTERM.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::start(&config)?;
    let host = compose(config, Migrations::Assume).await?;
    host.events.start_knocking(&host.tasks);
    host.events.start_listening(&host.tasks);
    host.start_consumers();
    host.start_event_housekeeping();
    tracing::info!(log = host.events.log().name(), "consuming");
    until_signal(&host.tasks).await?;
    host.stop().await;
    Ok(ExitCode::SUCCESS)
}
