//! `vectis plugins dev`: an edit is in the running shop seconds later, or cargo says why not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::process::Command;
use vectis_plugin_runtime::TrustOptions;

use super::plugins::PLUGINS;
use super::staff::Staff;
use super::{say, say_error};
use crate::cli::DevArgs;

/// How often the folder is looked at. Looking works on every file system; notifications do not on mounted ones.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Builds, swaps, waits for the next edit.
pub(crate) async fn dev(args: &DevArgs, plugins: &Path) -> anyhow::Result<ExitCode> {
    loop {
        let seen = sources(&args.folder)?;
        let outcome = turn(args, plugins).await;
        match &outcome {
            Ok(line) => say(line),
            Err(error) => say_error(&format!("{error:#}; the shop goes on with what it has")),
        }
        if args.once {
            return Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        say(&format!("waiting for a change in {}", args.folder.display()));
        while sources(&args.folder)? == seen {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// One build and one swap.
async fn turn(args: &DevArgs, plugins: &Path) -> anyhow::Result<String> {
    let started = Instant::now();
    let library = build(args).await?;
    let built = started.elapsed();
    let found = match vectis_plugin_runtime::inspect(&library, &TrustOptions::default())? {
        Ok(found) => found,
        Err(refusal) => bail!("{refusal}"),
    };
    let name = found.manifest.plugin.name;
    drop_in(&library, plugins, &name)?;
    let staff = Staff::sign_in(&args.server).await?;
    let query = format!("mutation {{ pluginsReload {{ {PLUGINS} userErrors {{ message field }} }} }}");
    let data = staff.send(&query, json!({})).await?;
    let version = swapped(&data["pluginsReload"]["plugins"], &name)?;
    let (built, all) = (built.as_secs_f32(), started.elapsed().as_secs_f32());
    Ok(format!("{name} {version} runs: built in {built:.1} s, in the shop after {all:.1} s"))
}

/// The library that cargo makes. Its messages go where cargo sends them.
async fn build(args: &DevArgs) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--lib", "--message-format=json-render-diagnostics"]);
    if args.release {
        cargo.arg("--release");
    }
    cargo.current_dir(&args.folder).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    // Not `output`, which would take what cargo has to say to people too.
    let output = async { cargo.spawn()?.wait_with_output().await };
    let output = output.await.context("cargo cannot be run; install Rust from https://rustup.rs")?;
    if !output.status.success() {
        bail!("the plugin does not build");
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    // The crate itself is built last.
    let libraries = lines.lines().rev().filter_map(|line| library_in(&serde_json::from_str(line).ok()?));
    let library = libraries.into_iter().next();
    library.context("cargo made no .so; give the plugin crate-type = [\"cdylib\", \"rlib\"]")
}

/// The `.so` that a message of cargo speaks of.
fn library_in(message: &Value) -> Option<PathBuf> {
    let kinds = message["target"]["crate_types"].as_array()?;
    if message["reason"] != "compiler-artifact" || !kinds.iter().any(|kind| kind == "cdylib") {
        return None;
    }
    let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.find(|file| file.ends_with(".so")).map(PathBuf::from)
}

/// Renamed into place, so that the shop never sees half a file.
fn drop_in(library: &Path, plugins: &Path, name: &str) -> anyhow::Result<()> {
    let (half, whole) = (plugins.join(format!(".{name}.so.new")), plugins.join(format!("{name}.so")));
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(plugins)?;
        fs::copy(library, &half)?;
        fs::rename(&half, &whole)
    };
    write().with_context(|| format!("cannot put {} into the plugins folder", whole.display()))
}

/// The version that runs now; refused, the shop's sentence.
fn swapped(plugins: &Value, name: &str) -> anyhow::Result<String> {
    let plugin = plugins.as_array().into_iter().flatten().find(|plugin| plugin["name"] == name);
    let plugin = plugin.context("the shop does not see the plugin; is --plugins its plugins folder?")?;
    if let Some(why) = plugin["refusal"].as_str() {
        bail!("{why}");
    }
    Ok(plugin["version"].as_str().unwrap_or_default().to_owned())
}

/// Every file that a build may depend on, and when it was changed.
fn sources(folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, SystemTime>> {
    let mut found = BTreeMap::new();
    collect(folder, &mut found).with_context(|| format!("cannot look into {}", folder.display()))?;
    Ok(found)
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, SystemTime>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // What cargo writes, and what editors and version control keep to themselves.
        if name == "target" || name == "Cargo.lock" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), found)?;
        } else if let Ok(metadata) = entry.metadata() {
            found.insert(entry.path(), metadata.modified()?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
