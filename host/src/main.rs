//! The `vectis` program: reads the command line, does what it says.

use std::process::ExitCode;

use clap::Parser as _;
use vectis::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::PluginProcess) {
        return vectis_plugin_runtime::run_plugin_process();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return vectis::report(&error.into()),
    };
    match runtime.block_on(vectis::run(cli)) {
        Ok(code) => code,
        Err(error) => vectis::report(&error),
    }
}
