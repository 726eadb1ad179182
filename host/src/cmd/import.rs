//! `vectis import`: a shop mined from an invoice file, sent through the API of a running one.

use std::process::ExitCode;

use crate::cli::ImportArgs;

/// Imports.
pub async fn run(_import: ImportArgs) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::FAILURE)
}
