//! `vectis relay`: from the outbox to the broker.

use std::process::ExitCode;

use anyhow::ensure;

use super::until_signal;
use crate::compose::open_database;
use crate::config::Config;
use crate::events::{CONSUMERS, Events};
use crate::tasks::Tasks;
use crate::telemetry;

/// Relays until SIGINT or SIGTERM.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::start(&config)?;
    ensure!(
        !config.events.brokers.is_empty(),
        "events.brokers is empty: the database itself is the event log and nothing has to be relayed; name a broker or \
         leave this process out"
    );
    let (db, postgres) = open_database(&config.database).await?;
    let events = Events::new(&db, &config.events)?;
    let tasks = Tasks::default();
    events.start_listening(&tasks);
    events.start_relay(&tasks);
    events.start_housekeeping(&tasks, &CONSUMERS);
    tracing::info!(brokers = config.events.brokers, "relaying");
    until_signal(&tasks).await?;
    db.pool().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    Ok(ExitCode::SUCCESS)
}
