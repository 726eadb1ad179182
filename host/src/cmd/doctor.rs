//! `vectis doctor`: connects to everything, one line each.

use std::process::ExitCode;

use vectis_contracts::plugins::{PluginStatus, Plugins as _};
use vectis_events::housekeeping;
use vectis_kernel::Ctx;

use super::say;
use super::search::line;
use crate::cli::ConfigArgs;
use crate::compose::{Host, Migrations, compose};
use crate::config::load;
use crate::telemetry;

/// Says how every part is; fails when one is not well.
pub async fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let config = match load(args) {
        Ok(config) => config,
        Err(error) => return Ok(ill("configuration", &error.to_string())),
    };
    telemetry::start_logs(&config.log)?;
    well("configuration", "good");
    let listen = config.server.listen.clone();
    let host = match compose(config, Migrations::LookIn).await {
        Ok(host) => host,
        Err(error) => return Ok(ill("start", &format!("{error:#}"))),
    };
    well("database", "connected");
    let events = events(&host).await;
    search(&host).await?;
    match tokio::net::TcpListener::bind(&listen).await {
        Ok(_) => well("server", &format!("{listen} is free")),
        Err(error) => well("server", &format!("{listen} is taken ({error}); fine when a shop runs there")),
    }
    let plugins = plugins(&host).await?;
    host.stop().await;
    Ok(if events == ExitCode::SUCCESS { plugins } else { events })
}

async fn events(host: &Host) -> ExitCode {
    let log = host.events.log();
    if let Err(error) = log.watch(&["vectis.orders"]).await {
        return ill("events", &format!("{error}; orders go on, but nobody is told. Look at events.brokers"));
    }
    match housekeeping::dead_letters(&host.db).await {
        Ok(0) => well("events", &format!("the {} log answers", log.name())),
        Ok(letters) => well(
            "events",
            &format!(
                "the {} log answers; {letters} dead letters wait: vectis events dead-letters",
                log.name()
            ),
        ),
        Err(error) => return ill("events", &error.to_string()),
    }
    ExitCode::SUCCESS
}

/// Never a failure: the database answers for an index that does not.
async fn search(host: &Host) -> anyhow::Result<()> {
    let all = host.indexing.status(&Ctx::system("doctor")).await;
    let all = all.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    all.iter().for_each(|status| well("search", &line(status)));
    Ok(())
}

async fn plugins(host: &Host) -> anyhow::Result<ExitCode> {
    let ctx = Ctx::system("doctor");
    let list = host.plugins.list(&ctx).await.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let mut code = ExitCode::SUCCESS;
    for plugin in &list {
        match &plugin.status {
            PluginStatus::Loaded => well("plugin", &format!("{} {}", plugin.name, plugin.version)),
            PluginStatus::Refused(why) | PluginStatus::Quarantined(why) => code = ill("plugin", why),
            PluginStatus::Disabled(why) | PluginStatus::Superseded(why) => well("plugin", why),
        }
    }
    for point in ["vectis.pricing", "vectis.tax", "vectis.order_process", "vectis.approval"] {
        let offered = list.iter().flat_map(|plugin| &plugin.entry_points).any(|entry| entry.point == point);
        if !offered {
            code = ill(point, "no plugin offers it; drop one into the plugins folder");
        }
    }
    Ok(code)
}

fn well(part: &str, how: &str) {
    say(&format!("ok    {part}: {how}"));
}

fn ill(part: &str, why: &str) -> ExitCode {
    say(&format!("FAIL  {part}: {why}"));
    ExitCode::FAILURE
}
