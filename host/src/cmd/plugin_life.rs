//! `vectis plugins install`, `swap`, `rollback`, `disable`, `enable`, `status`, `schedules`: versions of plugins in a running shop, through
//! its API.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::plugins::{PLUGINS, plugin_lines};
use super::say;
use super::staff::Staff;
use crate::cli::ServerArgs;

/// Copies a file, or every file of a folder, into the inbox and installs it from there.
pub(super) async fn install(server: &ServerArgs, inbox: &Path, path: &Path) -> anyhow::Result<ExitCode> {
    let files = plugin_files(path)?;
    let staff = Staff::sign_in(server).await?;
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let name = bring(&file, inbox)?;
        match install_one(&staff, &name).await {
            Ok(line) => say(&line),
            Err(error) => {
                say(&format!("refused    {error:#}"));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The file, or the `.so` files of the folder.
fn plugin_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "so")).collect();
    files.sort();
    if files.is_empty() {
        bail!("{} holds no .so file", path.display());
    }
    Ok(files)
}

/// Copies a file and its signature; the file last and under another name first, so that nobody takes half of it.
fn bring(file: &Path, inbox: &Path) -> anyhow::Result<String> {
    let name = file.file_name().with_context(|| format!("{} has no name", file.display()))?;
    let name = name.to_string_lossy().into_owned();
    let signature = PathBuf::from(format!("{}.minisig", file.display()));
    let copy = |from: &Path, name: &str| {
        let aside = inbox.join(format!(".{name}.new"));
        std::fs::copy(from, &aside).and_then(|_| std::fs::rename(&aside, inbox.join(name)))
    };
    let all = std::fs::create_dir_all(inbox).and_then(|()| {
        if signature.is_file() {
            copy(&signature, &format!("{name}.minisig"))?;
        }
        copy(file, &name)
    });
    all.with_context(|| format!("cannot copy {} into the inbox {}", file.display(), inbox.display()))?;
    Ok(name)
}

async fn install_one(staff: &Staff, file: &str) -> anyhow::Result<String> {
    let query = "mutation($i: PluginInstallInput!) { pluginInstall(input: $i) { \
                 version { version sha256 } isInForce userErrors { message field } } }";
    let data = staff.send(query, json!({ "i": { "file": file } })).await?;
    let installed = &data["pluginInstall"];
    let (version, sha256) = (text(&installed["version"]["version"]), text(&installed["version"]["sha256"]));
    Ok(if installed["isInForce"] == true {
        format!("in force   {file} {version} {sha256}")
    } else {
        format!("installed  {file} {version} {sha256}; vectis plugins swap lets it take over")
    })
}

/// Sends one of the mutations that answer with the list.
pub(super) async fn decide(server: &ServerArgs, mutation: &str, input: Value) -> anyhow::Result<ExitCode> {
    let staff = Staff::sign_in(server).await?;
    let (first, rest) = mutation.split_at(1);
    let query = format!(
        "mutation($i: {}{rest}Input!) {{ {mutation}(input: $i) {{ {PLUGINS} userErrors {{ message field }} }} }}",
        first.to_uppercase()
    );
    let data = staff.send(&query, json!({ "i": input })).await?;
    say(&plugin_lines(&data[mutation]["plugins"]));
    Ok(ExitCode::SUCCESS)
}

