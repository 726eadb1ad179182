//! Isolation by process: the same file, in processes of its own.
//!
//! `fleet.rs` has the processes of one plugin and `supervise.rs` the thread that replaces them; `worker.rs` is one process
//! seen from the host, `runner/` the same seen from within. A question goes flat (`codec/`) through shared memory
//! (`area.rs`), a socket (`link.rs`) wakes the one that sleeps. The host has one side of the memory for writing and the
//! other for reading, copies an answer out before it looks at it, and believes no length in it. `sandbox.rs` is what the
//! process may do.

mod area;
mod bytes;
pub(crate) mod codec;
mod fleet;
#[cfg(test)]
mod fuzz;
mod link;
mod protocol;
mod remote;
mod runner;
mod sandbox;
mod spin;
mod supervise;
#[cfg(test)]
mod tests;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use crate::process::fleet::{Cargo, Fleet, Remote};
pub(crate) use crate::process::protocol::Construct;
pub use crate::process::runner::run;
pub(crate) use crate::process::sandbox::Limits;

/// How the processes of plugins are run.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSettings {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) workers: usize,
    pub(crate) spares: usize,
    /// How long a process may take to load the plugin, or an instance to be constructed in it.
    pub(crate) start_timeout: Duration,
    pub(crate) kill_grace: Duration,
    pub(crate) limits: Limits,
    pub(crate) log_lines_per_second: u32,
}
