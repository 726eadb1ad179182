//! `vectis plugins …`: looking at files needs no shop; what changes a running shop goes through its API.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};
use vectis_contracts::plugins::Isolation;
use vectis_db::PluginSchemas;
use vectis_plugin_runtime::{
    CheckOutcome, CheckReport, Grant, Inspection, LockEntry, Revoked, RuntimeOptions, Standing, banner,
};

use super::plugin_life;
use super::plugins_bench::bench;
use super::plugins_dev::dev;
use super::plugins_new::create;
use super::plugins_test::test;
use super::say;
use super::staff::Staff;
use crate::cli::{ConfigArgs, PluginsCommand, ServerArgs, TrustTerms};
use crate::compose::open_database;
use crate::config::{Config, Plugins, load};

pub(super) const PLUGINS: &str = "plugins { name version file standing isolation status refusal entryPoints { point name activeInChannelIds } }";

/// Runs one of the commands.
pub async fn run(args: &ConfigArgs, command: PluginsCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginsCommand::List => list(&load(args)?.plugins),
        PluginsCommand::Check { file } => check(&file, load(args)?.plugins.trial_options()),
        PluginsCommand::Inspect { file } => inspect(&file, &load(args)?.plugins.runtime_options()),
        PluginsCommand::Trust { target, terms } => trust(&load(args)?.plugins, &target, &terms, false),
        PluginsCommand::Pin { target, terms } => trust(&load(args)?.plugins, &target, &terms, true),
        PluginsCommand::Revoke { target } => revoke(&load(args)?.plugins, &target),
        PluginsCommand::Install { server, path } => {
            let inbox = load(args)?.plugins.runtime_options().inbox;
            plugin_life::install(&server, &inbox, &path).await
        }
        PluginsCommand::Swap { server, plugin, to, confirm } => {
            let input = json!({ "plugin": plugin, "to": to, "confirmDifferences": confirm });
            plugin_life::decide(&server, "pluginSwap", input).await
        }
        PluginsCommand::Rollback { server, plugin } => {
            plugin_life::decide(&server, "pluginRollback", json!({ "plugin": plugin })).await
        }
        PluginsCommand::Disable { server, plugin } => {
            plugin_life::decide(&server, "pluginDisable", json!({ "plugin": plugin })).await
        }
        PluginsCommand::Enable { server, plugin } => {
            plugin_life::decide(&server, "pluginEnable", json!({ "plugin": plugin })).await
        }
        PluginsCommand::Status(server) => plugin_life::status(&server).await,
        PluginsCommand::Schedules(server) => plugin_life::schedules(&server).await,
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
fn list(config: &Plugins) -> anyhow::Result<ExitCode> {
    let folder = &config.folder;
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "so"))
        .collect();
    files.sort();
    if files.is_empty() {
        say(&format!("no plugins in {}", folder.display()));
    }
    let mut unsigned = Vec::new();
    for file in files {
        let report = vectis_plugin_runtime::check(&file, config.trial_options())?;
        let refused = report.steps.iter().find_map(|step| match &step.outcome {
            CheckOutcome::Refused(why) => Some(why.clone()),
            _ => None,
        });
        match refused {
            None => {
                let CheckReport { name, version, file, standing, .. } = &report;
                say(&format!("loads    {name} {version} ({file}), {}", standing.word()));
                if *standing == Standing::Unsigned {
                    unsigned.push(report.name);
                }
            }
            Some(why) => say(&format!("refused  {why}")),
        }
    }
    let unsigned: Vec<&str> = unsigned.iter().map(String::as_str).collect();
    if let Some(banner) = banner(&unsigned) {
        say(&banner);
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path, options: RuntimeOptions) -> anyhow::Result<ExitCode> {
    let report = vectis_plugin_runtime::check(file, options)?;
    say(&check_lines(&report));
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn inspect(file: &Path, options: &RuntimeOptions) -> anyhow::Result<ExitCode> {
    let found = match vectis_plugin_runtime::inspect(file, &options.trust)? {
        Ok(found) => found,
        Err(refusal) => anyhow::bail!("{refusal}"),
    };
    let locked = found.verdict.as_ref().ok().and_then(|verdict| verdict.isolation);
    let isolation = options.isolation.of(&found.manifest.plugin.name, locked);
    say(&inspection_lines(&found, isolation));
    Ok(ExitCode::SUCCESS)
}

fn inspection_lines(found: &Inspection, isolation: Isolation) -> String {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(" ") };
    let either = |state: Result<String, &String>| state.unwrap_or_else(|why| format!("REFUSED: {why}"));
    let capability = |(name, wanted): (&String, &Vec<String>)| format!("{name}={}", wanted.join(","));
    let capabilities: Vec<String> = found.manifest.capabilities.iter().map(capability).collect();
    let entry_points = found.manifest.entry_points.iter();
    let entry_points: Vec<String> = entry_points
        .flat_map(|(point, names)| names.keys().map(move |name| format!("{point}={name}")))
        .collect();
    let told_of =
        found.manifest.subscriptions.iter().map(|told| format!("{}={}", told.name, told.events.join(",")));
    let told_of: Vec<String> = told_of.collect();
    let (initialisers, usual) = (found.init_array_count, found.usual_init_array_count);
    let more = initialisers.saturating_sub(usual);
    [
        format!("file          {} ({} bytes)", found.file, found.size),
        format!("sha256        {}", found.sha256),
        format!("signature     {}", either(found.signature.as_ref().map(ToString::to_string))),
        format!("lock file     {}", found.lock_state),
        format!(
            "may run       {}",
            either(found.verdict.as_ref().map(|may| format!("yes, {}", may.standing.word())))
        ),
        format!("isolation     {}", isolation.word()),
        format!("answers       {}", list(&entry_points)),
        format!("schedules     {}", list(&found.schedules)),
        format!("permissions   {}", list(&found.manifest.permissions.add)),
        format!("capabilities  {}", list(&capabilities)),
        format!("told of       {}", list(&told_of)),
        format!("target        {}", found.target),
        format!("panic         {}", found.panic),
        format!("built with    plugin API {}, rustc {}, {}", found.api, found.rustc, found.profile),
        format!("initialisers  {initialisers} ({more} of its own run before any check)"),
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
    // A stranger's file must not steer the terminal.
    .replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}")
}

