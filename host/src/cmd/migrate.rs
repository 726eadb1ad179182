//! `vectis migrate`: bring the database up to date and stop.

use std::process::ExitCode;

use super::say;
use crate::compose::{MIGRATIONS, open_database};
use crate::config::Config;
use crate::telemetry;

/// Migrates. Safe to run twice and by several at once.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::start_logs(&config.log)?;
    let (db, postgres) = open_database(&config.database).await?;
    vectis_db::migrate(db.pool(), MIGRATIONS).await?;
    db.pool().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    say("the database is up to date");
    Ok(ExitCode::SUCCESS)
}
