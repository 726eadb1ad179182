//! `plugins dev`: an edit is in the running shop seconds later; one that does not compile leaves the shop alone.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::timeout;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{new_plugin, outside, vectis};

/// The first build makes everything the plugin depends on.
const PATIENCE: Duration = Duration::from_secs(500);

/// What the program says on both of its streams, line by line.
fn said_by(dev: &mut Child, reading: &mut JoinSet<()>) -> UnboundedReceiver<String> {
    let (said, heard) = unbounded_channel();
    let (out, err) = (dev.stdout.take().unwrap(), dev.stderr.take().unwrap());
    reading.spawn(pass_on(out, said.clone()));
    reading.spawn(pass_on(err, said));
    heard
}

async fn pass_on(stream: impl AsyncRead + Unpin, said: UnboundedSender<String>) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = said.send(line);
    }
}

/// The first line with the text.
async fn line_with(heard: &mut UnboundedReceiver<String>, text: &str) -> String {
    let mut before = Vec::new();
    loop {
        let line = timeout(PATIENCE, heard.recv()).await.ok().flatten();
        assert!(line.is_some(), "no {text:?} in {before:#?}");
        let line = line.unwrap_or_default();
        if line.contains(text) {
            return line;
        }
        // Said when a turn failed, after whatever cargo had to say.
        assert!(!line.contains("the shop goes on"), "no {text:?}, but {line:?} after {before:#?}");
        before.push(line);
    }
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} has no {from:?}", file.display());
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// The version of the plugin that runs in the shop.
async fn version(staff: &Client) -> String {
    let answer = staff.send("{ plugins { name version status } }", json!({})).await;
    let plugins = answer.body["data"]["plugins"].as_array().unwrap().clone();
    let plugin = plugins.iter().find(|plugin| plugin["name"] == "acme-dev").unwrap();
    assert_eq!(plugin["status"], "LOADED");
    plugin["version"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_in_the_running_shop_and_one_that_does_not_compile_is_not() {
    let host = TestHost::demo().await;
    let staff = host.staff().await;
    let folder = new_plugin("acme-dev", "pricing");
    let mut command = Command::from(vectis());
    command.args(["plugins", "dev", "--password", PASSWORD, "--url"]);
    command
        .arg(format!("http://{}/graphql", host.address))
        .arg("--plugins")
        .arg(host.plugins.path())
        .arg(&folder);
    command.env("CARGO_TARGET_DIR", outside()).env("CARGO_NET_OFFLINE", "true");
    let mut dev = command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut reading = JoinSet::new();
    let mut heard = said_by(&mut dev, &mut reading);
    line_with(&mut heard, "acme-dev 0.1.0 runs").await;

    let edited = Instant::now();
    edit(&folder.join("plugin.toml"), "version = \"0.1.0\"", "version = \"0.2.0\"");
    let second = line_with(&mut heard, "acme-dev 0.2.0 runs").await;
    println!("{second}; seen {:.1} s after the edit", edited.elapsed().as_secs_f32());
    assert_eq!(version(&staff).await, "0.2.0");

    edit(&folder.join("src/lib.rs"), "Ok(Self(config))", "Ok(Self(nothing))");
    let cargo = line_with(&mut heard, "error[E0425]").await;
    assert!(cargo.contains("nothing"), "{cargo}");
    line_with(&mut heard, "the plugin does not build; the shop goes on with what it has").await;
    assert_eq!(version(&staff).await, "0.2.0");

    edit(&folder.join("src/lib.rs"), "Ok(Self(nothing))", "Ok(Self(config))");
    edit(&folder.join("plugin.toml"), "version = \"0.2.0\"", "version = \"0.3.0\"");
    line_with(&mut heard, "acme-dev 0.3.0 runs").await;
    assert_eq!(version(&staff).await, "0.3.0");
    dev.kill().await.unwrap();
    host.stop().await;
}
