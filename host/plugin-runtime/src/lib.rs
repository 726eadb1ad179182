//! Finds plugins, decides whether they may run, and lets them answer behind the extension points of `contracts`.
//!
//! *Owns*: the plugins folder, the lock file, the installed versions, the loading order, the plugin set in force, the
//! conversion to and from the wire. *Depends on*: `contracts`, `kernel`, `plugin-api`. *Invariants*: nothing of a file runs
//! before its hash, structure, manifest, trust, target and API range have been judged; a file that is to run in processes of
//! its own is never mapped into this one; a mapped library is never unmapped and its descriptor never closed; a plugin set is
//! published whole and never changed afterwards, and a request keeps the one it began with; which version is in force is
//! decided in the database and only followed here; every answer is checked before a module sees it; whatever is wrong with a
//! plugin ends in one sentence, never in the end of the host.
//! *Start reading at*: [`PluginRuntime`] in `runtime.rs`, then `load.rs` for the loading order, `registry.rs` for who
//! answers where, `adapters/pricing.rs` for one call, `process/` for plugins in processes of their own, `life.rs` for the way
//! from one version to the next.

mod adapters;
mod calls;
mod check;
mod commands;
mod compat;
mod config;
mod conformance;
mod contributions;
mod discover;
mod fields;
mod files;
mod follow;
#[cfg(test)]
mod fuzz;
mod grants;
mod host_api;
mod inspect;
mod isolation;
mod life;
mod lifecycle;
mod load;
mod manifest;
mod observers;
mod point;
mod process;
mod refusal;
mod registry;
mod report;
mod runtime;
mod scheduled;
mod shadow;
mod shipping;
mod stats;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod trial;
mod trust;
mod verify;
mod watch;

pub use crate::check::{CheckOutcome, CheckReport, CheckStep, check};
pub use crate::conformance::{
    Case, Conformance, EntryPointReport, Options as ConformanceOptions, Report, Timings,
};
pub use crate::discover::files;
pub use crate::inspect::{Inspection, inspect};
pub use crate::isolation::{Fallback, IsolationPolicy, ProcessOptions, Quarantine};
pub use crate::process::run as run_plugin_process;
pub use crate::refusal::{Refusal, Step};
pub use crate::report::{banner, replica_name};
pub use crate::runtime::{PluginRuntime, RefreshError, RuntimeOptions, StartError};
pub use crate::trust::{
    Grant, Lock, LockEntry, LockError, LockStanding, Revoked, SignatureState, Standing, TrustError,
    TrustOptions, Unsigned, Verdict, lock_file_beside, pin, revoke, trust,
};
