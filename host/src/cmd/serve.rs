//! `vectis serve`: the API.

use std::process::ExitCode;

use vectis_contracts::plugins::Plugins as _;
use vectis_kernel::Ctx;

use crate::compose::{Migrations, compose};
use crate::config::Config;
use crate::http::Server;
use crate::telemetry;

/// Serves until SIGINT or SIGTERM; SIGHUP looks into the plugins folder again.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::start(&config)?;
    let host = compose(config, Migrations::Assume).await?;
    host.start_events();
    host.start_schedules();
    host.start_workflows();
    let server = Server::bind(host, telemetry::start_metrics()).await?;
    tracing::info!(address = %server.address, "serving");
    until_stopped(server).await?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a server until a signal ends it.
pub(crate) async fn until_stopped(server: Server) -> anyhow::Result<()> {
    reload_on_hangup(&server)?;
    let stop = server.app().host.tasks.stopping();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    server
        .run(async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                () = stop.cancelled() => {}
            }
            tracing::info!("stopping; running requests may end");
            stop.cancel();
        })
        .await
}

fn reload_on_hangup(server: &Server) -> anyhow::Result<()> {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
    let host = &server.app().host;
    let (plugins, stop) = (host.plugins.clone(), host.tasks.stopping());
    host.tasks.spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hangup.recv() => {}
            }
            if let Err(failure) = plugins.reload(&Ctx::system("hangup")).await {
                tracing::error!(?failure, "the plugins folder could not be read again");
            }
        }
    });
    Ok(())
}
