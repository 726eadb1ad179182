//! The same rule over the borders that other platforms extend themselves over, measured by the program of `tests/borders`: a Wasm
//! runtime is no part of this workspace.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::measure::{Effort, Samples};
use crate::table::Row;

/// Both beside the linked code, measured by turns in the program.
pub(crate) struct BorderRows {
    pub(crate) webhook: Row,
    pub(crate) wasm: Row,
}

/// What the program prints, in nanoseconds.
#[derive(Deserialize)]
struct Printed {
    webhook: Turns,
    wasm: Turns,
    rss_kb: u64,
}

#[derive(Deserialize)]
struct Turns {
    samples: Vec<u64>,
    floor: Vec<u64>,
}

/// `None` where the program is not built.
pub(crate) async fn price(effort: Effort) -> Result<Option<BorderRows>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/borders/release/vectis-borders");
    if !program.exists() {
        writeln!(std::io::stderr(), "webhook and Wasm are not measured: tests/borders/build builds them")?;
        return Ok(None);
    }
    // The rows of the plugin get a third for each comparison as well.
    let ms = |time: Duration| time.as_millis().to_string();
    let output = Command::new(&program)
        .args([ms(effort.window / 3), ms(effort.warm_up)])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(output.status.success(), "{} ended with {}", program.display(), output.status);
    let printed: Printed = serde_json::from_slice(&output.stdout).context("what tests/borders prints")?;
    let rss_kb = printed.rss_kb;
    let row = |how: &str, turns: Turns| Row {
        floor: Some(samples(turns.floor)),
        ..Row::new(format!("plugin prices 1,000 lines: {how}"), samples(turns.samples), rss_kb)
    };
    Ok(Some(BorderRows {
        webhook: row("for comparison, a JSON webhook on this machine", printed.webhook),
        wasm: row("for comparison, a Wasm module under wasmtime", printed.wasm),
    }))
}

fn samples(nanoseconds: Vec<u64>) -> Samples {
    let mut samples = Samples::default();
    nanoseconds.into_iter().map(Duration::from_nanos).for_each(|took| samples.push(took));
    samples
}
