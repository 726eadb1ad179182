//! `vectis search …`: how the indexes are, and writing them anew.

use std::process::ExitCode;
use std::time::Instant;

use vectis_contracts::search::{IndexStatus, SearchIndexing};
use vectis_kernel::Ctx;

use super::say;
use crate::cli::SearchCommand;
use crate::compose::open_database;
use crate::config::Config;
use crate::{search, telemetry};

/// Documents between two lines of progress.
const LINE_EVERY: u64 = 10_000;

/// Does what the command says.
pub async fn run(config: Config, command: SearchCommand) -> anyhow::Result<ExitCode> {
    telemetry::start_logs(&config.log)?;
    let (db, postgres) = open_database(&config.database).await?;
    let audit = vectis_audit::build(vectis_audit::Deps { db: db.clone() }).audit;
    let products = vectis_products::build(vectis_products::Deps { db: db.clone(), audit }).products;
    let indexing = search::build(&config, &db, products)?.indexing;
    let outcome = match command {
        SearchCommand::Status => status(&*indexing).await,
        SearchCommand::Reindex { index } => reindex(&*indexing, index.as_deref()).await,
    };
    db.pool().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    outcome
}

async fn status(indexing: &dyn SearchIndexing) -> anyhow::Result<ExitCode> {
    let all = indexing.status(&Ctx::system("search")).await;
    let all = all.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    all.iter().for_each(|status| say(&line(status)));
    let is_well = all.iter().all(|status| status.is_current);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How an index is, in a line.
pub(crate) fn line(status: &IndexStatus) -> String {
    let documents = match &status.documents {
        Ok(Some(documents)) => format!("{documents} documents"),
        Ok(None) => "not there".to_owned(),
        Err(error) => error.clone(),
    };
    let rebuilt = status.rebuilt.map(|written| format!(", {written} written anew")).unwrap_or_default();
    let waiting = match status.waiting {
        0 => String::new(),
        waiting => format!(", {waiting} changes wait, the oldest for {} s", status.behind_s),
    };
    let form = if status.is_current { "" } else { "; it has to be written anew: vectis search reindex" };
    format!("{}: {documents}{rebuilt}{waiting}{form}", status.index)
}

async fn reindex(indexing: &dyn SearchIndexing, index: Option<&str>) -> anyhow::Result<ExitCode> {
    let names = index.map_or_else(|| indexing.indexes(), |name| vec![name]);
    for name in names {
        let started = Instant::now();
        let progress = |written: u64| {
            if written % LINE_EVERY < 500 {
                say(&format!("{name}: {written} documents, {} s", started.elapsed().as_secs()));
            }
        };
        let written = indexing.reindex(name, &progress).await;
        let written = written.map_err(|failure| match failure.refusals().first() {
            Some(refusal) => anyhow::anyhow!("{}", refusal.message),
            None => anyhow::anyhow!("{failure:?}"),
        })?;
        say(&format!("{name}: {written} documents written anew in {} s", started.elapsed().as_secs()));
    }
    Ok(ExitCode::SUCCESS)
}
