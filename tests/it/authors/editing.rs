//! `plugins dev`: an edit is in the running shop seconds later; one that does not compile leaves the shop alone.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader, Lines};
use tokio::process::Command;
use tokio::time::timeout;
use vectis_tests::shop::PASSWORD;
use vectis_tests::{Client, TestHost};

use super::{new_plugin, outside, vectis};

/// The first build makes everything the plugin depends on.
const PATIENCE: Duration = Duration::from_secs(500);

/// The first line with the text.
async fn line_with<R: AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>, text: &str) -> String {
    let mut said = Vec::new();
    let found = timeout(PATIENCE, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(text) {
                return Some(line);
            }
            said.push(line);
        }
        None
    });
    let found = found.await.ok().flatten();
    assert!(found.is_some(), "no line with {text:?} among {said:#?}");
    found.unwrap_or_default()
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
    let mut said = BufReader::new(dev.stdout.take().unwrap()).lines();
    let mut complained = BufReader::new(dev.stderr.take().unwrap()).lines();
    line_with(&mut said, "acme-dev 0.1.0 runs").await;
    line_with(&mut said, "waiting for a change").await;

    let edited = Instant::now();
    edit(&folder.join("plugin.toml"), "version = \"0.1.0\"", "version = \"0.2.0\"");
    let second = line_with(&mut said, "acme-dev 0.2.0 runs").await;
    println!("{second}; seen {:.1} s after the edit", edited.elapsed().as_secs_f32());
    assert_eq!(version(&staff).await, "0.2.0");

    line_with(&mut said, "waiting for a change").await;
    edit(&folder.join("src/lib.rs"), "Ok(Self(config))", "Ok(Self(nothing))");
    let cargo = line_with(&mut complained, "error[E0425]").await;
    assert!(cargo.contains("nothing"), "{cargo}");
    line_with(&mut complained, "the plugin does not build; the shop goes on with what it has").await;
    assert_eq!(version(&staff).await, "0.2.0");

    line_with(&mut said, "waiting for a change").await;
    edit(&folder.join("src/lib.rs"), "Ok(Self(nothing))", "Ok(Self(config))");
    edit(&folder.join("plugin.toml"), "version = \"0.2.0\"", "version = \"0.3.0\"");
    line_with(&mut said, "acme-dev 0.3.0 runs").await;
    assert_eq!(version(&staff).await, "0.3.0");
    dev.kill().await.unwrap();
    host.stop().await;
}
