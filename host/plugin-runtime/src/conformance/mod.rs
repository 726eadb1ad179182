//! The conformance kit: holds a plugin to what `vectis-plugin-api` promises its hosts, one case at a time, through the real
//! loader and adapters.
//!
//! Every promise is a sentence of the plugin API's documentation, word for word (a test keeps it so). `exam.rs` has the
//! cases that every point shares; each point's folder has its questions, the rules of its answers and the cases of its own.

mod approval;
mod config_cases;
mod dice;
mod exam;
mod fields;
mod observer;
mod order_process;
mod pricing;
mod promise;
mod report;
mod run;
mod services;
mod shipping_rate;
mod stopwatch;
mod subject;
mod task;
mod tax;
#[cfg(test)]
mod tests;
mod timing;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vectis_contracts::plugin_fields::ReadDeclared;

#[cfg(test)]
pub(crate) use self::dice::Dice;
pub use self::report::{Case, EntryPointReport, Report};
pub use self::timing::Timings;
use crate::conformance::run::{Run, watched};
use crate::conformance::subject::Origin;
use crate::load::{Library, Loader};
use crate::manifest::EntryPoint;
use crate::point::Point;
use crate::refusal::{Identity, Refusal};
use crate::runtime::RuntimeOptions;
use crate::trust::Trust;

/// How a plugin is examined.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only this entry point; all of them when `None`.
    pub entry_point: Option<String>,
    /// The configuration of the entry points. Its texts and numbers also go into questions.
    pub config: Value,
    /// Same seed, same random questions.
    pub seed: u64,
    /// How long a case may take before the plugin is given up.
    pub patience: Duration,
    /// Reads what a plugin adds to the API, so that its fields can be asked for.
    pub declared: ReadDeclared,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            entry_point: None,
            config: Value::Object(serde_json::Map::new()),
            seed: 1,
            patience: Duration::from_secs(20),
            declared: |_, _| Ok(Vec::new()),
        }
    }
}

/// A plugin that is loaded to be examined, as often as one likes.
pub struct Conformance {
    known: Identity,
    library: Arc<Library>,
}

impl Conformance {
    /// Takes a file through the loading order, where and how a server with these options would. Runs the plugin's code.
    pub fn open(path: &Path, options: RuntimeOptions) -> Result<Self, Refusal> {
        let RuntimeOptions { isolation, process, log_lines_per_second, .. } = options;
        // An examination asks nobody whether the plugin may run.
        let loader = Loader::new(Trust::default(), isolation, process, log_lines_per_second);
        let mut known = Identity::default();
        match loader.load(path, &mut known, &mut |_, _| {}) {
            Ok(library) => Ok(Self { known, library }),
            Err(fault) => Err(known.refuse(fault)),
        }
    }

    /// Puts every case to the entry points.
    pub fn examine(&self, options: &Options) -> Report {
        Report {
            file: self.known.file.clone(),
            plugin: self.known.name.clone(),
            version: self.known.version.clone(),
            sha256: self.known.sha256.clone(),
            entry_points: self.wanted(options).map(|entry| self.examine_one(entry, options)).collect(),
        }
    }

    /// What the entry points cost, by `vectis.pricing tiered`.
    pub fn time(&self, options: &Options) -> Vec<(String, Result<Timings, String>)> {
        let timed = |entry: &EntryPoint| {
            let (origin, seed) = (self.origin(entry, options), options.seed);
            let timings = match entry.point {
                Point::Pricing => timing::time::<pricing::PricingExam>(&origin, seed),
                Point::Tax => timing::time::<tax::TaxExam>(&origin, seed),
                Point::OrderProcess => timing::time::<order_process::OrderProcessExam>(&origin, seed),
                Point::Approval => timing::time::<approval::ApprovalExam>(&origin, seed),
                Point::Fields => timing::time::<fields::FieldsExam>(&origin, seed),
                Point::ShippingRate => timing::time::<shipping_rate::ShippingRateExam>(&origin, seed),
                Point::Task => timing::time::<task::TaskExam>(&origin, seed),
                Point::Observer => timing::time::<observer::ObserverExam>(&origin, seed),
            };
            (format!("{} {}", entry.point, entry.name), timings)
        };
        self.wanted(options).map(timed).collect()
    }

    fn wanted<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = &'a EntryPoint> {
        let wanted =
            |entry: &&EntryPoint| options.entry_point.as_ref().is_none_or(|name| *name == entry.name);
        self.library.entry_points.iter().filter(wanted)
    }

    fn origin(&self, entry: &EntryPoint, options: &Options) -> Origin {
        Origin {
            library: self.library.clone(),
            entry: entry.clone(),
            config: options.config.clone(),
            declared: options.declared,
        }
    }

    fn examine_one(&self, entry: &EntryPoint, options: &Options) -> EntryPointReport {
        let origin = self.origin(entry, options);
        let (point, seed) = (entry.point, options.seed);
        let outcome = watched(options.patience, move |run| examine(point, &origin, seed, run));
        EntryPointReport {
            point: entry.point.group().to_owned(),
            name: entry.name.clone(),
            cases: outcome.cases,
            stopped: outcome.stopped,
        }
    }
}

fn examine(point: Point, origin: &Origin, seed: u64, run: &Run) {
    match point {
        Point::Pricing => exam::sit::<pricing::PricingExam>(origin, seed, run),
        Point::Tax => exam::sit::<tax::TaxExam>(origin, seed, run),
        Point::OrderProcess => exam::sit::<order_process::OrderProcessExam>(origin, seed, run),
        Point::Approval => exam::sit::<approval::ApprovalExam>(origin, seed, run),
        Point::Fields => exam::sit::<fields::FieldsExam>(origin, seed, run),
        Point::ShippingRate => exam::sit::<shipping_rate::ShippingRateExam>(origin, seed, run),
        Point::Task => exam::sit::<task::TaskExam>(origin, seed, run),
        Point::Observer => exam::sit::<observer::ObserverExam>(origin, seed, run),
    }
}
