//! `vectis up`: everything in one process, on embedded defaults.

use std::process::ExitCode;

use vectis_contracts::plugins::{PluginStatus, Plugins as _};
use vectis_kernel::Ctx;
use vectis_plugin_runtime::{Standing, banner};

use super::say;
use super::serve::until_stopped;
use crate::cli::UpArgs;
use crate::compose::{Host, Migrations, compose};
use crate::config::Config;
use crate::http::Server;
use crate::{demo, telemetry};

/// Starts everything, says where it is, and serves until stopped.
pub async fn run(config: Config, up: UpArgs) -> anyhow::Result<ExitCode> {
    let _telemetry = telemetry::start(&config)?;
    let host = compose(config, Migrations::Apply).await?;
    let logins = if up.demo { Some(demo::seed(&host).await?) } else { None };
    host.start_events();
    host.start_schedules();
    host.start_workflows();
    let plugins = plugin_lines(&host).await?;
    let server = Server::bind(host, telemetry::start_metrics()).await?;
    say(&format!("Vectis is up: http://{}/graphql", server.address));
    if let Some(logins) = logins {
        say(&logins.to_string());
    }
    say(&plugins);
    until_stopped(server).await?;
    Ok(ExitCode::SUCCESS)
}

/// One line per plugin: name, version, state, entry points or the reason it was refused.
pub(crate) async fn plugin_lines(host: &Host) -> anyhow::Result<String> {
    let plugins =
        host.plugins.list(&Ctx::system("up")).await.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    if plugins.is_empty() {
        return Ok(format!(
            "no plugins in {}; every decision is refused until some are there",
            host.config.plugins.folder.display()
        ));
    }
    let lines = plugins.iter().map(|plugin| match &plugin.status {
        PluginStatus::Loaded => {
            let points: Vec<String> =
                plugin.entry_points.iter().map(|entry| format!("{}={}", entry.point, entry.name)).collect();
            format!("  loaded   {} {}  {}", plugin.name, plugin.version, points.join(" "))
        }
        PluginStatus::Quarantined(why) => format!("  failing  {why}"),
        PluginStatus::Refused(why) => format!("  refused  {why}"),
        PluginStatus::Disabled(why) => format!("  disabled {why}"),
        PluginStatus::Superseded(why) => format!("  aside    {why}"),
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    let unsigned: Vec<&str> = plugins
        .iter()
        .filter(|plugin| plugin.standing == Standing::Unsigned.word())
        .map(|plugin| plugin.name.as_str())
        .collect();
    let banner = banner(&unsigned).map(|banner| format!("\n{banner}")).unwrap_or_default();
    Ok(format!("Plugins:\n{lines}{banner}"))
}
