//! Why a plugin does not run, in one sentence: what, where, why, fix.

use std::fmt;

use crate::load::Library;

/// The step of the loading order at which a plugin was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reading the file, once, up to a limit.
    Read,
    /// Its SHA-256 against the operator's pin.
    Sha256,
    /// Its structure as an ELF library.
    Elf,
    /// The embedded manifest.
    Manifest,
    /// The machine and panic strategy it was built for.
    Target,
    /// The version of the plugin API it needs.
    Api,
    /// Code that would run before any check of ours.
    Initializers,
    /// Mapping it, and comparing the layout of its types.
    Load,
    /// What its code offers against its manifest.
    EntryPoints,
    /// Its name against the plugins loaded before.
    Name,
    /// What it adds to the GraphQL API, against the API and the other plugins.
    Graphql,
    /// Its own tables: the SQL, and what the database says to it.
    Tables,
    /// A configuration against the entry point's schema.
    Config,
    /// The entry point's constructor.
    Construct,
    /// The first questions, with known answers.
    SelfTest,
}

impl Step {
    /// What a plugin's process says under its name; anything else counts as loading.
    pub(crate) fn of_load(name: &str) -> Self {
        let known = [Self::Manifest, Self::EntryPoints];
        known.into_iter().find(|step| step.to_string() == name).unwrap_or(Self::Load)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Read => "read",
            Self::Sha256 => "sha256",
            Self::Elf => "elf",
            Self::Manifest => "manifest",
            Self::Target => "target",
            Self::Api => "api",
            Self::Initializers => "initializers",
            Self::Load => "load",
            Self::EntryPoints => "entry points",
            Self::Name => "name",
            Self::Graphql => "graphql",
            Self::Tables => "tables",
            Self::Config => "config",
            Self::Construct => "construct",
            Self::SelfTest => "self-test",
        })
    }
}

/// The longest sentence that is passed on to people.
pub(crate) const MAX_SENTENCE_BYTES: usize = 1_000;

/// A sentence with a plugin's words in it, up to the length that anybody reads.
pub(crate) fn cut(mut sentence: String) -> String {
    sentence.truncate(sentence.floor_char_boundary(MAX_SENTENCE_BYTES));
    sentence
}

/// A refusal before it is known whose: where, and why with the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) step: Step,
    pub(crate) why: String,
    /// JSON pointer into the configuration, when it is to blame.
    pub(crate) pointer: Option<String>,
}

impl Fault {
    pub(crate) fn new(step: Step, why: impl Into<String>) -> Self {
        Self { step, why: why.into(), pointer: None }
    }
}

/// What is known of a file; more with each step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) file: String,
    /// Empty until read.
    pub(crate) sha256: String,
    /// Empty until the manifest is read, and so are the others.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
}

impl Identity {
    /// What is known of a loaded file.
    pub(crate) fn of(file: &str, library: &Library) -> Self {
        Self {
            file: file.to_owned(),
            sha256: library.sha256.clone(),
            name: library.name().to_owned(),
            version: library.manifest.plugin.version.clone(),
            description: library.manifest.plugin.description.clone(),
        }
    }

    pub(crate) fn refuse(&self, fault: Fault) -> Refusal {
        Refusal {
            file: self.file.clone(),
            plugin: self.name.clone(),
            version: self.version.clone(),
            step: fault.step,
            why: fault.why,
        }
    }
}

/// Why a file was refused. Displays as the one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// The file's name.
    pub file: String,
    /// The plugin's name; empty when the manifest could not be read.
    pub plugin: String,
    /// The plugin's version; empty when the manifest could not be read.
    pub version: String,
    /// Where.
    pub step: Step,
    /// Why, and what to do about it.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, plugin, version, step, why } = self;
        if plugin.is_empty() {
            write!(formatter, "{file} refused at step {step}: {why}")
        } else {
            write!(formatter, "{plugin} {version} ({file}) refused at step {step}: {why}")
        }
    }
}
