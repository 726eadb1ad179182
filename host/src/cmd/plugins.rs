//! `vectis plugins …`: looking at files needs no shop; what changes a running shop goes through its API.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};
use vectis_db::PluginSchemas;
use vectis_graphql::judge_additions;
use vectis_plugin_runtime::{CheckOutcome, CheckReport, Inspection};

use super::plugins_bench::bench;
use super::plugins_dev::dev;
use super::plugins_new::create;
use super::plugins_test::test;
use super::say;
use super::staff::Staff;
use crate::cli::{ConfigArgs, PluginsCommand, ServerArgs};
use crate::compose::open_database;
use crate::config::{Config, load};

pub(super) const PLUGINS: &str =
    "plugins { name version file status refusal entryPoints { point name activeInChannelIds } }";

/// Runs one of the commands.
pub async fn run(args: &ConfigArgs, command: PluginsCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginsCommand::List => list(&load(args)?.plugins.folder),
        PluginsCommand::Check { file } => Ok(check(&file)),
        PluginsCommand::Inspect { file } => inspect(&file),
        PluginsCommand::Test(args) => test(&args),
        PluginsCommand::Dev(dev_args) => {
            let configured = || anyhow::Ok(load(args)?.plugins.folder);
            let plugins = dev_args.plugins.clone().map_or_else(configured, Ok)?;
            dev(&dev_args, &plugins).await
        }
        PluginsCommand::Bench(args) => bench(&args),
        PluginsCommand::New { name, point, into } => {
            let folder = create(&name, &point, &into)?;
            say(&format!("made {}; next: cd {} && cargo test", folder.display(), folder.display()));
            Ok(ExitCode::SUCCESS)
        }
        PluginsCommand::Purge { plugin, yes_drop } => {
            anyhow::ensure!(
                plugin == yes_drop,
                "nothing was dropped: --yes-drop must repeat the name {plugin}"
            );
            purge(load(args)?, &plugin).await
        }
        PluginsCommand::Reload(server) => reload(&server).await,
        PluginsCommand::Activate { server, channel, point, plugin, entry_point, priority, config_json } => {
            let config: Value = serde_json::from_str(&config_json).context("--config-json is not JSON")?;
            let input = json!({
                "point": point, "plugin": plugin, "entryPoint": entry_point, "priority": priority, "config": config,
            });
            activate(&server, &channel, input).await
        }
    }
}

/// Drops a plugin's tables. Needs the database, not a running shop.
async fn purge(config: Config, plugin: &str) -> anyhow::Result<ExitCode> {
    let (db, postgres) = open_database(&config.database).await?;
    let schemas = PluginSchemas::new(db.pool().clone());
    let outcome = schemas.purge(plugin).await;
    schemas.close().await;
    db.pool().close().await;
    if let Some(postgres) = postgres {
        postgres.stop().await;
    }
    match outcome? {
        true => say(&format!(
            "dropped the tables of {plugin}; while it is loaded, its next start makes them anew"
        )),
        false => say(&format!("{plugin} has no tables")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Every file of the folder, checked as a start would.
fn list(folder: &Path) -> anyhow::Result<ExitCode> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "so"))
        .collect();
    files.sort();
    if files.is_empty() {
        say(&format!("no plugins in {}", folder.display()));
    }
    for file in files {
        let report = vectis_plugin_runtime::check(&file, judge_additions);
        let refused = report.steps.iter().find_map(|step| match &step.outcome {
            CheckOutcome::Refused(why) => Some(why.clone()),
            _ => None,
        });
        match refused {
            None => say(&format!("loads    {} {} ({})", report.name, report.version, report.file)),
            Some(why) => say(&format!("refused  {why}")),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> ExitCode {
    let report = vectis_plugin_runtime::check(file, judge_additions);
    say(&check_lines(&report));
    if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn check_lines(report: &CheckReport) -> String {
    let line = |step: &vectis_plugin_runtime::CheckStep| {
        let (mark, text) = match &step.outcome {
            CheckOutcome::Passed(found) => ("ok   ", found),
            CheckOutcome::Skipped(why) => ("skip ", why),
            CheckOutcome::Refused(why) => ("FAIL ", why),
        };
        format!("{mark} {:<13} {} {text}", step.step.to_string(), step.entry_point)
    };
    report.steps.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn inspect(file: &Path) -> anyhow::Result<ExitCode> {
    let found = match vectis_plugin_runtime::inspect(file) {
        Ok(found) => found,
        Err(refusal) => anyhow::bail!("{refusal}"),
    };
    say(&inspection_lines(&found));
    Ok(ExitCode::SUCCESS)
}

fn inspection_lines(found: &Inspection) -> String {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(" ") };
    [
        format!("file          {} ({} bytes)", found.file, found.size),
        format!("sha256        {}", found.sha256),
        format!("target        {}", found.target),
        format!("panic         {}", found.panic),
        format!("built with    plugin API {}, rustc {}, {}", found.api, found.rustc, found.profile),
        format!("initialisers  {}", found.init_array_count),
        format!("libraries     {}", list(&found.needed)),
        format!("libc calls    {}", list(&found.libc_imports)),
        format!("undefined     {}", list(&found.undefined_symbols)),
        "manifest".to_owned(),
        indented(&found.manifest_text),
    ]
    .into_iter()
    .chain(found.graphql.iter().map(|sdl| format!("graphql\n{}", indented(sdl))))
    .chain(found.tables.iter().map(|sql| format!("tables\n{}", indented(sql))))
    .collect::<Vec<_>>()
    .join("\n")
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

async fn reload(server: &ServerArgs) -> anyhow::Result<ExitCode> {
    let staff = Staff::sign_in(server).await?;
    let query = format!("mutation {{ pluginsReload {{ {PLUGINS} userErrors {{ message field }} }} }}");
    let data = staff.send(&query, json!({})).await?;
    say(&plugin_lines(&data["pluginsReload"]["plugins"]));
    Ok(ExitCode::SUCCESS)
}

async fn activate(server: &ServerArgs, channel: &str, mut input: Value) -> anyhow::Result<ExitCode> {
    let staff = Staff::sign_in(server).await?;
    let found = staff.send("query($s: String) { channel(slug: $s) { id } }", json!({ "s": channel })).await?;
    let id = found["channel"]["id"].as_str().with_context(|| format!("there is no channel {channel:?}"))?;
    input["channelId"] = json!(id);
    let query = format!(
        "mutation($i: StrategyActivateInput!) {{ strategyActivate(input: $i) {{ {PLUGINS} userErrors {{ message field }} }} }}"
    );
    let data = staff.send(&query, json!({ "i": input })).await?;
    say(&plugin_lines(&data["strategyActivate"]["plugins"]));
    Ok(ExitCode::SUCCESS)
}

fn plugin_lines(plugins: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |plugin: &Value| {
        if plugin["status"] != "LOADED" {
            return format!("refused  {}", text(&plugin["refusal"]));
        }
        let entry_points = plugin["entryPoints"].as_array().into_iter().flatten();
        let points: Vec<String> = entry_points
            .map(|entry| {
                let channels = entry["activeInChannelIds"].as_array().map_or(0, Vec::len);
                format!("{}={} (active in {channels} channels)", text(&entry["point"]), text(&entry["name"]))
            })
            .collect();
        let refusal = plugin["refusal"].as_str().map(|why| format!("; {why}")).unwrap_or_default();
        format!(
            "loaded   {} {}  {}{refusal}",
            text(&plugin["name"]),
            text(&plugin["version"]),
            points.join(" ")
        )
    };
    plugins.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}