fn trust(config: &Plugins, target: &str, terms: &TrustTerms, is_pin: bool) -> anyhow::Result<ExitCode> {
    let isolation = terms.isolation.map(Isolation::from);
    let grant = Grant { isolation, capabilities: terms.grant.clone() };
    let options = config.trust_options();
    let enter = if is_pin { vectis_plugin_runtime::pin } else { vectis_plugin_runtime::trust };
    let LockEntry { name, version, sha256, signer, .. } = enter(&options, &config.folder, target, &grant)?;
    let standing = if is_pin { "pinned " } else { "trusted" };
    let signer = signer.map(|signer| format!(", signed by {signer}")).unwrap_or_default();
    say(&format!("{standing}  {name} {version} {sha256}{signer}"));
    say(&format!(
        "written   {}; a running shop reads it with vectis plugins reload",
        options.lock_file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn revoke(config: &Plugins, target: &str) -> anyhow::Result<ExitCode> {
    let options = config.trust_options();
    let what = match vectis_plugin_runtime::revoke(&options, &config.folder, target)? {
        Revoked::Content(entry) => format!("{} {} {}", entry.name, entry.version, entry.sha256),
        Revoked::Plugin(name) => format!("every version of {name}"),
    };
    say(&format!("revoked   {what}"));
    say(&format!(
        "written   {}; a running shop reads it with vectis plugins reload",
        options.lock_file.display()
    ));
    Ok(ExitCode::SUCCESS)
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

pub(super) fn plugin_lines(plugins: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |plugin: &Value| {
        if plugin["status"] != "LOADED" && plugin["status"] != "QUARANTINED" {
            return format!("{:<8} {}", text(&plugin["status"]).to_lowercase(), text(&plugin["refusal"]));
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
            "{:<8} {} {} ({}, {})  {}{refusal}",
            text(&plugin["status"]).to_lowercase(),
            text(&plugin["name"]),
            text(&plugin["version"]),
            text(&plugin["standing"]),
            text(&plugin["isolation"]).to_lowercase().replace('_', "-"),
            points.join(" ")
        )
    };
    plugins.as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n")
}