/// How all plugins do.
pub(super) async fn status(server: &ServerArgs) -> anyhow::Result<ExitCode> {
    let staff = Staff::sign_in(server).await?;
    let query = "{ pluginsHealth { revision \
                 plugins { plugin { name version file sha256 standing status refusal isolation processes { pids restarts faults memoryKb } } installed { version sha256 } \
                 previous { version } calls { point entryPoint calls errors p50Microseconds p99Microseconds lastError } lastRefusal { at sentence } } \
                 replicas { name revision reportedAt plugins { name version sha256 problem } } } }";
    let data = staff.send(query, Value::Null).await?;
    let health = &data["pluginsHealth"];
    let mut lines = vec![format!("revision {}", health["revision"])];
    lines.extend(items(&health["plugins"]).flat_map(health_lines));
    let told = staff.send(SUBSCRIPTIONS, Value::Null).await;
    // Whoever may see plugins need not see events.
    lines.extend(told.iter().flat_map(|told| items(&told["pluginSubscriptions"])).map(subscription_line));
    lines.push("replicas".to_owned());
    lines.extend(items(&health["replicas"]).flat_map(replica_lines));
    say(&lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// When tasks run, and what came of it.
pub(super) async fn schedules(server: &ServerArgs) -> anyhow::Result<ExitCode> {
    let staff = Staff::sign_in(server).await?;
    let query = "query($after: String) { pluginSchedules(first: 100, after: $after) { pageInfo { hasNextPage endCursor } \
                 nodes { id plugin name timing isActive nextDueAt pausedAt \
                 lastRun { startedAt outcome attempt summary error replica version } } } }";
    let (mut lines, mut after) = (Vec::new(), Value::Null);
    loop {
        let data = staff.send(query, json!({ "after": after })).await?;
        let page = &data["pluginSchedules"];
        lines.extend(items(&page["nodes"]).flat_map(schedule_lines));
        if page["pageInfo"]["hasNextPage"] != true {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    if lines.is_empty() {
        lines.push("no plugin has a schedule".to_owned());
    }
    say(&lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn schedule_lines(schedule: &Value) -> Vec<String> {
    let state = match (schedule["isActive"] == true, schedule["pausedAt"].is_null()) {
        (false, _) => "inactive",
        (true, false) => "paused",
        (true, true) => "active",
    };
    let next = schedule["nextDueAt"].as_str().map(|at| format!("; next {at}")).unwrap_or_default();
    let (plugin, name, timing) = (&schedule["plugin"], &schedule["name"], &schedule["timing"]);
    let mut lines = vec![format!(
        "{state:<11} {}/{} {}{next} {}",
        text(plugin),
        text(name),
        text(timing),
        text(&schedule["id"])
    )];
    let run = &schedule["lastRun"];
    if !run.is_null() {
        let said = run["summary"].as_str().or(run["error"].as_str()).unwrap_or_default();
        lines.push(format!(
            "            {} {} attempt {} of {} in {}: {said}",
            text(&run["startedAt"]),
            text(&run["outcome"]).to_lowercase(),
            run["attempt"],
            text(&run["version"]),
            text(&run["replica"])
        ));
    }
    lines
}

const SUBSCRIPTIONS: &str =
    "{ pluginSubscriptions { plugin name state waitsFor lag deadLetterCount lastFailure } }";

fn subscription_line(told: &Value) -> String {
    let lag = told["lag"].as_f64().map_or_else(|| "?".to_owned(), |lag| lag.to_string());
    let why = [("waits: ", &told["waitsFor"]), ("last failure: ", &told["lastFailure"])];
    let why = why.iter().filter_map(|(what, why)| Some(format!("; {what}{}", why.as_str()?)));
    format!(
        "subscription {} {} {}, {lag} events behind, {} dead letters{}",
        text(&told["plugin"]),
        text(&told["name"]),
        text(&told["state"]).to_lowercase(),
        told["deadLetterCount"],
        why.collect::<String>()
    )
}

fn health_lines(health: &Value) -> Vec<String> {
    let plugin = &health["plugin"];
    let state = text(&plugin["status"]).to_lowercase();
    let mut lines = vec![format!(
        "{state:<11} {} {} {} {} {}",
        text(&plugin["name"]),
        text(&plugin["version"]),
        short(&plugin["sha256"]),
        text(&plugin["standing"]),
        text(&plugin["isolation"]).to_lowercase().replace('_', "-")
    )];
    let processes = &plugin["processes"];
    if let Some(pids) = processes["pids"].as_array() {
        lines.push(format!(
            "            {} processes, {} restarts, {} faults, {} KiB",
            pids.len(),
            processes["restarts"],
            processes["faults"],
            processes["memoryKb"]
        ));
    }
    if let Some(refusal) = plugin["refusal"].as_str() {
        lines.push(format!("            {refusal}"));
    }
    let versions: Vec<String> = items(&health["installed"])
        .map(|version| format!("{} ({})", text(&version["version"]), short(&version["sha256"])))
        .collect();
    if !versions.is_empty() {
        let previous = health["previous"]["version"].as_str();
        let back = previous.map(|version| format!("; rollback goes to {version}")).unwrap_or_default();
        lines.push(format!("            installed {}{back}", versions.join(", ")));
    }
    // A superseded or refused file beside the one that answers has the same name, but no calls of its own.
    let answers = ["loaded", "quarantined"].contains(&state.as_str());
    let calls = items(&health["calls"]).filter(|_| answers);
    lines.extend(calls.map(|calls| {
        let micros =
            |value: &Value| value.as_f64().map_or("-".to_owned(), |micros| format!("{micros:.1} us"));
        let error =
            calls["lastError"].as_str().map(|error| format!("; last error: {error}")).unwrap_or_default();
        format!(
            "            {} {}  {} calls, {} errors, p50 {}, p99 {}{error}",
            text(&calls["point"]),
            text(&calls["entryPoint"]),
            calls["calls"].as_f64().unwrap_or_default(),
            calls["errors"].as_f64().unwrap_or_default(),
            micros(&calls["p50Microseconds"]),
            micros(&calls["p99Microseconds"])
        )
    }));
    let refusal = &health["lastRefusal"];
    if let Some(sentence) = refusal["sentence"].as_str().filter(|_| answers) {
        lines.push(format!("            last refusal {}: {sentence}", text(&refusal["at"])));
    }
    lines
}

fn replica_lines(replica: &Value) -> Vec<String> {
    let head = format!(
        "            {} at revision {}, reported {}",
        text(&replica["name"]),
        replica["revision"],
        text(&replica["reportedAt"])
    );
    let plugin = |plugin: &Value| {
        let running = plugin["version"]
            .as_str()
            .map_or("nothing".to_owned(), |version| format!("{version} ({})", short(&plugin["sha256"])));
        let problem = plugin["problem"].as_str().map(|why| format!("; {why}")).unwrap_or_default();
        format!("              {} {running}{problem}", text(&plugin["name"]))
    };
    std::iter::once(head).chain(items(&replica["plugins"]).map(plugin)).collect()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Enough of a SHA-256 to tell versions apart.
fn short(sha256: &Value) -> &str {
    text(sha256).get(..12).unwrap_or_default()
}
