//! `vectis schema`: the GraphQL schema definition.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::say;
use crate::cli::SchemaArgs;

/// Prints the schema definition, or compares it with a file.
pub fn run(args: &SchemaArgs) -> anyhow::Result<ExitCode> {
    let sdl = vectis_graphql::sdl();
    let Some(file) = &args.check else {
        std::io::stdout().write_all(sdl.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let committed =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    if committed != sdl {
        bail!("{} is not what the code says; run `vectis schema > {}`", file.display(), file.display());
    }
    say("the schema is what the file says");
    Ok(ExitCode::SUCCESS)
}
