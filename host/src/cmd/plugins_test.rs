//! `vectis plugins test`: holds a plugin to what the plugin API promises its hosts.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use vectis_plugin_runtime::{
    Conformance, ConformanceOptions, EntryPointReport, IsolationPolicy, Report, RuntimeOptions,
};

use super::say;
use crate::cli::{IsolationArg, TestArgs};

/// Puts every case to the plugin and prints those in which a promise was broken.
pub(crate) fn test(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let config = serde_json::from_str(&args.config_json).context("--config-json is not JSON")?;
    let conformance = match Conformance::open(&args.file, options_for(args.isolation)) {
        Ok(conformance) => conformance,
        Err(refusal) => bail!("{refusal}"),
    };
    let options = ConformanceOptions {
        entry_point: args.entry_point.clone(),
        config,
        seed: args.seed,
        declared: vectis_graphql::declared_fields,
        ..ConformanceOptions::default()
    };
    let report = conformance.examine(&options);
    if report.entry_points.is_empty() {
        let wanted = args.entry_point.as_deref().unwrap_or("of a point this program knows");
        bail!("{} has no entry point {wanted}", report.file);
    }
    if args.json {
        say(&serde_json::to_string_pretty(&report)?);
    } else {
        say(&lines(&report));
    }
    Ok(if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// As a server would run it that sends every plugin there.
pub(crate) fn options_for(isolation: IsolationArg) -> RuntimeOptions {
    RuntimeOptions { isolation: IsolationPolicy::all(isolation.into()), ..RuntimeOptions::default() }
}

fn lines(report: &Report) -> String {
    let mut lines = vec![format!("{} {} ({})", report.plugin, report.version, report.file)];
    for entry_point in &report.entry_points {
        lines.extend(entry_point.failures().map(ToString::to_string));
        lines.push(summary(entry_point));
    }
    lines.join("\n")
}

fn summary(entry_point: &EntryPointReport) -> String {
    let EntryPointReport { point, name, cases, stopped } = entry_point;
    let failed = entry_point.failures().count();
    let count = cases.len();
    match (stopped, failed) {
        (Some(why), _) => format!("{point} {name}: {failed} of {count} cases failed, and then: {why}"),
        (None, 0) => format!("{point} {name}: all {count} cases passed"),
        (None, _) => format!("{point} {name}: {failed} of {count} cases failed"),
    }
}
