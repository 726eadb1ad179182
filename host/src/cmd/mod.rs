//! The commands of the program, one file each. What they print is their answer, so it goes to standard output.

pub mod config;
pub mod doctor;
pub mod import;
pub mod migrate;
mod plugin_life;
pub mod plugins;
mod plugins_bench;
mod plugins_dev;
mod plugins_new;
mod plugins_test;
pub mod replay;
pub mod schema;
pub mod serve;
mod staff;
pub mod staff_create;
pub mod up;

use std::io::Write as _;

/// Prints an answer. A closed pipe is the reader's choice, not our error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error.
pub(crate) fn say_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
