//! The commands of the program, one file each. What they print is their answer, so it goes to standard output.

pub mod config;
pub mod consume;
pub mod doctor;
pub mod events;
pub mod import;
pub mod migrate;
mod plugin_life;
pub mod plugins;
mod plugins_bench;
mod plugins_dev;
mod plugins_new;
mod plugins_test;
pub mod relay;
pub mod replay;
pub mod schema;
pub mod search;
pub mod serve;
mod staff;
pub mod staff_create;
pub mod up;
pub mod worker;

use std::io::Write as _;
use std::time::Duration;

use crate::tasks::Tasks;

/// Waits for SIGINT or SIGTERM, then ends the tasks.
pub(crate) async fn until_signal(tasks: &Tasks) -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping; what is under way may end");
    tasks.stop(Duration::from_secs(10)).await;
    Ok(())
}

/// Prints an answer. A closed pipe is the reader's choice, not our error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error.
pub(crate) fn say_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
