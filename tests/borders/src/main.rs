//! What the borders cost that other platforms extend themselves over: a webhook and a Wasm module, each by turns with the same
//! rule linked into the program. `make bench` builds and runs it; `vectis-borders <window in ms> <warm-up in ms>` prints the
//! samples as JSON.
//!
//! *Owns*: both borders and the question. *Depends on*: `plugin-api` and `tiered-pricing`, as the benchmark beside it.
//! *Invariants*: every answer is what the linked rule says. *Start reading at*: [`question`], then [`webhook`] and [`module`].

mod module;
mod question;
mod turns;
mod webhook;

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use vectis_plugin_api::abi::pricing::price_statically;
use vectis_plugin_api::pricing::{Priced, Pricing};
use vectis_plugin_api::testing::TestHost;
use vectis_tiered_pricing::Tiered;

use crate::module::Module;
use crate::question::Question;
use crate::turns::{Turns, by_turns};
use crate::webhook::Webhook;

#[derive(Serialize)]
struct Figures {
    webhook: Turns,
    wasm: Turns,
    rss_kb: u64,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut ms = || -> Result<Duration> {
        let text = arguments.next().context("usage: vectis-borders <window in ms> <warm-up in ms>")?;
        Ok(Duration::from_millis(text.parse()?))
    };
    let (window, warm_up) = (ms()?, ms()?);
    let question = Question::new();
    let (call, lines) = (question.call(), question.lines());
    let tiered = Tiered::new(serde_json::from_str("{}")?, TestHost::default().handle())?;
    let linked = || Ok(price_statically(&tiered, &call, &lines)?);
    let expected: Vec<Priced> = linked()?;
    let check = |answer: &[Priced]| -> Result<()> {
        ensure!(answer == expected, "another answer than the linked rule's");
        Ok(())
    };

    let webhook = Webhook::start()?;
    let webhook = by_turns(window, warm_up, linked, || webhook.price(&call, &lines), check)?;
    let mut module = Module::load()?;
    let wasm = by_turns(window, warm_up, linked, || module.price(&call, &lines), check)?;
    let figures = Figures { webhook, wasm, rss_kb: rss_kb()? };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(())
}

/// Memory of this process.
fn rss_kb() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the process has memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
