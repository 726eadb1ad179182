//! `vectis import`: a shop mined from an invoice file, sent through the API of a running one.

use std::process::ExitCode;

use vectis_importer::import::{ImportOptions, import};

use super::say;
use crate::cli::ImportArgs;

/// Imports, and says what was made.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let summary = import(ImportOptions {
        url: args.server.url,
        email: args.server.email,
        password: args.server.password,
        file: args.file,
        buyer_password: args.buyer_password,
        take_good_rows: args.take_good_rows,
    })
    .await?;
    say(&summary.to_string());
    Ok(ExitCode::SUCCESS)
}
