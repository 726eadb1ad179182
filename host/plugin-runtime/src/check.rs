//! `vectis plugins check`: every step of the loading order, for one file, without a shop around it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use vectis_contracts::plugin_fields::JudgeAdditions;

use crate::adapters::rehearse;
use crate::grants::GrantBook;
use crate::load::{Library, Loader};
use crate::manifest::EntryPoint;
use crate::refusal::{Fault, Identity, Step};
use crate::registry::Workshop;
use crate::runtime::RuntimeOptions;
use crate::stats::StatsBook;
use crate::trust::{LockError, Standing, Trust};

/// What became of a file, step by step up to the first refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The file's name.
    pub file: String,
    /// Hex; empty when it could not be read.
    pub sha256: String,
    /// In the manifest; empty when it could not be read.
    pub name: String,
    /// In the manifest; empty when it could not be read.
    pub version: String,
    /// Why it may run; of no meaning when it may not.
    pub standing: Standing,
    /// In the order taken.
    pub steps: Vec<CheckStep>,
}

impl CheckReport {
    /// Whether nothing was refused.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(|step| !matches!(step.outcome, CheckOutcome::Refused(_)))
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStep {
    /// Where.
    pub step: Step,
    /// For steps of a single entry point, `vectis.pricing tiered`; empty for those of the file.
    pub entry_point: String,
    /// How it went.
    pub outcome: CheckOutcome,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// Well, with what was found.
    Passed(String),
    /// Not taken, and why: an entry point that needs a configuration cannot be constructed without one.
    Skipped(String),
    /// The one sentence.
    Refused(String),
}

/// Takes a file through all steps, as a start with these options would. Runs the plugin's code. What it adds to the API is
/// judged as if it were the only one.
pub fn check(path: &Path, options: RuntimeOptions) -> Result<CheckReport, LockError> {
    let RuntimeOptions { trust, isolation, process, log_lines_per_second, .. } = options;
    let loader = Loader::new(Trust::read(&trust)?, isolation, process, log_lines_per_second);
    let workshop = Workshop {
        call_budget: options.call_budget,
        quarantine: options.quarantine,
        fallback: BTreeMap::new(),
        log_lines_per_second,
        clock: options.clock,
        waiting_budget: options.waiting_budget,
        run_budget: options.run_budget,
        services: options.services,
        grants: Arc::new(GrantBook::new(options.grants)),
        stats: StatsBook::new(0),
    };
    let mut known = Identity::default();
    let mut steps = Vec::new();
    let loaded = loader.load(path, &mut known, &mut |step, found| {
        steps.push(CheckStep { step, entry_point: String::new(), outcome: CheckOutcome::Passed(found) });
    });
    match loaded {
        Ok(library) => {
            steps.extend(judgement(&library, options.judge_additions, &known));
            for entry in &library.entry_points {
                steps.extend(rehearsal(&workshop, &library, entry, &known));
            }
        }
        Err(fault) => {
            let step = fault.step;
            let outcome = CheckOutcome::Refused(known.refuse(fault).to_string());
            steps.push(CheckStep { step, entry_point: String::new(), outcome });
        }
    }
    let Identity { file, sha256, name, version, verdict, .. } = known;
    Ok(CheckReport { file, sha256, name, version, standing: verdict.standing, steps })
}

fn judgement(library: &Library, judge: JudgeAdditions, known: &Identity) -> Option<CheckStep> {
    let outcome = match judge(&[], library.added.as_ref()?) {
        Ok(()) => CheckOutcome::Passed("what it adds to the API can be merged".to_owned()),
        Err(why) => CheckOutcome::Refused(known.refuse(Fault::new(Step::Graphql, why)).to_string()),
    };
    Some(CheckStep { step: Step::Graphql, entry_point: String::new(), outcome })
}

/// Constructs an entry point with the empty configuration and asks it the first questions.
fn rehearsal(
    workshop: &Workshop,
    library: &Arc<Library>,
    entry: &EntryPoint,
    known: &Identity,
) -> Vec<CheckStep> {
    let recipe = workshop.recipe(library, entry, &json!({}), "");
    let outcome = recipe.and_then(|recipe| rehearse(entry.point, recipe));
    let entry_point = format!("{} {}", entry.point, entry.name);
    let step = |step, outcome| CheckStep { step, entry_point: entry_point.clone(), outcome };
    let passed = |at| step(at, CheckOutcome::Passed("with an empty configuration".to_owned()));
    match outcome {
        Ok(()) => vec![passed(Step::Config), passed(Step::Construct), passed(Step::SelfTest)],
        Err(Fault { step: Step::Config, why, .. }) => {
            vec![step(Step::Config, CheckOutcome::Skipped(format!("it needs a configuration: {why}")))]
        }
        Err(fault) => {
            let at = fault.step;
            let why = format!("{entry_point}: {}", fault.why);
            vec![step(at, CheckOutcome::Refused(known.refuse(Fault::new(at, why)).to_string()))]
        }
    }
}
