//! What became of a plugin, case by case.

use std::fmt;

use serde::Serialize;

/// What became of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// In the manifest.
    pub plugin: String,
    /// In the manifest.
    pub version: String,
    /// Hex.
    pub sha256: String,
    /// One for each that was examined.
    pub entry_points: Vec<EntryPointReport>,
}

/// What became of one entry point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryPointReport {
    /// `vectis.pricing`
    pub point: String,
    /// In the manifest.
    pub name: String,
    /// In the order they were put.
    pub cases: Vec<Case>,
    /// Why the cases after the last one were not put.
    pub stopped: Option<String>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What is special about it.
    pub name: String,
    /// The sentence of the plugin API's documentation.
    pub promise: &'static str,
    /// The question in short.
    pub asked: String,
    /// What was found instead; `None` when the promise was kept.
    pub failure: Option<String>,
}

impl Report {
    /// Whether something was examined and every promise was kept.
    pub fn is_ok(&self) -> bool {
        !self.entry_points.is_empty() && self.entry_points.iter().all(EntryPointReport::is_ok)
    }
}

impl EntryPointReport {
    /// Whether every promise was kept.
    pub fn is_ok(&self) -> bool {
        self.stopped.is_none() && self.failures().next().is_none()
    }

    /// The cases in which a promise was broken.
    pub fn failures(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().filter(|case| case.failure.is_some())
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, promise, asked, failure } = self;
        match failure {
            None => write!(formatter, "ok    {name}"),
            Some(found) => write!(
                formatter,
                "FAIL  {name}\n      asked     {asked}\n      promised  {promise}\n      found     {found}"
            ),
        }
    }
}
