//! `vectis plugins bench`: what a line costs.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use vectis_plugin_runtime::{Conformance, ConformanceOptions, Timings};

use super::plugins_test::options_for;
use super::say;
use crate::cli::{BenchArgs, IsolationArg};

/// Times the entry points and prints one line for each.
pub(crate) fn bench(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let config = serde_json::from_str(&args.config_json).context("--config-json is not JSON")?;
    let conformance = match Conformance::open(&args.file, options_for(args.isolation)) {
        Ok(conformance) => conformance,
        Err(refusal) => bail!("{refusal}"),
    };
    let options = ConformanceOptions {
        entry_point: args.entry_point.clone(),
        config,
        declared: vectis_graphql::declared_fields,
        ..ConformanceOptions::default()
    };
    let mut is_ok = true;
    for (entry_point, timed) in conformance.time(&options) {
        match timed {
            Ok(timings) => say(&line(&entry_point, args.isolation, &timings)),
            Err(why) => {
                is_ok = false;
                say(&format!("{entry_point}: not timed: {why}"));
            }
        }
    }
    Ok(if is_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn line(entry_point: &str, isolation: IsolationArg, timings: &Timings) -> String {
    let place = match isolation {
        IsolationArg::InProcess => "in process",
        IsolationArg::Process => "in a process of its own",
    };
    let of_batches = timings.per_line.iter().map(|(lines, ns)| format!("{lines} lines {ns} ns/line"));
    let of_calls = timings.per_call.iter().map(|ns| format!("{ns} ns a call"));
    let parts: Vec<String> = of_batches.chain(of_calls).collect();
    format!("{entry_point}, {place}: {}", parts.join(", "))
}
