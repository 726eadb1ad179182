//! `vectis replay`: a shop mined from an invoice file, sent through the API of a running one.

use std::process::ExitCode;

use crate::cli::ReplayArgs;

/// Replays.
pub async fn run(_replay: ReplayArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
