//! `vectis replay`: the invoices of a file, as orders of their buyers; and the reconciliation.

use std::process::ExitCode;

use vectis_importer::replay::{ReplayOptions, replay};

use super::say;
use crate::cli::ReplayArgs;

/// Replays. Fails unless every row is accounted for and every month agrees to the penny.
pub async fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    let replayed = replay(ReplayOptions {
        url: args.server.url,
        email: args.server.email,
        password: args.server.password,
        file: args.file,
        buyer_password: args.buyer_password,
        take_good_rows: args.take_good_rows,
        concurrency: args.concurrency,
        limit: args.limit,
    })
    .await?;
    say(&replayed.to_string());
    Ok(if replayed.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
